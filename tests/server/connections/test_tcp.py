"""Flo's own framing: the preamble, lengths in any pieces, and what is held of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from floruntime.core import limits as core_limits
from floruntime.core.framing import LENGTH, PREAMBLE, frame
from floruntime.core.kv import KvGet, KvPut
from floruntime.core.system import Hello, Ping
from floruntime.server import limits
from tests.server.connections.tcp_peer import TcpPeer
from tests.server.wire_client import Rig

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with Rig() as rig:
        yield rig


async def test_the_preamble_comes_first_in_whatever_pieces(rig: Rig) -> None:
    peer = TcpPeer(rig)
    data = PREAMBLE + peer.frame(Hello("1", "me")) + peer.frame(Ping())
    for place in range(len(data)):
        peer.raw(data[place : place + 1])
    assert [answer.id for answer in peer.answers] == [1, 2]


@pytest.mark.parametrize("data", [b"HELO", b"FLO\x01", b"F\x00", b"\x00" * 100])
async def test_anything_else_closes_the_connection(rig: Rig, data: bytes) -> None:
    peer = TcpPeer(rig)
    peer.raw(data)
    assert peer.is_closed
    assert peer.answers == []


async def test_answers_of_one_piece_of_input_are_written_together(rig: Rig) -> None:
    peer = TcpPeer(rig, "me")
    before = peer.transport.writes
    peer.raw(b"".join(peer.frame(KvGet(f"k{number}")) for number in range(10)))
    assert peer.transport.writes - before == 1
    assert [answer.id for answer in peer.answers] == list(range(1, 12))


async def test_little_is_held_for_one_that_has_not_said_its_hello(rig: Rig) -> None:
    peer = TcpPeer(rig)
    peer.raw(PREAMBLE + LENGTH.pack(4 * core_limits.MIB))
    peer.raw(b"x" * (limits.HELLO_BYTES_MAX - LENGTH.size))
    assert not peer.is_closed
    peer.raw(b"x")
    assert peer.is_closed


async def test_a_frame_that_claims_4_gib_closes_only_this_connection(rig: Rig) -> None:
    peer, other = TcpPeer(rig, "me"), TcpPeer(rig, "other")
    peer.send(KvPut("k", b""))
    peer.raw(LENGTH.pack(2**32 - 1) + b"x" * 100)
    assert peer.is_closed
    await rig.settle()
    assert len(peer.answers) == 1, "the welcome"
    assert other.result(other.send(KvGet("k"))) == b""


async def test_the_largest_frame_is_taken_and_one_past_it_closes_the_connection(rig: Rig) -> None:
    peer = TcpPeer(rig, "me")
    largest = rig.server.frame_bytes_max
    peer.raw(LENGTH.pack(largest) + b"\xc1" * (largest - 1))
    assert not peer.is_closed
    peer = TcpPeer(rig, "you")
    peer.raw(LENGTH.pack(largest + 1))
    assert peer.is_closed


async def test_answers_before_a_lost_framing_are_sent(rig: Rig) -> None:
    peer = TcpPeer(rig, "me")
    peer.raw(peer.frame(Ping()) + LENGTH.pack(2**31))
    assert peer.is_closed
    assert peer.result(2) is None


async def test_what_follows_the_end_is_passed_over(rig: Rig) -> None:
    peer = TcpPeer(rig, "me")
    peer.raw(frame(b"\xc1") + peer.frame(KvPut("k", b"")))
    assert peer.is_closed
    peer.raw(peer.frame(KvPut("k", b"")))
    await rig.settle()
    assert rig.storage.writes == 0


async def test_nothing_is_held_of_an_unfinished_frame_once_the_connection_is_gone(rig: Rig) -> None:
    peer = TcpPeer(rig, "me")
    peer.raw(LENGTH.pack(1_000_000) + b"x" * 1_000)
    reader = peer.connection._speaker._reader  # type: ignore[union-attr] # TCP's
    assert reader.held_bytes == 1_004
    peer.connection.connection_lost(None)
    assert peer.connection._speaker._reader is not reader  # type: ignore[union-attr] # TCP's
