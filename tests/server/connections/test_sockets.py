"""Sockets: protocols told apart, slow readers, slow greetings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from floruntime.core.framing import PREAMBLE, frame
from floruntime.core.kv import KvGet, KvMget, KvPut
from floruntime.core.system import Hello
from floruntime.core.wire import encode_request
from floruntime.server import limits
from floruntime.server.connections.port import PROTOCOLS
from tests.server.connections.fake_socket import FakeTransport, connected
from tests.server.wire_client import Rig

WAIT_S = 10.0


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    logging.disable(logging.CRITICAL)
    async with Rig(outbox_bytes_max=3_000_000) as rig:
        yield rig
    logging.disable(logging.NOTSET)


async def test_a_slow_reader_is_read_no_further_until_it_has_caught_up(rig: Rig) -> None:
    rig.client("writer").send(KvPut("k", b"x" * 900_000))
    await rig.settle()
    connection, transport = connected(rig)
    connection.data_received(PREAMBLE + frame(encode_request(1, "default", 0, Hello("1", "slow"))))
    for number in (2, 3):
        connection.data_received(frame(encode_request(number, "default", 0, KvGet("k"))))
    assert transport.calls == ["pause_reading"]
    transport.held.clear()
    connection.resume_writing()
    assert transport.calls == ["pause_reading", "resume_reading"]


async def test_one_that_reads_nothing_is_closed_when_too_much_lies_unread(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.client("writer").send(KvPut("k", b"x" * 900_000))
    await rig.settle()
    before = rig.server.info().connections
    waits: list[tuple[float, Any]] = []
    loop = asyncio.get_running_loop()

    def call_later(seconds: float, check: Any, *given: Any) -> FakeTransport:
        waits.append((seconds, partial(check, *given)))
        return FakeTransport()

    monkeypatch.setattr(loop, "call_later", call_later)
    connection, transport = connected(rig)
    waits.clear()
    connection.data_received(PREAMBLE + frame(encode_request(1, "default", 0, Hello("1", "stuck"))))
    connection.data_received(frame(encode_request(2, "default", 0, KvMget(["k"] * 5))))
    [(seconds, check)] = waits
    assert seconds == limits.READER_STUCK_MS / 1000
    del transport.held[:1]  # slow is not stuck
    check()
    assert "abort" not in transport.calls
    waits[-1][1]()
    assert "abort" in transport.calls
    assert rig.server.info().connections == before
    connection.connection_lost(None)
    assert rig.server.load.held_bytes == 0
    monkeypatch.undo()


async def test_one_that_does_not_greet_in_time_is_closed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[tuple[float, Any]] = []
    loop = asyncio.get_running_loop()

    def call_later(seconds: float, check: Any) -> FakeTransport:
        waits.append((seconds, check))
        return FakeTransport()

    with monkeypatch.context() as patched:
        patched.setattr(loop, "call_later", call_later)
        silent, silent_transport = connected(rig)
        greeted, greeted_transport = connected(rig)
    greeted.data_received(PREAMBLE + frame(encode_request(1, "default", 0, Hello("1", "me"))))
    silent.data_received(PREAMBLE)
    assert [seconds for seconds, _ in waits] == [limits.HANDSHAKE_MS_MAX / 1000] * 2
    for _, check in waits:
        check()
    assert silent_transport.calls == ["close"]
    assert greeted_transport.calls == []


@pytest.mark.parametrize(
    ("start", "told"),
    [
        *((start, "neither Flo nor HTTP") for start in (b"FLO\x01", b"\x00", b"POST / ")),
        *((start, "neither Flo nor HTTP") for start in (b"GETX", b"FLO\n")),
        (b"\x16\x03\x01", "TLS handshake"),
    ],
)
async def test_what_begins_like_no_protocol_is_closed(
    rig: Rig, start: bytes, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.disable(logging.NOTSET)
    connection, transport = connected(rig)
    for place in range(len(start)):
        connection.data_received(start[place : place + 1])
    assert transport.calls == ["close"]
    assert transport.held == b""
    assert told in caplog.text
    connection.data_received(PREAMBLE)
    connection.connection_lost(None)
    assert rig.server.info().connections == 0


@pytest.mark.parametrize(("start", "speaker"), PROTOCOLS)
async def test_a_protocol_is_known_by_its_first_bytes_in_whatever_pieces(
    rig: Rig, start: bytes, speaker: type[object]
) -> None:
    connection, transport = connected(rig)
    for place in range(len(start)):
        assert connection._speaker is None
        connection.data_received(start[place : place + 1])
    assert isinstance(connection._speaker, speaker)
    assert transport.calls == []
    connection.connection_lost(None)


async def test_one_that_says_nothing_in_time_is_closed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    waits: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(loop, "call_later", lambda seconds, check: waits.append(check))
        _, transport = connected(rig)
    waits[0]()
    assert transport.calls == ["close"]


async def test_an_end_told_to_a_peer_that_is_gone(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncio tells of a reset when it next reads; a write finds it before."""
    connection, transport = connected(rig)

    def gone() -> None:
        raise OSError(107, "Transport endpoint is not connected")

    monkeypatch.setattr(transport, "write_eof", gone, raising=False)
    connection.write_eof()
    assert transport.calls == ["abort"]


async def test_a_large_answer_goes_out_before_the_end(rig: Rig) -> None:
    rig.client("writer").send(KvPut("k", b"x" * 900_000))
    await rig.settle()
    connection, transport = connected(rig)
    connection.data_received(PREAMBLE + frame(encode_request(1, "default", 0, Hello("1", "me"))))
    connection.data_received(frame(encode_request(2, "default", 0, KvMget(["k"] * 2))))
    taken = len(transport.take())
    connection.write_eof()
    connection.close()
    assert "close" not in transport.calls
    for _ in range(20):
        taken += len(transport.take())
        connection.resume_writing()
        await asyncio.sleep(0)
    assert taken > 1_800_000
    assert transport.calls[-2:] == ["write_eof", "close"]
    connection.connection_lost(None)
    assert rig.server.answers.held_bytes == 0
