"""A write that is sent again happens once and gets its first answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.kv import (
    KvDelete,
    KvGet,
    KvGetEntry,
    KvIncr,
    KvJsonSet,
    KvPut,
    KvTouch,
    PutResult,
)
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from floruntime.core.stream import GroupClaim
from floruntime.core.system import (
    Batch,
    Delivery,
    HandBack,
    NamespaceCreate,
    SessionForget,
    SessionOpen,
)
from floruntime.core.types import Command
from floruntime.engine.machine import Outcome
from floruntime.engine.system import write_memory
from tests.engine.harness import Engine

ME = "me"


@pytest.fixture
def engine(engine: Engine) -> Engine:
    engine.run(SessionOpen(), session=ME)
    return engine


def send(engine: Engine, number: int, command: Command[Any], session: str = ME) -> Outcome:
    return engine.outcome(command, session=session, number=number)


def refused(outcome: Outcome) -> str:
    assert isinstance(outcome.error, ConflictError)
    return outcome.error.ran


def wire(value: object) -> bytes:
    """What the client sees: after a restart results are remembered in their wire form."""
    return msgspec.msgpack.encode(value)


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        KvPut("k", b"x"),
        KvIncr("n", 5),
        KvDelete("there"),
        KvDelete("missing"),
        KvTouch("there", 5),
        KvJsonSet("d", "$", b"{}"),
        QueueEnqueue("q", [b"x", b"y"]),
        NamespaceCreate("fresh"),
        Batch([KvIncr("n"), KvPut("k", b"x"), KvDelete("missing")]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bool) else None,
)
def test_the_first_answer_is_given_again_and_nothing_happens_twice(
    engine: Engine, command: Command[Any], reopened: bool
) -> None:
    engine.run(KvPut("there", b""))
    first = send(engine, 1, command)
    assert first.error is None
    engine.run(KvPut("missing", b"since then"))
    before = engine.rows()
    if reopened:
        engine.reopen()
    again = send(engine, 1, command)
    assert (again.error, again.recalled) == (None, True)
    assert wire(again.result) == wire(first.result)
    after = engine.rows()
    assert [k for k in after if before.get(k) != after[k] and k[:2] != b"mm"] == []


def test_a_delivery_sent_again_gives_the_same_messages_and_leases(engine: Engine) -> None:
    engine.run(QueueEnqueue("q", [b"x", b"y"]))
    first = send(engine, 1, QueueDequeue("q", 1)).result
    again = send(engine, 1, QueueDequeue("q", 1)).result
    assert [(m.seq, m.lease, m.payload) for m in again.messages] == [
        (m.seq, m.lease, m.payload) for m in first.messages
    ]


def test_an_empty_delivery_is_not_remembered(engine: Engine) -> None:
    assert send(engine, 1, QueueDequeue("q")).result.messages == []
    engine.run(QueueEnqueue("q", [b"x"]))
    assert len(send(engine, 1, QueueDequeue("q")).result.messages) == 1


def test_numbers_of_two_clients_are_apart(engine: Engine) -> None:
    engine.run(SessionOpen(), session="you")
    assert send(engine, 1, KvIncr("n")).result == 1
    assert send(engine, 1, KvIncr("n"), "you").result == 2


def test_number_0_is_never_remembered(engine: Engine) -> None:
    assert [send(engine, 0, KvIncr("n")).result for _ in range(2)] == [1, 2]


def test_a_negative_number_is_refused(engine: Engine) -> None:
    assert isinstance(send(engine, -1, KvIncr("n")).error, BadRequestError)


def test_a_refused_command_is_judged_again(engine: Engine) -> None:
    command = KvPut("k", b"x", if_exists=True)
    assert refused(send(engine, 1, command)) == "no"
    engine.run(KvPut("k", b""))
    assert send(engine, 1, command).result == PutResult(2)


def test_numbers_may_come_in_any_order_within_the_ring(engine: Engine) -> None:
    for number in (40, 3, 17, 1, 1024):
        assert send(engine, number, KvIncr("n")).error is None
    for place, number in enumerate((40, 3, 17, 1, 1024)):
        assert send(engine, number, KvIncr("n")).result == place + 1


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("extra", [1, 14, 15, 16, 17, 32])
def test_the_last_1024_writes_are_remembered_and_older_ones_refused(
    engine: Engine, reopened: bool, extra: int
) -> None:
    engine.hold = True
    count = limits.SESSION_WRITES_MAX + extra
    for number in range(1, count + 1):
        send(engine, number, KvIncr("n"))
    if reopened:
        engine.reopen()
    engine.hold = False
    engine.flush()
    oldest = count - limits.SESSION_WRITES_MAX + 1
    assert send(engine, oldest, KvIncr("n")).result == oldest
    assert send(engine, count, KvIncr("n")).result == count
    if extra >= 2 * write_memory.BLOCK_WRITES:
        assert refused(send(engine, 1, KvIncr("n"))) == "maybe"
    assert engine.query(KvGet("n")) == str(count).encode()
    blocks = [key for key in engine.rows() if key[:2] == write_memory.SESSION_BLOCK.tag]
    assert len(blocks) <= write_memory.BLOCKS


def test_an_answer_is_remembered_for_10_minutes_and_then_refused(engine: Engine) -> None:
    send(engine, 1, KvIncr("n"))
    engine.now_ms += limits.SESSION_AGE_MS_MAX
    assert send(engine, 1, KvIncr("n")).result == 1
    engine.now_ms += 1
    assert refused(send(engine, 1, KvIncr("n"))) == "maybe"
    assert send(engine, 2, KvIncr("n")).result == 2


def test_a_session_that_is_not_known_is_refused_and_nothing_runs(engine: Engine) -> None:
    assert refused(send(engine, 1, KvIncr("n"), "stranger")) == "maybe"
    assert engine.query(KvGetEntry("n")) is None


def test_opening_twice_keeps_what_is_remembered(engine: Engine) -> None:
    send(engine, 1, KvIncr("n"))
    engine.run(SessionOpen(), session=ME)
    assert send(engine, 1, KvIncr("n")).result == 1


def test_nothing_of_a_forgotten_session_is_left(engine: Engine) -> None:
    baseline = set(Engine().rows())
    engine.run(KvIncr("n"))
    before = set(engine.rows())
    for number in range(1, 100):
        send(engine, number, KvTouch("n", 0))
    engine.run(SessionForget(ME))
    left = set(engine.rows()) - before
    assert left == baseline
    assert not any(key[:2] in (b"sn", b"sb") for key in engine.rows())
    for number in (1, 99, 100):
        assert refused(send(engine, number, KvIncr("n"))) == "maybe"
    engine.run(SessionForget(ME))


def test_known_sessions_are_listed(engine: Engine) -> None:
    engine.run(SessionOpen(), session="you")
    view = engine.machine.view(engine.store, "default", engine.now_ms)
    assert write_memory.known(view) == [ME, "you"]
    assert write_memory.is_known(view, "you")
    assert not write_memory.is_known(view, "stranger")


def test_an_undone_delivery_is_forgotten_and_may_run_again(engine: Engine) -> None:
    engine.run(QueueEnqueue("q", [b"x"]))
    first = send(engine, 1, QueueDequeue("q"))
    assert isinstance(first.delivery, Delivery)
    engine.run(HandBack(ME, 1, first.delivery))
    again = send(engine, 1, QueueDequeue("q"))
    assert not again.recalled
    [message] = again.result.messages
    assert message.attempt == 1
    assert message.lease > first.result.messages[0].lease


def test_a_refused_hand_back_forgets_nothing(engine: Engine) -> None:
    send(engine, 1, KvIncr("n"))
    outcome = engine.outcome(HandBack(ME, 1, Delivery("nothing", 1, [])))
    assert outcome.error is not None
    assert send(engine, 1, KvIncr("n")).recalled


@pytest.mark.parametrize(
    "other", [QueueDequeue("q"), KvPut("k", b"v"), GroupClaim("s", "g", "c", 0)]
)
def test_a_number_used_for_another_operation_is_refused(
    engine: Engine, other: Command[Any]
) -> None:
    assert send(engine, 1, KvIncr("n")).result == 1
    outcome = send(engine, 1, other)
    assert isinstance(outcome.error, BadRequestError)
    assert "write number 1 was another operation" in outcome.error.message
    assert send(engine, 1, KvIncr("n")).result == 1
