"""What was deleted gives its space back, a bounded piece per tick."""

from __future__ import annotations

import pytest

from floruntime.core.kv import KvDelete, KvGet, KvPut
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from floruntime.core.system import NamespaceDelete, Tick
from floruntime.engine.kv.rows import FORGET_AFTER_MS, KV
from floruntime.engine.system import reclaim
from floruntime.engine.system.timers import TIMER
from tests.engine.harness import Engine


def fill(engine: Engine, namespace: str) -> None:
    for number in range(20):
        key = f"k{number}"
        engine.run(KvPut(key, b"1", ttl_ms=60_000 if number % 3 else None), namespace=namespace)
        engine.run(KvPut(key, b"2"), namespace=namespace)
        if number % 4 == 0:
            engine.run(KvDelete(key), namespace=namespace)
        engine.run(
            QueueEnqueue(f"q{number}", [b"x", b"y"], delay_ms=number % 2, dedup_key=None),
            namespace=namespace,
        )
        engine.run(QueueDequeue(f"q{number}"), namespace=namespace)


def test_nothing_of_a_deleted_namespace_is_left_in_the_end() -> None:
    engine = Engine()
    engine.run(KvPut("stays", b"1"), namespace="other")
    engine.run(KvPut("k", b"1"), namespace="shop")
    engine.run(NamespaceDelete("shop", force=True))
    engine.advance(2 * FORGET_AFTER_MS)
    baseline = set(engine.rows())
    fill(engine, "shop")
    assert len(engine.rows()) > len(baseline) + 100
    engine.run(NamespaceDelete("shop", force=True))
    engine.advance(2 * FORGET_AFTER_MS)
    assert set(engine.rows()) == baseline


def test_the_rows_go_with_the_next_ticks_and_not_only_when_their_timers_fall_due() -> None:
    engine = Engine()
    fill(engine, "shop")
    engine.run(NamespaceDelete("shop", force=True))
    engine.advance(0)
    kinds = {key[:2] for key in engine.rows()}
    assert kinds <= {b"mm", b"ns", TIMER.tag}


def test_a_tick_passes_on_a_bounded_number_of_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reclaim, "CHILDREN_PER_TICK_MAX", 3)
    engine = Engine()
    for number in range(10):
        engine.run(QueueEnqueue(f"q{number}", [b"x"]))
    engine.run(NamespaceDelete("default", force=True))
    before = len(engine.rows())
    engine.run(Tick())
    assert len(engine.rows()) >= before - 4
    ticks = len(engine.entries)
    engine.tick()
    assert len(engine.entries) - ticks >= 3
    assert {key[:2] for key in engine.rows()} <= {b"mm", b"ns", TIMER.tag}


def test_a_namespace_made_again_before_the_tick_keeps_what_is_its_own() -> None:
    engine = Engine()
    fill(engine, "default")
    engine.run(NamespaceDelete("default", force=True))
    engine.run(KvPut("k1", b"new", ttl_ms=120_000))
    engine.run(QueueEnqueue("q1", [b"new"]))
    engine.advance(60_000)
    assert engine.query(KvGet("k1")) == b"new"
    [message] = engine.run(QueueDequeue("q1")).messages
    assert message.payload == b"new"
    assert sum(key[:2] == KV.tag for key in engine.rows()) == 1


def test_reclaiming_goes_on_after_a_crash() -> None:
    engine = Engine()
    fill(engine, "shop")
    engine.run(NamespaceDelete("shop", force=True))
    engine.reopen()
    engine.tick()
    assert {key[:2] for key in engine.rows()} <= {b"mm", b"ns", TIMER.tag}
