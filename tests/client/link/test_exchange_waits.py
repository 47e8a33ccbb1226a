"""The exchange and its waits: what long polls leave to the rest, what is due, what goes again."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.client.link.call import Call
from floruntime.client.link.exchange import IN_FLIGHT_FREE_OF_WAITS, Exchange
from floruntime.client.link.reads import Reads
from floruntime.core import wire
from floruntime.core.errors import ConflictError, ConnectionFailedError, FloError, ForbiddenError
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.queue import DequeueResult, Message, QueueDequeue, QueueNack
from floruntime.core.system import Backup, CancelWait, ServerLimits, SessionOpen, Welcome
from floruntime.core.types import Request
from floruntime.core.worker import WorkerExchange


class Waiter:
    """Stands in for a future: no loop is needed."""

    def __init__(self) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self._is_done = False

    def done(self) -> bool:
        return self._is_done

    def cancelled(self) -> bool:
        return False

    def exception(self) -> BaseException | None:
        return self.error

    def set_result(self, result: Any) -> None:
        self.result, self._is_done = result, True

    def set_exception(self, error: BaseException) -> None:
        self.error, self._is_done = error, True


class Table:
    """An exchange, its clock, and what it sent."""

    def __init__(self, *, in_flight_max: int = 1_000) -> None:
        self.now_s = 100.0
        self.exchange = Exchange(lambda: self.now_s, Reads("linearizable", None))
        self.limits = ServerLimits(1 << 20, 2 << 20, in_flight_max)
        self.sent: list[wire.Envelope] = []
        self.due: list[float] = []

    def up(self, *, known: bool = False) -> bool:
        return self.exchange.link_up(self._send, Welcome("9", self.limits, known))

    def _send(self, body: bytes, due_s: float) -> None:
        self.sent.append(wire.decode_envelope(body))
        self.due.append(due_s)

    def submit(self, request: Request[Any], *, block_ms: int = 0) -> Call:
        call = Call(request, "n", block_ms, Waiter())  # type: ignore[arg-type]  # stands in
        self.exchange.submit(call)
        return call

    def answer(self, result: Any = None, *, to: int = -1) -> None:
        answer: Any = (
            wire.encode_error(self.sent[to].id, result)
            if isinstance(result, FloError)
            else wire.encode_answer(self.sent[to].id, result)
        )
        self.exchange.receive(answer)

    @property
    def requests(self) -> list[Request[Any]]:
        return [each.request for each in self.sent]


def outcome(call: Call) -> Any:
    waiter: Any = call.future
    return waiter.error or waiter.result if waiter.done() else "waits"


def ready(**options: Any) -> Table:
    """A table whose link is up and whose session is open; nothing of that is among what it sent."""
    table = Table(**options)
    table.up()
    call = table.submit(KvPut("first", b""))
    table.answer()
    table.answer(PutResult(1))
    assert outcome(call) == PutResult(1)
    table.sent.clear()
    table.due.clear()
    return table


# Held


def test_without_a_link_everything_is_held_and_goes_in_order_when_it_is_up() -> None:
    table = Table()
    calls = [table.submit(KvGet("a")), table.submit(KvGet("b"))]
    assert not table.sent
    table.up()
    assert table.requests == [KvGet("a"), KvGet("b")]
    table.answer(b"1", to=0)
    assert [outcome(call) for call in calls] == [b"1", "waits"]


def test_a_write_waits_for_the_session_which_is_opened_once() -> None:
    table = Table()
    table.up()
    for key in "ab":
        table.submit(KvPut(key, b""))
    assert table.requests == [SessionOpen()]
    table.answer()
    assert [(each.request, each.number) for each in table.sent[1:]] == [
        (KvPut("a", b""), 1),
        (KvPut("b", b""), 2),
    ]


def test_a_session_that_is_refused_fails_the_writes_and_not_the_reads() -> None:
    table = Table()
    table.up()
    write, poll = table.submit(KvPut("a", b"")), table.submit(QueueDequeue("q"), block_ms=5)
    read = table.submit(KvGet("a"), block_ms=5)
    table.answer(ForbiddenError("no"), to=0)
    assert isinstance(outcome(write), ForbiddenError)
    assert isinstance(outcome(poll), ForbiddenError)
    assert outcome(read) == "waits"


def test_no_more_is_in_flight_than_the_server_takes() -> None:
    table = ready(in_flight_max=2)
    for key in "abc":
        table.submit(KvGet(key))
    assert table.requests == [KvGet("a"), KvGet("b")]
    table.answer(b"", to=0)
    assert table.requests[-1] == KvGet("c")


@pytest.mark.parametrize(("most", "waits"), [(4, 2), (5_000, 5_000 - IN_FLIGHT_FREE_OF_WAITS)])
def test_long_polls_leave_room_for_the_rest(most: int, waits: int) -> None:
    table = ready(in_flight_max=most)
    polls = [table.submit(KvGet("k", 9), block_ms=9) for _ in range(waits + 1)]
    assert len(table.sent) == waits
    table.submit(KvGet("now"))
    assert table.requests[-1] == KvGet("now")
    table.exchange.abandon(polls[-1])
    table.answer(b"", to=0)
    assert len(table.sent) == waits + 1  # the one that was given up does not go


def test_long_polls_leave_write_numbers_to_the_rest() -> None:
    table = ready()
    for number in range(900):
        table.submit(QueueDequeue(f"q{number}", 1, 1, 9), block_ms=9)
        for _ in range(3):
            table.submit(KvPut("k", b""))
            table.answer(PutResult(1))
    polls = [each for each in table.sent if isinstance(each.request, QueueDequeue)]
    assert len(polls) == 900 - 156  # what long polls leave of what may be in flight
    assert {each.number == 0 for each in polls} == {True, False}
    assert all(each.number for each in table.sent if isinstance(each.request, KvPut))


def test_why_a_call_is_held() -> None:
    table = Table(in_flight_max=1)
    table.up()
    write = table.submit(KvPut("a", b""))
    assert "has not opened the session" in table.exchange.why_held(write)
    assert "1 calls are in flight" in table.exchange.why_held(table.submit(KvGet("a")))


# Due


def test_what_is_under_way_and_when_it_is_due() -> None:
    table = ready()
    assert table.exchange.under_way() is None
    table.submit(KvGet("a", 5_000), block_ms=5_000)
    assert table.exchange.under_way() == (100, 105)
    table.now_s = 101
    table.submit(KvGet("b"))
    assert table.exchange.under_way() == (100, 101)
    assert table.due == [105, 101]
    table.answer(b"")
    assert table.exchange.under_way() == (100, 105)


def test_a_call_that_is_given_up_stays_due() -> None:
    table = ready()
    table.exchange.abandon(table.submit(KvPut("a", b"")))
    assert table.exchange.under_way() == (100, 100)
    table.answer(PutResult(1))
    assert table.exchange.under_way() is None


def test_a_wait_that_is_ended_is_due_at_once() -> None:
    table = ready()
    poll = table.submit(KvGet("a", 5_000), block_ms=5_000)
    table.now_s = 102
    table.exchange.end_wait(poll)
    assert table.requests[-1] == CancelWait(table.sent[0].id)
    assert table.exchange.under_way() == (100, 102)


# Lost links


def lost(table: Table) -> None:
    table.exchange.link_down("it broke")


@pytest.mark.parametrize(
    ("request_", "block_ms", "goes_again"),
    [
        (KvGet("a"), 0, True),
        (KvPut("a", b""), 0, True),
        (QueueDequeue("q"), 0, True),
        (Backup("/b"), 0, False),
    ],
)
def test_what_goes_again_after_a_loss(request_: Any, block_ms: int, goes_again: bool) -> None:
    table = ready()
    call = table.submit(request_, block_ms=block_ms)
    first = table.sent[-1]
    lost(table)
    table.up(known=True)
    if goes_again:
        assert table.sent[1:] == [first]
        assert outcome(call) == "waits"
    else:
        assert len(table.sent) == 1
        assert isinstance(outcome(call), ConnectionFailedError)
        assert outcome(call).ran == "maybe"


@pytest.mark.parametrize(
    "request_", [QueueDequeue("q", 1, 1, 9_000), WorkerExchange("w", [], ["a"], 1, 9_000)]
)
def test_a_poll_without_a_number_goes_again_for_what_is_left_of_its_time(request_: Any) -> None:
    table = ready()
    while True:
        call = table.submit(request_, block_ms=9_000)
        if table.sent[-1].number == 0:
            break
        for _ in range(20):
            table.submit(KvPut("k", b""))
            table.answer(PutResult(1))
    table.sent.clear()
    lost(table)
    table.now_s += 4
    table.up(known=True)
    again = next(each for each in table.sent if each.id == call.id)
    assert (again.number, again.request.block_ms) == (0, 5_000)  # type: ignore[attr-defined]  # a poll


def test_a_server_that_forgot_the_session_may_have_run_the_writes() -> None:
    table = ready()
    write, read = table.submit(KvPut("a", b"")), table.submit(KvGet("a"))
    session = table.exchange.session
    lost(table)
    assert table.up(known=False) is False
    assert table.exchange.session != session
    assert outcome(write).ran == "maybe"
    assert outcome(read) == "waits"
    assert table.up(known=False) is True


def test_a_link_is_of_use_once_it_brought_what_somebody_waits_for() -> None:
    table = Table()
    table.up()
    assert not table.exchange.was_of_use
    write = table.submit(KvPut("a", b""))
    table.answer()
    assert not table.exchange.was_of_use  # the session is nobody's
    table.answer(ConflictError("lost"))
    assert isinstance(outcome(write), ConflictError)
    assert table.exchange.was_of_use
    lost(table)
    table.up(known=True)
    assert not table.exchange.was_of_use


# Given up


def test_what_comes_for_one_that_was_given_up_is_handed_back() -> None:
    table = ready()
    poll = table.submit(QueueDequeue("q", 1, 1, 9), block_ms=9)
    table.exchange.abandon(poll)
    table.answer(DequeueResult([Message(3, b"", 10, 1, 77, 0)]), to=0)
    assert table.requests[1:] == [
        CancelWait(table.sent[0].id),
        QueueNack("q", [3], [77], release=True),
    ]


def test_one_that_was_given_up_does_not_go_again() -> None:
    table = ready()
    table.exchange.abandon(table.submit(KvPut("a", b"")))
    lost(table)
    table.up(known=True)
    assert table.requests == [KvPut("a", b"")]
