"""A copy answers what it is new enough for, and says how old it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from floruntime.core.kv import KvGet
from floruntime.core.terms import Terms, Told
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.cluster.local_reads import LocalReads
from floruntime.server.cluster.message import Position

SEQUENCE, STALE_MS = 7, 300


class Caller:
    spans = None

    def __init__(self, seen: int, max_staleness_ms: int | None = None) -> None:
        self.terms: Terms | None = Terms(0, seen, max_staleness_ms)
        self.answers: list[tuple[Any, Any]] = []

    def add_answer(
        self, request_id: int, result: Any, error: Any, told: Told | None = None
    ) -> None:
        self.answers.append((result, told))


def answered(
    caller: Caller, *, may_be_read: bool = True, stale_ms: int | None = STALE_MS, partition: int = 0
) -> bool:
    position = Position(SEQUENCE, time_ms=1_000)
    replica = SimpleNamespace(position=position, store=MemoryStore(), may_be_read=may_be_read)
    watch = SimpleNamespace(staleness_ms=lambda sequence: stale_ms, time_ms=lambda: None)
    config = SimpleNamespace(value_bytes_max=1_000)
    node: Any = SimpleNamespace(replicas={0: replica}, watches=[watch, watch], config=config)
    return LocalReads(node).answer(partition, caller, 1, "default", KvGet("k"))


def test_a_copy_that_has_what_was_seen_answers_and_says_how_old_it_is() -> None:
    for seen in (0, SEQUENCE):
        caller = Caller(seen, STALE_MS)
        assert answered(caller)
        assert caller.answers == [(None, Told(SEQUENCE, STALE_MS))]


def test_one_that_is_behind_what_was_seen_does_not() -> None:
    caller = Caller(SEQUENCE + 1)
    assert not answered(caller)
    assert not caller.answers


def test_one_of_the_history_before_does_not_however_far_it_was() -> None:
    now = Position(SEQUENCE - 5, history=1)
    assert not answered(Caller(now.reach))
    assert Position(SEQUENCE).reach == SEQUENCE, "as older versions tell it"


def test_one_that_is_too_old_does_not() -> None:
    assert not answered(Caller(0, STALE_MS - 1))


def test_one_of_which_nobody_knows_how_old_it_is_does_not() -> None:
    assert not answered(Caller(0), stale_ms=None)


def test_one_that_stands_beside_the_log_does_not_nor_one_that_is_not_there() -> None:
    assert not answered(Caller(0), may_be_read=False)
    assert not answered(Caller(0), partition=1)
