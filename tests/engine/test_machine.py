"""The machine: refusals, batches, bugs, the nearly full disk, replay, purity."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    FloError,
    InternalServerError,
    NotFoundError,
    StorageFullError,
)
from floruntime.core.kv import (
    KvCheck,
    KvDelete,
    KvExists,
    KvGet,
    KvIncr,
    KvJsonSet,
    KvPut,
    KvTouch,
    PutResult,
)
from floruntime.core.queue import QueueAck, QueueDequeue, QueueEnqueue
from floruntime.core.system import Batch, NamespaceDelete, SessionOpen, Tick
from floruntime.engine.machine import applied_index
from floruntime.engine.rules import RULES
from floruntime.engine.state.dispatch import CommandRule
from floruntime.engine.state.machine_row import MachineRow
from floruntime.engine.state.tx import Tx, View
from tests.engine.harness import Engine

MACHINE = b"mm"


def rows(engine: Engine) -> dict[bytes, bytes]:
    return {key: value for key, value in engine.rows().items() if key[:2] != MACHINE}


def error_of(engine: Engine, command: Any, **options: Any) -> FloError:
    error = engine.outcome(command, **options).error
    assert error is not None
    return error


# Refusals


def test_a_refused_command_writes_nothing_and_uses_no_number(engine: Engine) -> None:
    engine.run(KvPut("k", b"v", ttl_ms=50))
    engine.now_ms += 50
    before = rows(engine)
    assert isinstance(error_of(engine, KvPut("k", b"x", cas_version=1)), ConflictError)
    assert rows(engine) == before
    assert engine.run(KvPut("k", b"x")).version == 3


def test_one_bad_command_does_not_spoil_its_batch_on_disk(engine: Engine) -> None:
    engine.hold = True
    engine.outcome(KvPut("a", b"1"))
    engine.outcome(KvPut("b", b"1", if_exists=True))
    engine.outcome(KvPut("c", b"1"))
    engine.flush()
    assert [engine.query(KvExists(key)) for key in "abc"] == [True, False, True]


def test_a_refused_command_leaves_what_the_open_batch_wrote_before_it(engine: Engine) -> None:
    engine.hold = True
    engine.run(KvPut("k", b"1"))
    command = Batch([KvPut("k", b"2"), KvDelete("k"), KvCheck("k", 99)])
    assert isinstance(error_of(engine, command), ConflictError)
    assert engine.run(KvPut("k", b"3", cas_version=1)).version == 2


@pytest.mark.parametrize(
    ("earlier", "refused", "current_version"),
    [
        (KvPut("k", b"2"), KvCheck("k", 99), 1),
        (KvPut("k", b"2"), KvPut("k", b"3", cas_version=7), 1),
        (KvDelete("k"), KvCheck("k", 99), 1),
        (KvDelete("k"), KvPut("k", b"3", cas_version=1), None),
        (KvPut("k", b"2"), KvPut("k", b"3", cas_version=1), None),
        (KvPut("n", b"x"), KvIncr("n"), None),
        (KvPut("n", b"x"), KvPut("n", b"y", if_not_exists=True), None),
        (KvPut("other", b"x"), KvPut("missing", b"", if_exists=True), 0),
    ],
)
def test_a_refused_batch_tells_no_version_that_it_would_have_made(
    engine: Engine, earlier: Any, refused: Any, current_version: int | None
) -> None:
    engine.run(KvPut("k", b"1"))
    before = rows(engine)
    error = error_of(engine, Batch([earlier, refused]))
    assert isinstance(error, ConflictError)
    assert (error.current_version, error.index) == (current_version, 1)
    assert ("an earlier command of this batch" in str(error)) == (current_version is None)
    assert rows(engine) == before
    assert engine.run(KvPut("k", b"3", cas_version=1)).version == 2


def test_the_index_counts_commands_that_wrote(engine: Engine) -> None:
    engine.run(KvPut("k", b""))
    engine.outcome(KvPut("k", b"", cas_version=9))
    engine.run(KvDelete("missing"))
    assert engine.machine.index == 1
    assert applied_index(engine.store) == 1
    engine.reopen()
    assert engine.machine.index == 1


def test_time_and_ids_go_on_after_a_restart(engine: Engine) -> None:
    engine.run(SessionOpen(), session="a")
    engine.advance(1000)
    engine.run(KvPut("k", b""))
    engine.reopen()
    assert engine.machine.time_ms == engine.now_ms
    engine.run(SessionOpen(), session="b")
    ids = [value for key, value in engine.rows().items() if key[:2] == b"sn"]
    assert len(set(ids)) == 2


def test_command_time_never_goes_back(engine: Engine) -> None:
    engine.run(KvPut("k", b""))
    engine.now_ms -= 1
    with pytest.raises(AssertionError, match="never goes back"):
        engine.run(KvPut("k", b""))


# Bugs


@pytest.fixture
def broken() -> Iterator[Engine]:
    """An engine of which one command and one query fail."""

    def fail(tx: Tx, command: KvTouch) -> bool:
        RULES.commands[KvPut].apply(tx, KvPut("half", b"done"))
        tx.touch(("default", "kv", "half"))
        raise ZeroDivisionError("a bug")

    def fail_to_read(view: View, query: KvExists) -> bool:
        raise ZeroDivisionError("a bug")

    commands: dict[Any, CommandRule] = {**RULES.commands, KvTouch: CommandRule(fail, False)}
    queries: dict[Any, Any] = {**RULES.queries, KvExists: fail_to_read}
    logging.disable(logging.CRITICAL)
    yield Engine(rules=replace(RULES, commands=commands, queries=queries))
    logging.disable(logging.NOTSET)


def test_an_unexpected_exception_is_an_internal_error_and_writes_nothing(broken: Engine) -> None:
    before = rows(broken)
    outcome = broken.outcome(KvTouch("k", 1))
    assert isinstance(outcome.error, InternalServerError)
    assert "kv.touch" in outcome.error.message
    assert outcome.touched == []
    assert rows(broken) == before
    assert broken.outcome(KvPut("k", b"")).touched == [("default", "kv", "k")]


def test_an_unexpected_exception_in_a_query_is_an_internal_error(broken: Engine) -> None:
    with pytest.raises(InternalServerError, match=r"kv\.exists"):
        broken.query(KvExists("k"))


# Batches


def test_a_batch_answers_in_order_and_sees_its_own_writes(engine: Engine) -> None:
    results = engine.run(
        Batch(
            [
                KvPut("k", b"1"),
                KvIncr("k"),
                KvCheck("k", 2),
                KvDelete("k"),
                KvDelete("k"),
                QueueEnqueue("q", [b"x"]),
            ]
        )
    )
    assert results == [PutResult(1), 2, None, True, False, [1]]


@pytest.mark.parametrize(
    ("refused", "kind"),
    [
        (KvPut("b", b"", if_exists=True), ConflictError),
        (KvPut("", b""), BadRequestError),
        (KvJsonSet("b", "$.a", b"1"), NotFoundError),
        (QueueAck("q", [7], [7]), ConflictError),
    ],
)
def test_a_batch_is_all_or_nothing_and_names_the_one_refused(
    engine: Engine, refused: Any, kind: type[FloError]
) -> None:
    before = rows(engine)
    error = error_of(engine, Batch([KvPut("a", b""), QueueEnqueue("q", [b"x"]), refused]))
    assert isinstance(error, kind)
    assert error.index == 2
    assert rows(engine) == before


@pytest.mark.parametrize("count", [0, limits.BATCH_COMMANDS_MAX + 1])
def test_a_batch_of_too_few_or_too_many_is_refused(engine: Engine, count: int) -> None:
    error = error_of(engine, Batch([KvDelete("k")] * count))
    assert isinstance(error, BadRequestError)
    assert str(count) in error.message


def test_the_largest_batches_are_taken(engine: Engine) -> None:
    assert len(engine.run(Batch([KvDelete("k")] * limits.BATCH_COMMANDS_MAX))) == 1000
    value = b"x" * (limits.MIB - 100)
    assert len(engine.run(Batch([KvPut(str(n), value) for n in range(4)]))) == 4


def test_a_batch_past_4_mib_is_refused(engine: Engine) -> None:
    value = b"x" * limits.MIB
    error = error_of(engine, Batch([KvPut(str(number), value) for number in range(4)]))
    assert isinstance(error, BadRequestError)
    assert str(limits.BATCH_BYTES_MAX) in error.message


# The nearly full disk


def test_growth_is_refused_while_the_disk_is_nearly_full(engine: Engine) -> None:
    for command in (KvPut("k", b""), KvIncr("n"), KvJsonSet("d", "$", b"1")):
        assert isinstance(error_of(engine, command, may_grow=False), StorageFullError)
    assert isinstance(error_of(engine, QueueEnqueue("q", [b""]), may_grow=False), StorageFullError)


def test_reads_acks_and_deletes_go_on_while_the_disk_is_nearly_full(engine: Engine) -> None:
    engine.run(KvPut("k", b"", ttl_ms=5))
    engine.run(KvPut("l", b""))
    engine.run(QueueEnqueue("q", [b"x"]))
    [message] = engine.run(QueueDequeue("q"), may_grow=False).messages
    ack = QueueAck("q", [message.seq], [message.lease])
    batch = Batch([ack, KvDelete("l"), KvTouch("k", 10)])
    results = engine.run(batch, may_grow=False)
    assert results[0].done == [message.seq]
    assert results[1:] == [True, True]
    engine.now_ms += 10
    engine.run(Tick(), may_grow=False)
    assert engine.run(NamespaceDelete("default", force=True), may_grow=False)


def test_growth_inside_a_batch_is_refused_by_its_place(engine: Engine) -> None:
    engine.run(KvPut("k", b""))
    before = rows(engine)
    error = error_of(engine, Batch([KvDelete("k"), KvPut("x", b"")]), may_grow=False)
    assert isinstance(error, StorageFullError)
    assert error.index == 1
    assert rows(engine) == before


# Replay


def test_the_same_entries_on_a_second_machine_give_identical_rows(engine: Engine) -> None:
    engine.run(SessionOpen(), session="me")
    for number in range(1, 60):
        engine.outcome(KvPut(f"k{number % 5}", b"x", ttl_ms=30), session="me", number=number)
        engine.outcome(KvPut("k1", b"y", cas_version=number), session="me", number=number)
        engine.outcome(QueueEnqueue("q", [b"x"], delay_ms=number))
        engine.outcome(QueueDequeue("q", visibility_timeout_ms=40), session="me", number=0)
        if number % 10 == 0:
            engine.outcome(Batch([KvIncr("n"), KvPut("n", b"")]), session="me", number=number)
            engine.outcome(NamespaceDelete("default", force=True))
        engine.advance(7)
    second = Engine()
    for entry in engine.entries:
        second.machine.apply(entry)
    second.flush()
    assert second.rows() == engine.rows()
    third = Engine()
    for entry in engine.entries:
        third.machine.apply(entry)
        third.reopen()
    assert third.rows() == engine.rows()


def test_a_machine_row_is_small() -> None:
    assert MachineRow() == MachineRow(0, 0, 1)


def test_a_query_of_a_snapshot_does_not_see_the_open_batch(engine: Engine) -> None:
    engine.hold = True
    engine.run(KvPut("k", b""))
    assert engine.query(KvGet("k")) is None
