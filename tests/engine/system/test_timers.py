"""The time index."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from floruntime.core.errors import InternalServerError
from floruntime.core.kv import KvPut
from floruntime.core.system import Tick
from floruntime.engine.rules import RULES
from floruntime.engine.state.tx import Tx
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.system import timers
from tests.engine.harness import START_MS, Engine

KIND = 200


class Timers:
    """A transaction of its own, and a record of what fired."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.tx = Tx(self.store, rules=replace(RULES, timers={KIND: self._note}))
        self.fired: list[tuple[int, int]] = []
        self.set_while_firing: list[int] = []
        self.tx.now_ms = START_MS

    def _note(self, tx: Tx, due_ms: int, owner_id: int, item: int, data: Any) -> None:
        assert (due_ms - START_MS, owner_id, data) == (item, 1, item)
        self.fired.append((item, tx.now_ms))
        self.set(*self.set_while_firing)
        self.set_while_firing = []

    def set(self, *due: int) -> None:
        for ms in due:
            timers.set_timer(self.tx, START_MS + ms, KIND, 1, ms, ms)

    def fire(self, now_ms: int, count_max: int = 1000) -> bool:
        self.tx.now_ms = START_MS + now_ms
        more = timers.fire_due(self.tx, count_max)
        self.tx.accept()
        return more

    def flush(self) -> None:
        self.tx.accept()
        self.store.write(self.tx.take())

    def items(self) -> list[int]:
        fired, self.fired = self.fired, []
        return [item for item, _ in fired]


@pytest.fixture
def index() -> Timers:
    return Timers()


@pytest.mark.parametrize("flushed", [False, True])
def test_what_is_due_fires_in_order_of_its_time_once(index: Timers, flushed: bool) -> None:
    index.set(30, 10, 20, 31)
    if flushed:
        index.flush()
    assert index.fire(9) is False
    assert index.items() == []
    assert index.fire(30) is False
    assert index.items() == [10, 20, 30]
    assert index.fire(30) is False
    assert index.items() == []
    index.fire(31)
    assert index.items() == [31]


def test_a_tick_fires_a_bounded_number_and_says_that_more_is_due(index: Timers) -> None:
    index.set(*range(5))
    index.flush()
    assert index.fire(10, 2) is True
    assert index.items() == [0, 1]
    assert index.fire(10, 2) is True
    assert index.fire(10, 2) is False
    assert index.items() == [2, 3, 4]


def test_exactly_as_many_as_are_allowed_leave_no_more(index: Timers) -> None:
    index.set(1, 2)
    assert index.fire(2, 2) is False


def test_a_cancelled_timer_does_not_fire(index: Timers) -> None:
    index.set(1, 2)
    index.flush()
    timers.cancel_timer(index.tx, START_MS + 1, KIND, 1, 1)
    timers.cancel_timer(index.tx, START_MS + 99, KIND, 1, 99)
    index.fire(5)
    assert index.items() == [2]


def test_a_timer_set_while_firing_fires_with_the_next_tick_even_if_it_is_long_due(
    index: Timers,
) -> None:
    index.set(5)
    index.set_while_firing = [1, 5, 6]
    index.fire(5)
    assert index.items() == [5]
    assert timers.first_due(index.tx, START_MS + 6) == START_MS + 1
    index.fire(5)
    assert index.items() == [1, 5]
    index.flush()
    index.fire(6)
    assert index.items() == [6]


def test_a_timer_set_before_what_has_fired_is_found(index: Timers) -> None:
    index.set(100)
    index.fire(100)
    index.flush()
    index.set(3)
    assert timers.first_due(index.tx, START_MS + 1000) == START_MS + 3
    index.fire(100)
    assert index.items() == [100, 3]


def test_the_first_due_time_counts_the_open_batch(index: Timers) -> None:
    assert timers.first_due(index.tx, START_MS + 1000) is None
    index.set(50)
    index.flush()
    index.set(40)
    assert timers.first_due(index.tx, START_MS + 1000) == START_MS + 40
    assert timers.first_due(index.tx, START_MS + 40) is None


def test_setting_a_timer_tells_the_machine(index: Timers) -> None:
    told: list[int] = []
    index.tx.on_timer_set = told.append
    index.set(7)
    assert told == [START_MS + 7]


def test_a_refused_command_leaves_no_timer_and_no_wrong_hint() -> None:
    engine = Engine()
    engine.hold = True
    engine.run(KvPut("k", b"", ttl_ms=10))
    engine.outcome(KvPut("k", b"", ttl_ms=5, cas_version=9))
    engine.advance(10)
    engine.flush()
    assert engine.machine.first_due(engine.now_ms + 1) is None


def test_a_timer_of_an_unknown_kind_fails_the_tick_and_loses_nothing() -> None:
    engine = Engine()
    engine.run(KvPut("k", b"", ttl_ms=10))
    engine.now_ms += 10
    before = engine.rows()
    older = Engine(engine.store, rules=replace(RULES, timers={}))
    older.now_ms = engine.now_ms
    assert isinstance(older.outcome(Tick()).error, InternalServerError)
    assert {k: v for k, v in engine.rows().items() if k[:2] != b"mm"} == {
        k: v for k, v in before.items() if k[:2] != b"mm"
    }
    assert engine.machine.first_due(engine.now_ms + 1) == engine.now_ms
    engine.tick()
    assert engine.machine.first_due(engine.now_ms + 1) is None


def test_a_postponed_timer_fires_later_under_its_first_name(index: Timers) -> None:
    index.set(10, 11)
    index.tx.now_ms = START_MS + 11
    timers.postpone_first(index.tx, 1_000)
    index.flush()
    assert index.fire(11) is False
    assert index.items() == [11]
    assert timers.is_set(index.tx, START_MS + 10, KIND, 1, 10)
    assert not timers.is_set(index.tx, START_MS + 11, KIND, 1, 11)
    index.tx.now_ms = START_MS + 1_011
    timers.postpone_first(index.tx, 5)
    index.fire(1_015)
    assert index.items() == []
    index.fire(1_016)
    assert index.items() == [10]  # its handler asserts that it is told the first due time


def test_where_no_timer_is_due_none_is_postponed(index: Timers) -> None:
    index.set(10)
    timers.postpone_first(index.tx, 1_000)
    index.fire(10)
    assert index.items() == [10]
