"""Requests go to whoever leads, and to the next leader where that cannot do harm."""

from __future__ import annotations

import asyncio
import math
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from floruntime.core.errors import FloError, UnavailableError
from floruntime.core.kv import KvGet, KvMget, KvPut
from floruntime.core.limits import SESSION_AGE_MS_MAX
from floruntime.core.queue import QueueDequeue
from floruntime.core.terms import Terms, Told
from floruntime.core.token import TokenList
from floruntime.core.types import Request
from floruntime.core.wire import decode_answer, decode_envelope, encode, head_of_items
from floruntime.server.cluster.board.placement import partition_of
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.peers import messages
from floruntime.server.cluster.peers.link import PeerLink
from floruntime.server.cluster.requests import pending, router, under_way
from floruntime.server.cluster.requests.router import Router
from floruntime.server.commit.large_answers import TakesBodies
from tests.until import until

PARTITION = partition_of("default", 2)
GET, PUT, TAKE = KvGet("k"), KvPut("k", b"v"), QueueDequeue("q")


class Link(PeerLink):
    """A link that is up, and keeps what is sent."""

    def __init__(self) -> None:
        self.is_up = True
        self.sent: list[Any] = []

    def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def asked(self) -> list[tuple[int, int, Request[Any]]]:
        """By id and number, what it was asked."""
        bodies = [each.body for each in self.sent if isinstance(each, messages.Ask)]
        envelopes = map(decode_envelope, bodies)
        return [(each.id, each.number, each.request) for each in envelopes]


class Caller:
    """A client's connection, and what it was answered."""

    client, is_closed, spans = "client", False, None

    def __init__(self) -> None:
        self.terms: Terms | None = None
        self.bodies: dict[int, bytes] = {}
        self.errors: dict[int, FloError | None] = {}
        self.awaited: list[int] = []
        self.owed: list[tuple[int, int]] = []

    def note_of(self, namespace: str, command: Any) -> None: ...
    def flush(self) -> None: ...

    def await_body(self, request_id: int) -> None:
        self.awaited.append(request_id)

    def owe(self, request_id: int, answer_bytes: int) -> None:
        self.owed.append((request_id, answer_bytes))

    def give_body(self, request_id: int, pieces: list[bytes]) -> None:
        self.awaited.remove(request_id)
        self.bodies[request_id] = b"".join(pieces)

    def add_body(self, request_id: int, body: bytes) -> None:
        self.bodies[request_id] = body

    def add_cut(self, request_id: int, pieces: list[bytes]) -> None:
        self.add_body(request_id, b"".join(pieces))

    def add_answer(self, request_id: int, result: Any, error: FloError | None, *_: Any) -> None:
        self.errors[request_id] = error


def make() -> Router:
    return Router(2, lambda partition: f"nobody leads {partition}", lambda *_: False)


def test_it_tells_whether_an_answer_is_owed_to_what_came_before_a_time() -> None:
    it, caller = make(), Caller()
    it.take(caller, 1, "default", 0, GET)
    assert it.awaits(caller, KvGet, math.inf)
    assert not it.awaits(caller, KvGet, 0.0)
    assert not it.awaits(caller, KvPut, math.inf)
    assert not it.awaits(Caller(), KvGet, math.inf)


def test_what_is_asked_waits_for_a_leader_and_its_answer_goes_to_who_asked() -> None:
    it, caller, link = make(), Caller(), Link()
    it.take(caller, 1, "default", 0, GET)
    assert it.has_held(PARTITION)
    it.set_target(PARTITION, link)
    [(request_id, _, request)] = link.asked
    assert (request_id, request) == (1, GET)
    it.answered(link.sent[0].caller, 1, b"answer")
    assert caller.bodies == {1: b"answer"}
    assert not it.has_pending
    it.answered(link.sent[0].caller, 1, b"twice")
    assert caller.bodies == {1: b"answer"}


def test_of_a_lost_leader_only_what_cannot_run_twice_goes_to_the_next() -> None:
    it, caller, lost, next_one = make(), Caller(), Link(), Link()
    it.set_target(PARTITION, lost)
    for request_id, (number, request) in enumerate(((0, GET), (7, PUT), (0, TAKE), (0, PUT))):
        it.take(caller, request_id, "default", number, request)
    it.lost(PARTITION, lost)
    [(request_id, error)] = caller.errors.items()
    assert isinstance(error, UnavailableError)
    assert (request_id, error.ran) == (3, "maybe")
    it.set_target(PARTITION, next_one)
    assert next_one.asked == [(0, 0, GET), (1, 7, PUT), (2, 0, TAKE)]


def test_a_node_that_does_not_lead_has_not_looked_at_what_it_refuses() -> None:
    it, caller, link = make(), Caller(), Link()
    it.set_target(PARTITION, link)
    it.take(caller, 1, "default", 7, PUT)
    it.refused(link, link.sent[0].caller, 1)
    assert it.has_held(PARTITION)
    it.look()
    assert [request for _, _, request in link.asked] == [PUT, PUT]


def test_a_write_is_not_sent_again_once_it_may_be_forgotten_that_it_ran(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(now_s=1_000.0)
    clock.monotonic = lambda: clock.now_s
    for module in (pending, router):
        monkeypatch.setattr(module, "time", clock)
    it, caller, lost, next_one = make(), Caller(), Link(), Link()
    it.set_target(PARTITION, lost)
    it.take(caller, 1, "default", 7, PUT)
    it.take(caller, 2, "default", 0, GET)
    it.lost(PARTITION, lost)
    clock.now_s += SESSION_AGE_MS_MAX / 1000 + 1
    it.set_target(PARTITION, next_one)
    assert next_one.asked == [(2, 0, GET)]
    error = caller.errors[1]
    assert isinstance(error, UnavailableError)
    assert error.ran == "maybe"


@pytest.mark.parametrize(
    ("terms", "request_", "wanted"),
    [
        (None, GET, (False, False)),
        (Terms(routes=True), GET, (False, True)),
        (Terms(seen=0, routes=True), PUT, (True, True)),
        (Terms(seen=0), PUT, (True, False)),
        (Terms(seen=0, routes=True), TokenList(), (False, False)),
    ],
)
def test_a_leader_is_asked_to_tell_what_the_caller_wants_to_know(
    terms: Terms | None, request_: Request[Any], wanted: tuple[bool, bool]
) -> None:
    it, caller, link = make(), Caller(), Link()
    caller.terms = terms
    for partition in (0, PARTITION):
        it.set_target(partition, link)
    it.take(caller, 1, "default", 0, request_)
    [ask] = link.sent
    assert (ask.tells, ask.routes) == wanted
    assert it.passed_total == 1


async def test_a_leader_here_is_asked_once_it_has_heard_of_what_the_caller_has_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(router, "BEHIND_S", 0)
    it, caller, lead = make(), Caller(), Leader()
    caller.terms, lead.unheard = Terms(seen=7), 7
    it.set_target(PARTITION, lead)
    it.take(caller, 1, "default", 0, GET)
    it.take(caller, 2, "default", 1, PUT)
    assert [request for *_, request in lead.asked] == [PUT]  # its answer comes after all before
    lead.unheard = 0
    await until(lambda: [request for *_, request in lead.asked] == [PUT, GET])


async def test_a_leader_elsewhere_is_told_what_the_caller_has_seen_and_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(router, "BEHIND_S", 0)
    it, caller, link = make(), Caller(), Link()
    caller.terms = Terms(seen=7)
    it.set_target(PARTITION, link)
    it.take(caller, 1, "default", 0, GET)
    it.take(caller, 2, "default", 1, PUT)
    assert [ask.seen for ask in link.sent] == [7, 0]
    it.refused(link, link.sent[0].caller, 1)
    assert it.has_held(PARTITION)
    await until(lambda: [request for _, _, request in link.asked] == [GET, PUT, GET])


async def test_what_its_caller_gave_up_meanwhile_is_asked_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(router, "BEHIND_S", 0)
    it, caller, lead = make(), Caller(), Leader()
    caller.terms, lead.unheard = Terms(seen=7), 7
    it.set_target(PARTITION, lead)
    it.take(caller, 1, "default", 0, GET)
    it.drop(caller)
    lead.unheard = 0
    other = Caller()
    it.take(other, 1, "default", 0, GET)
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(lead.asked) == 1


def test_who_has_gone_takes_what_he_asked_along() -> None:
    it, caller, link = make(), Caller(), Link()
    it.set_target(PARTITION, link)
    it.take(caller, 1, "default", 0, TAKE)
    it.drop(caller)
    assert not it.has_pending
    assert isinstance(link.sent[-1], messages.Gone)


class Leader(Lead):
    """One on this node that takes what it is asked."""

    may_answer = True

    def __init__(self) -> None:
        self.is_over = True  # it hears of nobody who goes
        self.asked: list[Any] = []
        self.unheard = 0

    def is_behind(self, seen: int) -> bool:
        return 0 < seen <= self.unheard

    def submit(self, *asked: Any) -> None:
        self.asked.append(asked)

    def ask(self, *asked: Any) -> None:
        self.asked.append(asked)


def test_it_knows_into_whose_batches_the_commands_of_a_caller_go() -> None:
    it, caller, lead = make(), Caller(), Leader()
    it.set_target(PARTITION, lead)
    it.take(caller, 1, "default", 0, GET)
    assert it.last_lead_of(caller) is None
    it.take(caller, 2, "default", 7, PUT)
    assert it.last_lead_of(caller) is lead
    it.drop(caller)
    assert it.last_lead_of(caller) is None


def awaiting(it: Router, caller: Caller) -> tuple[Leader, Any]:
    """A leader on this node that makes a large answer, and who it makes it for."""
    lead = Leader()
    it.set_target(PARTITION, lead)
    it.take(caller, 1, "default", 0, GET)
    [(asker, *_)] = lead.asked
    assert isinstance(asker, TakesBodies)
    asker.await_body(1)
    asker.owe(1, 100)
    asker.owe(2, 1_000)  # a delivery, which is counted where it is given
    assert (caller.awaited, caller.owed) == ([1], [(1, 100)])
    return lead, asker


@pytest.mark.parametrize("seen", [None, 0])
def test_a_large_answer_of_a_leader_here_comes_in_pieces(seen: int | None) -> None:
    it, caller = make(), Caller()
    caller.terms = None if seen is None else Terms(seen=seen)
    lead, asker = awaiting(it, caller)
    lead.is_over = False
    reach = SimpleNamespace(position=SimpleNamespace(reach=7))
    lead.replica = reach  # type: ignore[assignment]  # as much as is looked at
    asker.give_body(1, [head_of_items(1, 2), encode(b"a"), encode(b"b")])
    answer = decode_answer(caller.bodies[1])
    assert msgspec.msgpack.decode(answer.result) == [b"a", b"b"]
    assert answer.told == (None if seen is None else Told(7, 0))
    assert not it.has_pending
    assert caller.awaited == []


def test_one_that_is_lost_half_way_is_made_anew_by_the_next_leader() -> None:
    it, caller, link = make(), Caller(), Link()
    lead, _ = awaiting(it, caller)
    it.lost(PARTITION, lead)
    assert caller.awaited == [], "it may go on"
    it.set_target(PARTITION, link)
    assert link.asked == [(1, 0, GET)]


def test_one_that_was_given_up_meanwhile_holds_up_nobody() -> None:
    it, caller = make(), Caller()
    _, asker = awaiting(it, caller)
    it.refuse_all("this node is stopping")
    asker.give_body(1, [head_of_items(1, 0)])
    assert caller.awaited == []
    assert caller.bodies == {1: b""}


def test_only_so_many_that_may_answer_much_are_under_way_at_other_nodes() -> None:
    it, caller, link = make(), Caller(), Link()
    it.set_target(PARTITION, link)
    for request_id in range(1, under_way.LARGE_AT_ONCE):
        it.take(caller, request_id, "default", 0, KvMget(["k"]))
        it.take(caller, 100 + request_id, "default", 0, GET)
    assert caller.awaited == []
    last = under_way.LARGE_AT_ONCE
    it.take(caller, last, "default", 0, KvMget(["k"]))
    assert caller.awaited == [last], "nothing more is begun"
    it.answered(link.sent[0].caller, 1, b"answer")
    assert caller.awaited == [], "it goes on"
    it.answered(link.sent[0].caller, 2, b"answer")
    it.refuse_all("this node is stopping")
    assert not caller.awaited


def test_what_a_leader_that_is_lost_had_to_answer_holds_up_nobody() -> None:
    it, caller, link = make(), Caller(), Link()
    it.set_target(PARTITION, link)
    for request_id in range(under_way.LARGE_AT_ONCE):
        it.take(caller, request_id, "default", 0, KvMget(["k"]))
    assert caller.awaited
    it.lost(PARTITION, link)
    assert caller.awaited == []
    it.drop(caller)
    assert not it._under_way


def test_only_so_many_bytes_of_one_connection_are_under_way_at_other_nodes() -> None:
    """The rest lies with the client: between the nodes, and there, it would be others' memory."""
    it, caller, other, link = make(), Caller(), Caller(), Link()
    it.set_target(PARTITION, link)
    large = KvPut("k", b"v" * (under_way.BYTES_AT_ONCE // 3))
    for request_id in range(1, 4):
        assert caller.awaited == []
        it.take(caller, request_id, "default", request_id, large)
    assert caller.awaited == [3], "nothing more is begun"
    it.take(other, 1, "default", 1, large)
    assert other.awaited == [], "others go on"
    it.answered(link.sent[0].caller, 2, b"answer")
    assert caller.awaited == [3], "there is room for little yet"
    it.answered(link.sent[0].caller, 1, b"answer")
    assert caller.awaited == []


def test_only_so_many_requests_of_one_connection_are_under_way_at_other_nodes() -> None:
    """A flood is left unread: to refuse it would take the gateway's time from others."""
    it, caller, link = make(), Caller(), Link()
    it.set_target(PARTITION, link)
    most = under_way.REQUESTS_AT_ONCE
    for request_id in range(1, most + 1):
        assert caller.awaited == []
        it.take(caller, request_id, "default", 0, GET)
    assert caller.awaited == [most], "nothing more is begun"
    for request_id in range(1, most // 2):
        it.answered(link.sent[0].caller, request_id, b"answer")
    assert caller.awaited == [most], "who went on now would go on for each answer"
    it.answered(link.sent[0].caller, most // 2, b"answer")
    assert caller.awaited == []


def test_what_waits_counts_for_nothing() -> None:
    """Else who waits could not even end it."""
    it, caller, link = make(), Caller(), Link()
    it.set_target(PARTITION, link)
    for request_id in range(1, 9):
        wait = QueueDequeue("q" * 200, block_ms=60_000)
        it.take(caller, request_id, "default", 0, wait)
    [waiting] = it._under_way.values()
    assert not waiting.begin(9, QueueDequeue("q", block_ms=1), under_way.BYTES_AT_ONCE)
    assert waiting.begin(10, QueueDequeue("q"), under_way.BYTES_AT_ONCE)
    assert waiting.end(10) == 10


def test_a_large_answer_that_came_in_pieces_is_given_in_pieces() -> None:
    it, caller, link = make(), Caller(), Link()
    it.set_target(PARTITION, link)
    it.take(caller, 1, "default", 0, GET)
    number = link.sent[0].caller
    assert it.has_caller(number)
    it.answered_in_pieces(number, 1, [b"an", b"swer"])
    assert caller.bodies == {1: b"answer"}
    assert not it.has_pending
    it.drop(caller)
    assert not it.has_caller(number)
    it.answered_in_pieces(number, 1, [b"an", b"swer"])
