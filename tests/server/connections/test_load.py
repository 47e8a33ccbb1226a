"""What all connections together may hold: unfinished frames, and answers that lie unread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from floruntime.core.errors import OverloadedError
from floruntime.core.framing import LENGTH
from floruntime.core.kv import KvGet, KvMget, KvPut, PutResult
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from floruntime.core.stream import StreamRead
from floruntime.core.system import Ping
from floruntime.server import limits
from floruntime.server.connections.load import AnswersLoad
from tests.server.connections.fake_socket import FakeTransport
from tests.server.connections.tcp_peer import TcpPeer
from tests.server.connections.web_peer import WebPeer
from tests.server.wire_client import Rig
from tests.until import until

pytestmark = pytest.mark.usefixtures("quiet")
LARGE = 900_000


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with Rig(answers_bytes_max=3_000_000, pending_bytes_max=2_000_000) as rig:
        rig.client("writer").send(KvPut("k", b"x" * LARGE))
        await rig.settle()
        yield rig


# Answers of one connection


def deaf(rig: Rig, session: str) -> TcpPeer:
    """A peer that reads nothing from now on."""
    peer = TcpPeer(rig, session)
    peer.take = lambda: None  # type: ignore[method-assign]  # it reads nothing
    return peer


async def test_no_request_is_begun_while_answers_lie_unread(rig: Rig) -> None:
    peer = deaf(rig, "me")
    peer.raw(b"".join(peer.frame(KvGet("k")) for _ in range(20)))
    assert len(peer.transport.held) < 3 * LARGE
    assert not peer.connection.is_reading
    held = bytes(peer.transport.take())
    peer.connection.resume_writing()
    await rig.turns(20)
    assert len(held) + len(peer.transport.held) > 2 * LARGE, "then it goes on"
    peer.connection.connection_lost(None)
    assert rig.server.answers.held_bytes == 0


async def test_a_page_is_bounded_likewise(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    peer.take = lambda: None  # type: ignore[method-assign]  # it reads nothing
    for id in range(2, 22):
        peer.send(KvGet("k"), id)
    assert len(peer.transport.held) < 3 * LARGE
    assert not peer.connection.is_reading


async def test_deliveries_count_before_they_are_durable(rig: Rig) -> None:
    client = rig.client("worker")
    for _ in range(6):
        client.send(QueueEnqueue("q", [b"x" * LARGE]))
        await rig.settle()
    rig.storage.hold()
    client.raw(*(client.body(QueueDequeue("q", 1)) for _ in range(6)))
    await until(lambda: rig.server.answers.held_bytes > LARGE)
    assert client.conversation.in_flight < 4
    rig.storage.release()
    await until(lambda: len(client.answers) == 1 + 6 + 6)
    assert all(answer.error is None for answer in client.answers)
    assert rig.server.answers.held_bytes == 0


# Answers of all


async def full(rig: Rig) -> list[TcpPeer]:
    """Peers whose unread answers use up what there may be."""
    peers = [deaf(rig, f"deaf {number}") for number in range(4)]
    for peer in peers:
        peer.raw(peer.frame(KvGet("k")))
    assert rig.server.answers.room_bytes == 0
    return peers


async def test_beyond_the_bound_of_all_what_may_answer_much_is_refused(rig: Rig) -> None:
    peers = await full(rig)
    client = rig.client("me")
    for request in (KvGet("k"), KvMget(["k"]), StreamRead("s"), QueueDequeue("q")):
        refused = client.error(client.send(request))
        assert isinstance(refused, OverloadedError)
        assert refused.ran == "no"
    assert client.result(client.send(Ping())) is None
    put = client.send(KvPut("l", b"1"))
    await rig.settle()
    assert client.result(put) == PutResult(2)
    for peer in peers:
        peer.transport.take()
    rig.server.answers.now_s = lambda: 1e9
    assert client.result(client.send(KvGet("l"))) == b"1", "counted anew where it matters"


async def test_an_mget_is_refused_before_its_values_are_held(rig: Rig) -> None:
    client = rig.client("me")
    refused = client.error(client.send(KvMget(["k"] * 4)))
    assert isinstance(refused, OverloadedError)
    assert len(client.result(client.send(KvMget(["k"] * 3)))) == 3


async def test_who_takes_next_to_nothing_is_cut_where_the_unread_answers_of_all_are_many(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[tuple[float, Any]] = []

    def call_later(seconds: float, do: Any, *given: Any) -> FakeTransport:
        waits.append((seconds, partial(do, *given)))
        return FakeTransport()

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.get_running_loop(), "call_later", call_later)
        peers = await full(rig)
        for _, check in [wait for wait in waits if wait[0] == limits.READER_STUCK_MS / 1000]:
            check()
    cut = [peer for peer in peers if "abort" in peer.transport.calls]
    assert cut


def test_it_is_counted_anew_now_and_then_only() -> None:
    now_s = [1.0]
    answers = AnswersLoad(100, lambda: now_s[0])

    class Holder:
        counts = 0

        def recount(self) -> None:
            self.counts += 1

    holder = Holder()
    answers.holders[holder] = None
    answers.held_bytes = 100
    assert [answers.room_bytes for _ in range(5)] == [0] * 5
    assert holder.counts == 1
    now_s[0] += limits.RECOUNT_S
    assert answers.room_bytes == 0
    assert holder.counts == 2


# Frames that are not complete


async def test_unfinished_frames_get_half_of_what_there_is(rig: Rig) -> None:
    first, second = TcpPeer(rig, "a"), TcpPeer(rig, "b")
    first.raw(LENGTH.pack(4_000_000) + b"x" * 800_000)
    second.raw(LENGTH.pack(4_000_000) + b"x" * 150_000)
    assert rig.server.load.unfinished_bytes > 950_000
    assert not first.is_closed
    second.raw(b"x" * 100_000)
    assert second.is_closed
    assert not first.is_closed
    other = rig.client("me")
    assert other.result(other.send(KvGet("k"))) is not None
    first.connection.connection_lost(None)
    assert rig.server.load.unfinished_bytes == 0


async def test_so_do_messages_of_pages(rig: Rig) -> None:
    peers = [WebPeer(rig) for _ in range(3)]
    for peer in peers:
        peer.greet(f"page {id(peer)}")
        peer.protocol.send_binary(b"x" * 500_000)
        [data] = peer.protocol.data_to_send()
        peer.raw(data[:-100])
    closed = [peer.closed for peer in peers]
    assert closed[:2] == [None, None]
    assert closed[2] is not None
    assert closed[2].code == 1013
    for peer in peers:
        peer.connection.connection_lost(None)
    assert rig.server.load.unfinished_bytes == 0


async def test_a_frame_of_which_nothing_more_comes_ends_its_connection(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = TcpPeer(rig, "me")
    waits: list[tuple[float, Any]] = []

    def call_later(seconds: float, do: Any, *given: Any) -> FakeTransport:
        waits.append((seconds, partial(do, *given)))
        return FakeTransport()

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.get_running_loop(), "call_later", call_later)
        peer.raw(LENGTH.pack(4_000_000) + b"x" * 1_000)
        assert [seconds for seconds, _ in waits] == [limits.FRAME_STUCK_MS / 1000]
        peer.raw(b"x")
        waits.pop()[1]()
        assert not peer.is_closed
        waits.pop()[1]()
        assert peer.is_closed
    assert rig.server.load.unfinished_bytes == 0
