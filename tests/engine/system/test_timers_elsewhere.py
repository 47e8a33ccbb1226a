"""Ticks are of no namespace: what a timer does, it does in the namespace of what it belongs to."""

from __future__ import annotations

import pytest

from floruntime.core.action import ActionDelete, ActionInvoke, ActionList, ActionRegister
from floruntime.core.kv import KvChanges, KvPut
from floruntime.core.queue import QueueConfigure, QueueDequeue, QueueEnqueue, QueueGetStats
from floruntime.core.stream import GroupRead, StreamAppend
from floruntime.core.system import HandBack, NamespaceList, Tick
from floruntime.core.types import Command
from floruntime.core.worker import WorkerAwait
from tests.engine.harness import Engine

AWAY = "away"
LEASE_MS = 30_000


@pytest.fixture
def engine() -> Engine:
    return Engine()


def touched_by_a_tick(engine: Engine, after_ms: int) -> list[tuple[str, str, str]]:
    engine.now_ms += after_ms
    return engine.outcome(Tick(), namespace="default").touched


def touched_by_handing_back(engine: Engine, command: Command[object]) -> list[tuple[str, str, str]]:
    delivery = engine.outcome(command, namespace=AWAY).delivery
    assert delivery is not None
    return engine.outcome(HandBack("me", 1, delivery), namespace="default").touched


def test_a_key_expires_there(engine: Engine) -> None:
    engine.run(KvPut("k", b"v", ttl_ms=10), namespace=AWAY)
    assert touched_by_a_tick(engine, 10) == [(AWAY, "kv", "k")]
    changes = engine.query(KvChanges("k", from_version=0), namespace=AWAY).changes
    assert [change.deleted for change in changes] == [False, True]
    engine.advance(25 * 3_600_000)  # the tombstone and the changes go
    assert [info.name for info in engine.query(NamespaceList()).items] == [AWAY]


def test_a_message_falls_due_and_its_lease_runs_out_there(engine: Engine) -> None:
    engine.run(QueueEnqueue("q", [b"x"], delay_ms=10), namespace=AWAY)
    assert touched_by_a_tick(engine, 10) == [(AWAY, "queue", "q")]
    engine.run(QueueDequeue("q"), namespace=AWAY)
    assert touched_by_a_tick(engine, LEASE_MS) == [(AWAY, "queue", "q")]
    assert touched_by_handing_back(engine, QueueDequeue("q")) == [(AWAY, "queue", "q")]


def test_dead_letters_are_evicted_there(engine: Engine) -> None:
    engine.run(QueueConfigure("q", max_attempts=1, dlq_limit=1), namespace=AWAY)
    engine.run(QueueEnqueue("q", [b"x"] * 3), namespace=AWAY)
    engine.run(QueueDequeue("q", 3), namespace=AWAY)
    engine.advance(LEASE_MS)
    assert engine.query(QueueGetStats("q"), namespace=AWAY).dead == 1


def test_a_groups_lease_runs_out_there(engine: Engine) -> None:
    engine.run(StreamAppend("s", [b"x"]), namespace=AWAY)
    engine.run(GroupRead("s", "g", "c"), namespace=AWAY)
    assert set(touched_by_a_tick(engine, LEASE_MS)) == {(AWAY, "stream", "s")}
    read = GroupRead("s", "g", "c")
    assert touched_by_handing_back(engine, read) == [(AWAY, "stream", "s")]


def test_a_claim_runs_out_and_a_run_times_out_there(engine: Engine) -> None:
    engine.run(ActionRegister("a", timeout_ms=10, run_timeout_ms=9_000), namespace=AWAY)
    run_id = engine.run(ActionInvoke("a", b""), namespace=AWAY).run_id
    engine.run(WorkerAwait("w", ["a"]), namespace=AWAY)
    assert touched_by_a_tick(engine, 10) == []  # a run that was lost waits for a while
    assert touched_by_a_tick(engine, 2_000) == [(AWAY, "due/a", "")]
    handed_back = touched_by_handing_back(engine, WorkerAwait("w", ["a"]))
    assert handed_back == [(AWAY, "due/a", "")]
    assert touched_by_a_tick(engine, 9_000) == [(AWAY, "run", run_id)]


def test_a_deleted_action_goes_on_losing_its_runs_there(engine: Engine) -> None:
    engine.run(ActionRegister("a"), namespace=AWAY)
    for _ in range(501):
        engine.run(ActionInvoke("a", b""), namespace=AWAY)
    engine.run(ActionDelete("a", force=True), namespace=AWAY)
    [topic] = touched_by_a_tick(engine, 0)
    assert topic[:2] == (AWAY, "run")
    assert engine.query(ActionList(), namespace=AWAY).items == []
