"""A gateway and a leader over one connection: large requests and answers hold up nobody else's."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from floruntime.core.kv import KvGet, KvPut
from floruntime.core.types import Request
from floruntime.core.wire import decode_envelope, encode_request
from floruntime.server.cluster.peers import messages
from floruntime.server.cluster.peers.lanes import AT_ONCE_BYTES, PIECE_BYTES
from floruntime.server.cluster.peers.link import _PeerSocket
from floruntime.server.cluster.peers.remote_caller import RemoteCaller
from floruntime.server.cluster.peers.speaker import PeerSpeaker
from floruntime.server.connections.load import AnswersLoad
from floruntime.server.connections.turns import Turns

SECRET = b"secret"
MEGABYTE = 1_000_000
FLOOD, MODEST = 1, 2
OLDER = ("gateway", "leader", "none")
"""Which end is of a version that does not know pieces."""


class Way:
    """One direction: what was written and not yet taken. It takes so much before it is full."""

    def __init__(self, high_bytes: int = 256 * 1024) -> None:
        self.high_bytes = high_bytes
        self.waiting: deque[bytes] = deque()
        self.is_full = False
        self.passed_bytes = 0
        self.take: Any = None
        self.on_full: Any = lambda is_full: None
        #: Makes another message of one, as an older version would have said it.
        self.said_by: Any = None

    def write(self, data: Any) -> None:
        self.waiting.append(bytes(data))
        self._look()

    def _look(self) -> None:
        is_full = sum(map(len, self.waiting)) > self.high_bytes
        if is_full is not self.is_full:
            self.is_full = is_full
            self.on_full(is_full)

    def pass_one(self) -> None:
        """One thing that was written arrives."""
        data = self.waiting.popleft()
        self.passed_bytes += len(data)
        self._look()
        self.take(data)

    @property
    def transport(self) -> Any:
        return SimpleNamespace(
            write=self.write,
            abort=lambda: None,
            set_write_buffer_limits=lambda high: None,
            get_extra_info=lambda name: None,
        )


class Pair:
    """Both ends. `asked` and `answered`: by caller, what has arrived there."""

    cluster_id, secret = "cluster", SECRET

    def __init__(self, older: str = "none") -> None:
        self.there, self.back = Way(), Way()
        self.asked: list[tuple[int, Request[Any]]] = []
        self.answered_bodies: list[tuple[int, int, bytes]] = []
        self.in_pieces = 0
        self.known = {FLOOD, MODEST}
        self.ended: list[int] = []
        self.load = AnswersLoad(1 << 30)
        owner: Any = SimpleNamespace(
            cluster_id="cluster",
            name="gateway",
            secret=SECRET,
            has_caller=self.known.__contains__,
            answered=lambda *answer: self.answered_bodies.append(answer),
            answered_in_pieces=self._answered_in_pieces,
            flush=lambda caller: None,
            lead_ended=lambda link, partition: self.ended.append(partition),
        )
        link: Any = SimpleNamespace(node="leader", address="leader:9000")
        self.gateway = _PeerSocket(owner, link, 64 * MEGABYTE)
        host: Any = SimpleNamespace(
            cluster_id="cluster", name="leader", secret=SECRET, speakers={}, leads=list
        )
        socket: Any = SimpleNamespace(
            write=self.back.write, close=lambda: None, transport=self.back.transport
        )
        self.leader = PeerSpeaker(host, socket, 16 * MEGABYTE, Turns(), self.load)
        self.leader.do = self._do  # type: ignore[method-assign]  # it is not asked to lead
        self.there.take, self.back.take = self.leader.receive_data, self.gateway.data_received
        self.there.on_full = self._gateway_is_full
        self.back.on_full = socket.on_pause
        assert socket.is_shared
        self.gateway.connection_made(self.there.transport)
        self._meet(older)

    def _meet(self, older: str) -> None:
        while self.there.waiting or self.back.waiting:
            if self.there.waiting:
                self.there.pass_one()
            if self.back.waiting:
                self.back.pass_one()
        assert self.leader.is_welcome
        assert self.leader._knows_pieces
        assert self.gateway._knows_pieces
        if older == "gateway":
            self.leader._knows_pieces = False
        if older == "leader":
            self.gateway._knows_pieces = False

    def _gateway_is_full(self, is_full: bool) -> None:
        (self.gateway.pause_writing if is_full else self.gateway.resume_writing)()

    def _answered_in_pieces(self, caller: int, request_id: int, pieces: list[bytes]) -> None:
        self.in_pieces += 1
        self.answered_bodies.append((caller, request_id, b"".join(pieces)))

    def _do(self, caller: RemoteCaller, message: Any) -> None:
        self.asked.append((caller.number, decode_envelope(message.body).request))

    def ask(self, caller: int, request: Request[Any]) -> None:
        body = encode_request(1, "default", 0, request)
        self.gateway.send(messages.Ask(caller, f"client {caller}", 1, body))

    def answer(self, caller: int, body: bytes) -> None:
        self.leader.send_large(caller, 1, [body])

    async def all(self, way: Way) -> None:
        """Everything arrives."""
        for _ in range(5):
            while way.waiting:
                way.pass_one()
                await asyncio.sleep(0)
            await asyncio.sleep(0)


def put(size_bytes: int) -> KvPut:
    return KvPut("key", b"v" * size_bytes)


@pytest.mark.parametrize("older", OLDER)
async def test_large_requests_and_answers_arrive_whole(older: str) -> None:
    pair = Pair(older)
    pair.ask(FLOOD, put(3 * MEGABYTE))
    pair.ask(FLOOD, KvGet("a"))
    pair.ask(MODEST, put(PIECE_BYTES + 1))
    await pair.all(pair.there)
    asked = [request for caller, request in pair.asked if caller == FLOOD]
    assert asked == [put(3 * MEGABYTE), KvGet("a")]
    assert (MODEST, put(PIECE_BYTES + 1)) in pair.asked
    pair.answer(FLOOD, b"x" * 3 * MEGABYTE)
    pair.answer(MODEST, b"y" * MEGABYTE)
    await pair.all(pair.back)
    assert sorted(pair.answered_bodies) == [
        (FLOOD, 1, b"x" * 3 * MEGABYTE),
        (MODEST, 1, b"y" * MEGABYTE),
    ]
    assert pair.in_pieces == (0 if older == "gateway" else 2)
    assert pair.load.held_bytes == 0


@pytest.mark.parametrize("older", OLDER)
async def test_a_little_request_does_not_wait_for_anothers_megabytes(older: str) -> None:
    pair = Pair(older)
    for _ in range(16):
        pair.ask(FLOOD, put(MEGABYTE))
    pair.ask(MODEST, KvGet("k"))
    before_bytes = pair.there.passed_bytes
    while (MODEST, KvGet("k")) not in pair.asked:
        pair.there.pass_one()
        await asyncio.sleep(0)
    passed_bytes = pair.there.passed_bytes - before_bytes
    one_frame = MEGABYTE if older == "leader" else PIECE_BYTES
    assert passed_bytes <= pair.there.high_bytes + 2 * one_frame + AT_ONCE_BYTES


async def test_a_little_answer_does_not_wait_for_anothers_megabytes() -> None:
    pair = Pair()
    pair.answer(FLOOD, b"x" * 32 * MEGABYTE)
    pair.leader.send(messages.Answers(MODEST, [(7, b"little")]))
    before_bytes = pair.back.passed_bytes
    while (MODEST, 7, b"little") not in pair.answered_bodies:
        pair.back.pass_one()
        await asyncio.sleep(0)
    assert pair.back.passed_bytes - before_bytes <= pair.back.high_bytes + 2 * PIECE_BYTES


async def test_who_has_much_waiting_begins_nothing_more_until_it_was_taken() -> None:
    pair = Pair()
    pair.ask(FLOOD, KvGet("a"))
    await pair.all(pair.there)
    [caller] = pair.leader._callers.values()
    caller.add_answer(1, b"x" * 8 * MEGABYTE, None)
    caller.flush()
    pair.ask(FLOOD, KvGet("b"))
    pair.ask(MODEST, KvGet("c"))
    await pair.all(pair.there)
    assert pair.asked == [(FLOOD, KvGet("a")), (MODEST, KvGet("c"))]
    await pair.all(pair.back)
    assert pair.asked[2:] == [(FLOOD, KvGet("b"))]


async def test_nothing_more_is_done_for_one_who_is_gone_though_there_is_room_then() -> None:
    pair = Pair()
    pair.ask(FLOOD, KvGet("a"))
    await pair.all(pair.there)
    [caller] = pair.leader._callers.values()
    caller.add_answer(1, b"x" * 8 * MEGABYTE, None)
    caller.flush()
    pair.ask(FLOOD, KvGet("b"))
    pair.gateway.send(messages.Gone(FLOOD))
    await pair.all(pair.there)
    await pair.all(pair.back)
    assert pair.asked == [(FLOOD, KvGet("a"))]


async def test_what_was_answered_comes_before_the_word_that_the_lead_has_ended() -> None:
    pair = Pair()
    pair.answer(FLOOD, b"x" * 8 * MEGABYTE)
    pair.leader.lead_ended(3)
    while not pair.ended:
        pair.back.pass_one()
        await asyncio.sleep(0)
    assert [(caller, len(body)) for caller, _, body in pair.answered_bodies] == [
        (FLOOD, 8 * MEGABYTE)
    ]


async def test_of_a_connection_that_breaks_no_half_request_is_done() -> None:
    pair = Pair()
    pair.ask(FLOOD, put(MEGABYTE))
    for _ in range(3):
        pair.there.pass_one()
    pair.leader.connection_lost()
    pair.gateway.connection_lost(None)
    await pair.all(pair.there)
    assert pair.asked == []
    assert pair.gateway._lanes._lanes == {}


async def test_of_one_who_is_gone_no_half_request_is_done_and_nothing_is_kept() -> None:
    pair = Pair()
    pair.ask(FLOOD, put(MEGABYTE))
    pair.there.pass_one()
    pair.gateway.send(messages.Gone(FLOOD))
    await pair.all(pair.there)
    assert pair.asked == []
    assert pair.leader._begun._pieces == {}
    assert pair.leader._callers == {}


async def test_what_comes_for_one_who_is_gone_is_not_kept() -> None:
    pair = Pair()
    pair.answer(FLOOD, b"x" * 8 * MEGABYTE)
    pair.back.pass_one()
    pair.known.discard(FLOOD)
    pair.gateway.send(messages.Gone(FLOOD))
    for _ in range(3):
        pair.back.pass_one()
    assert pair.gateway._begun._pieces == {}
    await pair.all(pair.there)
    await pair.all(pair.back)
    assert pair.load.held_bytes == 0
    assert pair.back.passed_bytes < 2 * MEGABYTE, "the rest was not sent"


async def test_a_body_that_is_too_large_ends_the_connection() -> None:
    pair = Pair()
    piece = messages.Begun(FLOOD, b"x" * MEGABYTE)
    for _ in range(18):
        pair.gateway.send(piece)
    await pair.all(pair.there)
    assert not pair.leader._begun._pieces
    assert pair.leader._is_closed


class OldMeet(messages.PeerMessage, tag=0, frozen=True):
    """As it was before there were pieces."""

    cluster_id: str
    node: str
    nonce: bytes


def test_older_nodes_understand_how_newer_ones_meet_them_and_the_other_way_round() -> None:
    old, new = OldMeet("c", "n", b"x"), messages.Meet("c", "n", b"x", True)
    assert msgspec.msgpack.decode(messages.encode(new), type=OldMeet) == old
    assert messages.decode(messages.encode(old)) == messages.Meet("c", "n", b"x", False)
    assert messages.Met("n", b"x", b"p").knows_pieces is False
