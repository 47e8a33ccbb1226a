"""What an exchange sends, and what its callers get, in each state of the link and of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from floruntime.client.link.call import Call
from floruntime.client.link.exchange import Exchange
from floruntime.client.link.reads import Reads
from floruntime.core import wire
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    FloError,
    ForbiddenError,
    OverloadedError,
    ProtocolError,
    Ran,
    UnavailableError,
)
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.limits import SESSION_AGE_MS_MAX
from floruntime.core.queue import DequeueResult, Message, QueueDequeue, QueueNack
from floruntime.core.stream import (
    GroupClaim,
    GroupNack,
    GroupRead,
    ReadResult,
    StreamID,
    StreamRecord,
)
from floruntime.core.system import (
    Backup,
    CancelWait,
    GetServerInfo,
    Ping,
    ServerLimits,
    SessionOpen,
    Welcome,
)
from floruntime.core.types import Request
from floruntime.core.worker import Task, WorkerAwait, WorkerExchange, WorkerRelease

GET, PUT, PING, BACKUP = KvGet("k"), KvPut("k", b"v"), Ping(), Backup("there")
OPEN = SessionOpen()
WHERE = "shop"


class Sent(NamedTuple):
    """A request as it went out; `number` is 0 for what carries none."""

    request: Request[Any]
    number: int = 0


class Rig:
    """An exchange whose links a test makes, breaks and answers on. Time stands still."""

    def __init__(self, *, in_flight_max: int = 100, frame_bytes_max: int = 10_000) -> None:
        self.now_s = 100.0
        self.exchange = Exchange(lambda: self.now_s, Reads("linearizable", None))
        self.envelopes: list[wire.Envelope] = []
        self._limits = ServerLimits(400, frame_bytes_max, in_flight_max)

    def up(self, *, known: bool = False, nodes: list[str] | None = None) -> bool:
        """A link greets; `known`: its server remembers this client. `nodes`: those of a cluster."""
        welcome = Welcome("1.0", self._limits, known, nodes=nodes or [])
        return self.exchange.link_up(self._send, welcome)

    def opened(self) -> None:
        """A link greets, and the session is open."""
        assert self.up(known=True)

    def had_link(self) -> None:
        """A link greeted, and broke."""
        self.opened()
        self.down()

    def down(self) -> None:
        """The link breaks."""
        self.exchange.link_down("it broke")

    def _send(self, body: bytes, _due_s: float) -> None:
        self.envelopes.append(wire.decode_envelope(body))

    def call(self, request: Request[Any], block_ms: int = 0) -> Call:
        """A call that somebody awaits."""
        future = asyncio.get_running_loop().create_future()
        call = Call(request, WHERE, block_ms, future)
        self.exchange.submit(call)
        return call

    def sent(self) -> list[Sent]:
        """What went out since this was last asked."""
        envelopes, self.envelopes = self.envelopes, []
        return [Sent(each.request, each.number) for each in envelopes]

    def answer(self, call: Call, result: object) -> None:
        self.exchange.receive(wire.encode_answer(call.id, result))

    def answer_open(self, error: FloError | None = None) -> None:
        """Answer the opening of the session that went out last."""
        [opening] = [each for each in self.envelopes if each.request == OPEN]
        self.envelopes.remove(opening)
        body = wire.encode_error(opening.id, error) if error else b""
        self.exchange.receive(body or wire.encode_answer(opening.id, None))


def error_of(call: Call) -> FloError:
    """What a call failed with."""
    assert call.future is not None
    assert call.future.done(), "it is not answered"
    error = call.future.exception()
    assert isinstance(error, FloError)
    return error


def is_waiting(call: Call) -> bool:
    assert call.future is not None
    return not call.future.done()


def result_of(call: Call) -> Any:
    assert call.future is not None
    return call.future.result()


# Going out

LINKS: dict[str, Callable[[Rig], object]] = {
    "no link": lambda rig: None,
    "a link": Rig.up,
    "a link and a session": Rig.opened,
    "a link that broke": Rig.had_link,
}


@pytest.mark.parametrize(
    ("link", "request_", "sent"),
    [
        ("no link", GET, []),
        ("no link", PING, []),
        ("no link", PUT, []),
        ("a link", GET, [Sent(GET)]),
        ("a link", PING, [Sent(PING)]),
        ("a link", BACKUP, [Sent(BACKUP)]),
        ("a link", PUT, [Sent(OPEN)]),
        ("a link and a session", GET, [Sent(GET)]),
        ("a link and a session", PUT, [Sent(PUT, 1)]),
        ("a link that broke", GET, []),
        ("a link that broke", PUT, []),
    ],
)
async def test_when_a_call_goes_out(link: str, request_: Request[Any], sent: list[Sent]) -> None:
    rig = Rig()
    LINKS[link](rig)
    call = rig.call(request_)
    assert rig.sent() == sent
    assert is_waiting(call)


async def test_what_was_held_goes_out_in_order_once_it_may() -> None:
    rig = Rig()
    puts = [KvPut("k", b"%d" % number) for number in range(3)]
    for request in (puts[0], GET, puts[1], PING):
        rig.call(request)
    rig.up()
    assert rig.sent() == [Sent(GET), Sent(PING), Sent(OPEN)]
    rig.call(puts[2])
    assert rig.sent() == [], "the session is asked for once"
    rig.down()
    rig.up()
    rig.answer_open()
    sent = rig.sent()
    assert sent[:2] == [Sent(GET), Sent(PING)]
    assert sent[2:] == [Sent(put, number) for number, put in enumerate(puts, start=1)]


async def test_where_and_under_which_id_a_call_goes() -> None:
    rig = Rig()
    rig.opened()
    calls = [rig.call(GET), rig.call(PUT)]
    assert [(each.id, each.namespace) for each in rig.envelopes] == [
        (call.id, WHERE) for call in calls
    ]
    assert len({call.id for call in calls}) == 2


async def test_no_more_is_in_flight_than_the_server_takes_and_nothing_overtakes() -> None:
    rig = Rig(in_flight_max=2)
    rig.opened()
    first, second = rig.call(GET), rig.call(PING)
    rig.sent()
    others = [KvGet(f"other {number}") for number in range(2)]
    for other in others:
        rig.call(other)
    assert rig.sent() == []
    rig.answer(first, None)
    assert rig.sent() == [Sent(others[0])]
    rig.answer(second, None)
    assert rig.sent() == [Sent(others[1])]


async def test_what_comes_later_goes_later_also_where_a_place_is_free() -> None:
    rig = Rig(in_flight_max=1)
    rig.opened()
    rig.call(GET)
    rig.call(KvGet("earlier"))
    rig.sent()
    rig.exchange.fail_sent(lambda ran: ConnectionFailedError("gone", ran=ran))
    rig.call(KvGet("later"))
    rig.down()
    rig.opened()
    assert rig.sent() == [Sent(KvGet("earlier"))]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (KvPut("k", b"x" * 500), "value"),
        (KvGet("x" * 600), "614 bytes"),
        (KvGet("\ud800"), "UTF-8"),
        (KvPut("k", b"", ttl_ms=2**64), "ttl_ms"),
    ],
)
async def test_what_cannot_be_sent_fails_at_once_and_leaves_no_trace(
    request_: Request[Any], told: str
) -> None:
    rig = Rig(frame_bytes_max=450, in_flight_max=1)
    rig.opened()
    error = error_of(rig.call(request_))
    assert isinstance(error, BadRequestError)
    assert told in error.message
    assert error.ran == "no"
    rig.call(PUT)
    assert [sent.request for sent in rig.sent()] == [PUT]


# Answers


async def test_a_result_and_a_refusal_reach_their_callers_in_any_order() -> None:
    rig = Rig()
    rig.opened()
    get, put = rig.call(GET), rig.call(PUT)
    conflict = ConflictError("it is newer", current_version=7)
    rig.exchange.receive(wire.encode_error(put.id, conflict))
    rig.answer(get, b"v")
    assert result_of(get) == b"v"
    error = error_of(put)
    assert isinstance(error, ConflictError)
    assert (error.current_version, error.ran) == (7, "no")


@pytest.mark.parametrize(
    ("request_", "refusal", "times", "ran"),
    [
        (PUT, UnavailableError("no leader"), 1, "no"),
        (PUT, UnavailableError("no leader"), 2, "maybe"),
        (PUT, OverloadedError("too fast"), 3, "maybe"),
        (PUT, ConflictError("another version"), 1, "no"),
        (PUT, ConflictError("another version"), 2, "maybe"),
        (GET, UnavailableError("no leader"), 2, "no"),
    ],
)
async def test_a_refusal_of_what_was_sent_before_says_nothing_of_that(
    request_: Request[Any], refusal: FloError, times: int, ran: Ran
) -> None:
    """Else a write that was done would be done again, under a number of its own. And who looks at
    the number, and refuses, cannot know of a sending that is still on its way by another node.
    """
    rig = Rig()
    rig.opened()
    call = rig.call(request_)
    for _ in range(times - 1):
        rig.down()
        rig.up(known=True)
    rig.exchange.receive(wire.encode_error(call.id, refusal))
    assert (type(error_of(call)), error_of(call).ran) == (type(refusal), ran)


async def test_an_answer_to_nothing_is_passed_over_and_a_second_one_too() -> None:
    rig = Rig()
    rig.opened()
    get = rig.call(GET)
    rig.exchange.receive(wire.encode_answer(999, b"?"))
    assert is_waiting(get)
    rig.answer(get, b"v")
    rig.answer(get, b"w")
    assert result_of(get) == b"v"


async def test_an_answer_of_the_wrong_type_fails_its_call_alone() -> None:
    rig = Rig()
    rig.opened()
    get, put = rig.call(GET), rig.call(PUT)
    rig.answer(get, 5)
    assert isinstance(error_of(get), ProtocolError)
    rig.answer(put, PutResult(1))
    assert result_of(put) == PutResult(1)


@pytest.mark.parametrize("body", [b"", b"\xc1", wire.encode(5), wire.encode(["id", None])])
async def test_what_is_no_answer_is_an_error_of_the_link(body: bytes) -> None:
    rig = Rig()
    rig.opened()
    get = rig.call(GET)
    with pytest.raises(ProtocolError):
        rig.exchange.receive(body)
    assert is_waiting(get)


# Links that break


@pytest.mark.parametrize(
    ("request_", "again", "ran"),
    [
        (GET, Sent(GET), None),
        (PING, Sent(PING), None),
        (GetServerInfo(), Sent(GetServerInfo()), None),
        (PUT, Sent(PUT, 1), None),
        (BACKUP, None, "maybe"),
    ],
)
async def test_what_becomes_of_a_call_whose_link_breaks(
    request_: Request[Any], again: Sent | None, ran: Ran | None
) -> None:
    rig = Rig()
    rig.opened()
    call = rig.call(request_)
    id_before = rig.envelopes[0].id
    rig.sent()
    rig.down()
    assert is_waiting(call) == (ran is None)
    if ran is not None:
        error = error_of(call)
        assert isinstance(error, ConnectionFailedError)
        assert error.ran == ran
    rig.opened()
    assert [each.id for each in rig.envelopes] == ([id_before] if again else [])
    assert rig.sent() == ([again] if again else [])


@pytest.mark.parametrize(
    ("request_", "is_kept", "sent"),
    [(GET, True, [Sent(GET)]), (PING, True, [Sent(PING)]), (PUT, False, [])],
)
async def test_what_becomes_of_a_call_whose_server_forgot_the_client(
    request_: Request[Any], is_kept: bool, sent: list[Sent]
) -> None:
    rig = Rig()
    rig.opened()
    session = rig.exchange.session
    call = rig.call(request_)
    rig.sent()
    rig.down()
    assert not rig.up(known=False), "it must greet again, as another"
    assert rig.exchange.session != session
    assert rig.up(known=False)
    assert is_waiting(call) == is_kept
    if not is_kept:
        error = error_of(call)
        assert isinstance(error, ConnectionFailedError)
        assert error.ran == "maybe"
        assert type(request_).__name__ in error.message
    assert rig.sent() == sent


@pytest.mark.parametrize("away_s", [SESSION_AGE_MS_MAX / 1000, SESSION_AGE_MS_MAX / 1000 + 1])
async def test_after_too_long_away_no_node_of_a_cluster_is_believed_to_know_the_client(
    away_s: float,
) -> None:
    rig = Rig()
    assert rig.up(known=True, nodes=["n1:9000"])
    call = rig.call(PUT)
    rig.down()
    rig.now_s += away_s
    is_late = away_s > SESSION_AGE_MS_MAX / 1000
    assert rig.up(known=True, nodes=["n1:9000"]) is not is_late
    assert is_waiting(call) is not is_late
    if is_late:
        assert error_of(call).ran == "maybe"


async def test_a_write_that_never_went_out_goes_under_the_fresh_session() -> None:
    rig = Rig()
    rig.opened()
    rig.call(PUT)
    rig.down()
    held = rig.call(KvPut("held", b""))
    rig.sent()
    assert not rig.up(known=False)
    assert rig.up(known=False)
    rig.answer_open()
    assert rig.sent() == [Sent(KvPut("held", b""), 1)]
    assert is_waiting(held)


async def test_numbers_go_on_over_a_new_link_of_the_same_session() -> None:
    rig = Rig()
    rig.opened()
    first = rig.call(PUT)
    rig.answer(first, PutResult(1))
    rig.down()
    rig.opened()
    rig.call(PUT)
    assert rig.sent() == [Sent(PUT, 1), Sent(PUT, 2)]


# The session


async def test_a_refused_session_fails_the_writes_that_waited_and_is_asked_for_again() -> None:
    rig = Rig()
    rig.up()
    put, get = rig.call(PUT), rig.call(GET)
    rig.answer_open(ForbiddenError("only to read"))
    assert isinstance(error_of(put), ForbiddenError)
    assert is_waiting(get)
    rig.sent()
    later = rig.call(PUT)
    rig.answer_open()
    assert rig.sent() == [Sent(PUT, 1)]
    assert is_waiting(later)


async def test_a_session_that_is_being_opened_is_not_asked_for_again() -> None:
    rig = Rig()
    rig.up()
    get, _ = rig.call(GET), rig.call(PUT)
    assert rig.sent() == [Sent(GET), Sent(OPEN)]
    rig.answer(get, None)
    assert rig.sent() == []


async def test_a_session_whose_opening_was_lost_is_opened_on_the_next_link() -> None:
    rig = Rig()
    rig.up()
    rig.call(PUT)
    assert rig.sent() == [Sent(OPEN)]
    rig.down()
    rig.up()
    assert rig.sent() == [Sent(OPEN)]
    rig.down()
    rig.opened()  # it had arrived
    assert rig.sent() == [Sent(PUT, 1)]


async def test_a_write_without_a_free_number_waits_for_one() -> None:
    rig = Rig(in_flight_max=100_000)
    rig.opened()
    first = rig.call(PUT)
    while (last := rig.call(PUT)).was_sent:
        pass
    count = len(rig.sent())
    rig.call(GET)
    assert rig.sent() == [Sent(GET)], "only writes wait"
    rig.answer(first, PutResult(1))
    assert rig.sent() == [], "its block of numbers has others that are not answered"
    ids = range(first.id + 1, last.id)
    for id in ids:
        rig.exchange.receive(wire.encode_answer(id, PutResult(1)))
    assert last.was_sent
    assert last.number > count


# Callers that give up


@pytest.mark.parametrize(
    ("link", "block_ms", "sent"),
    [
        ("no link", 0, []),
        ("a link and a session", 0, []),
        ("a link and a session", 500, ["cancel"]),
    ],
)
async def test_what_giving_up_sends(link: str, block_ms: int, sent: list[str]) -> None:
    rig = Rig()
    LINKS[link](rig)
    call = rig.call(KvGet("k", block_ms), block_ms)
    rig.sent()
    rig.exchange.abandon(call)
    assert rig.sent() == ([Sent(CancelWait(call.id))] if sent else [])
    rig.down()
    rig.opened()
    assert rig.sent() == [], "it does not go out again"


async def test_a_call_given_up_holds_its_place_until_it_is_answered() -> None:
    rig = Rig(in_flight_max=1)
    rig.opened()
    given_up, next_one = rig.call(GET), rig.call(PING)
    rig.exchange.abandon(given_up)
    rig.sent()
    rig.answer(given_up, b"v")
    assert rig.sent() == [Sent(PING)]
    assert is_waiting(next_one)


@pytest.mark.parametrize("request_", [GET, PUT])
async def test_a_call_given_up_while_there_is_no_link_does_not_go_out_again(
    request_: Request[Any],
) -> None:
    rig = Rig()
    rig.opened()
    call = rig.call(request_)
    rig.down()
    rig.exchange.abandon(call)
    rig.sent()
    rig.opened()
    assert rig.sent() == []


async def test_a_call_given_up_before_it_went_out_never_does() -> None:
    rig = Rig()
    for request in (GET, PUT):
        rig.exchange.abandon(rig.call(request))
    rig.opened()
    assert rig.sent() == []


MESSAGE = Message(3, b"", 10, 1, 77, 0)
ACKED = Message(4, b"", 10, 1, 0, 0)
RECORD = StreamRecord(StreamID(5, 0), 0, 0, "s", b"", {}, None, 5, 1, 88)
FREE = StreamRecord(StreamID(6, 0), 1, 0, "s", b"", {}, None, 6)
TASK = Task("run-1", "work", b"", 1, 99, 0, 0)
DEQUEUE = QueueDequeue("q", 2, 30_000, 500)
READ, CLAIM = GroupRead("s", "g", "me", 2), GroupClaim("s", "g", "me", 0)
BACK = GroupNack("s", "g", [RECORD.id], [88], "me", release=True)


class Delivered(NamedTuple):
    """What was asked, what came too late, and what gives it back."""

    request: Request[Any]
    result: object
    back: list[Request[Any]]


DELIVERIES = [
    Delivered(DEQUEUE, DequeueResult([MESSAGE]), [QueueNack("q", [3], [77], release=True)]),
    Delivered(DEQUEUE, DequeueResult([ACKED]), []),
    Delivered(DEQUEUE, DequeueResult([]), []),
    Delivered(QueueDequeue("q", on_delivery=True), DequeueResult([MESSAGE]), []),
    Delivered(READ, ReadResult([RECORD, FREE]), [BACK]),
    Delivered(READ, ReadResult([FREE]), []),
    Delivered(CLAIM, ReadResult([RECORD]), [BACK]),
    Delivered(WorkerAwait("w", ["work"]), [TASK], [WorkerRelease("w", "run-1", 99)]),
    Delivered(WorkerExchange("w", [], ["work"], 1), [TASK], [WorkerRelease("w", "run-1", 99)]),
    Delivered(WorkerAwait("w", ["work"]), [], []),
    Delivered(GET, b"v", []),
    Delivered(PUT, PutResult(1), []),
]
NAMES = [f"{type(each.request).__name__}-{len(each.back)}" for each in DELIVERIES]


@pytest.mark.parametrize("late", DELIVERIES, ids=NAMES)
@pytest.mark.parametrize("how", ["given up", "cancelled", "answered in the same turn"])
async def test_what_nobody_waits_for_any_more_is_handed_back(how: str, late: Delivered) -> None:
    rig = Rig()
    rig.opened()
    call = rig.call(late.request)
    rig.sent()
    if how == "given up":
        rig.exchange.abandon(call)
    elif how == "cancelled":
        assert call.future is not None
        call.future.cancel()
    rig.answer(call, late.result)
    if how == "answered in the same turn":
        assert rig.sent() == []
        rig.exchange.abandon(call)
    elif how == "cancelled":
        rig.exchange.abandon(call)  # its caller says so a turn later
    assert [each.namespace for each in rig.envelopes] == [WHERE] * len(late.back)
    assert [each.request for each in rig.sent()] == late.back


@pytest.mark.parametrize("is_taken", [True, False])
async def test_what_came_too_late_is_handed_back_unless_its_caller_takes_it(
    is_taken: bool,
) -> None:
    rig, late = Rig(), DELIVERIES[0]
    rig.opened()
    call = rig.call(late.request)
    taken: list[Any] = []

    def take(result: Any) -> bool:
        taken.append(result)
        return is_taken

    call.on_late = take
    rig.exchange.abandon(call)
    rig.sent()
    rig.answer(call, late.result)
    assert taken == [late.result]
    assert [each.request for each in rig.sent()] == ([] if is_taken else late.back)


async def test_nobody_takes_what_was_delivered_to_a_caller_that_was_cancelled() -> None:
    rig, late = Rig(), DELIVERIES[0]
    rig.opened()
    call = rig.call(late.request)
    call.on_late = lambda result: True
    assert call.future is not None
    call.future.cancel()
    rig.sent()
    rig.answer(call, late.result)
    rig.exchange.abandon(call)
    assert [each.request for each in rig.sent()] == late.back


@pytest.mark.parametrize("late", [each for each in DELIVERIES if each.back], ids=str)
@pytest.mark.parametrize("lost", ["before", "after"])
async def test_what_was_delivered_as_its_caller_and_its_link_went_is_handed_back(
    late: Delivered, lost: str
) -> None:
    rig = Rig()
    rig.opened()
    call = rig.call(late.request)
    [first] = rig.envelopes
    if lost == "before":
        rig.down()
    rig.exchange.abandon(call)
    if lost == "after":
        rig.down()
    rig.sent()
    rig.up(known=True)
    [again] = rig.envelopes
    assert (again.number, type(again.request)) == (first.number, type(first.request))
    rig.sent()
    rig.answer(call, late.result)
    assert [each.request for each in rig.sent()] == late.back


async def test_what_was_handed_out_is_not_handed_back() -> None:
    rig = Rig()
    rig.opened()
    call = rig.call(DEQUEUE)
    rig.sent()
    rig.answer(call, DequeueResult([MESSAGE]))
    assert result_of(call).messages == [MESSAGE]
    assert rig.sent() == []


async def test_a_refusal_has_nothing_to_hand_back() -> None:
    rig = Rig()
    rig.opened()
    call = rig.call(DEQUEUE)
    rig.sent()
    rig.exchange.receive(wire.encode_error(call.id, UnavailableError("stopping")))
    rig.exchange.abandon(call)
    assert rig.sent() == []


# Long polls


async def test_a_long_poll_sent_again_blocks_for_what_is_left() -> None:
    rig = Rig()
    rig.opened()
    rig.call(KvGet("k", 1_000), 1_000)
    assert rig.sent() == [Sent(KvGet("k", 1_000))]
    for passed_s, left_ms in ((0.25, 750), (0.5, 250), (9.0, 0)):
        rig.down()
        rig.now_s += passed_s
        rig.opened()
        assert rig.sent() == [Sent(KvGet("k", left_ms))]


async def test_a_wait_that_is_ended_is_answered_now_and_does_not_block_again() -> None:
    rig = Rig()
    rig.opened()
    call = rig.call(KvGet("k", 1_000), 1_000)
    rig.sent()
    rig.exchange.end_wait(call)
    assert rig.sent() == [Sent(CancelWait(call.id))]
    rig.down()
    rig.opened()
    assert rig.sent() == [Sent(KvGet("k", 0))]
    rig.answer(call, b"v")
    assert result_of(call) == b"v", "its caller still waits"
    rig.exchange.end_wait(call)
    assert rig.sent() == []


# Giving everything up


@pytest.mark.parametrize(
    ("link", "request_", "by_sent", "ran"),
    [
        ("no link", GET, False, "no"),
        ("no link", PUT, False, "no"),
        ("a link", PUT, False, "no"),
        ("a link and a session", GET, True, "no"),
        ("a link and a session", PING, True, "no"),
        ("a link and a session", PUT, True, "maybe"),
        ("a link and a session", BACKUP, True, "maybe"),
    ],
)
async def test_whether_a_call_ran_that_is_failed(
    link: str, request_: Request[Any], by_sent: bool, ran: Ran
) -> None:
    rig = Rig()
    LINKS[link](rig)

    def gone(ran: Ran) -> FloError:
        return ConnectionFailedError("gone", ran=ran)

    call = rig.call(request_)
    rig.exchange.fail_sent(gone)
    assert is_waiting(call) != by_sent
    rig.exchange.fail_all(gone)
    assert error_of(call).ran == ran
    rig.sent()
    rig.down()
    rig.opened()
    assert rig.sent() == [], "what has failed does not go out"
