"""Settings, counts, listing, purging and deleting of queues."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, StorageFullError
from floruntime.core.queue import (
    QueueConfig,
    QueueConfigure,
    QueueDelete,
    QueueDequeue,
    QueueEnqueue,
    QueueGetStats,
    QueueList,
    QueuePurge,
    QueueStats,
)
from floruntime.core.system import HandBack, NamespaceDelete
from floruntime.engine.queue import messages as queue_messages
from tests.engine.harness import Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs


def test_configure_keeps_what_is_none_and_begins_with_the_defaults() -> None:
    jobs = Jobs()
    assert jobs.configure() == QueueConfig(5, 0, 10_000, 300_000)
    assert jobs.configure(max_attempts=3) == QueueConfig(3, 0, 10_000, 300_000)
    assert jobs.configure(retry_delay_ms=7, dlq_limit=8, dedup_window_ms=9) == QueueConfig(
        3, 7, 8, 9
    )
    jobs.engine.reopen()
    assert jobs.configure() == QueueConfig(3, 7, 8, 9)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("max_attempts", 1, 0),
        ("max_attempts", limits.ATTEMPTS_MAX, limits.ATTEMPTS_MAX + 1),
        ("retry_delay_ms", limits.DURATION_MS_MAX, limits.DURATION_MS_MAX + 1),
        ("retry_delay_ms", 0, -1),
        ("dlq_limit", 0, -1),
        ("dlq_limit", limits.UINT_MAX, limits.UINT_MAX + 1),
        ("dedup_window_ms", limits.DURATION_MS_MAX, limits.DURATION_MS_MAX + 1),
        ("dedup_window_ms", 0, -1),
    ],
)
def test_each_setting_is_limited(field: str, good: int, bad: int) -> None:
    engine = Engine()
    settings: dict[str, Any] = {field: good}
    config = engine.run(QueueConfigure(JOBS, **settings))
    assert getattr(config, field) == good
    settings = {field: bad}
    with pytest.raises(BadRequestError, match=field):
        engine.run(QueueConfigure(JOBS, **settings))


def test_how_delays_grow_is_set_and_kept() -> None:
    engine = Engine()
    growing = QueueConfigure(
        JOBS, retry_delay_ms=100, retry_backoff="exponential", retry_delay_max_ms=5_000
    )
    engine.run(growing)
    config = engine.run(QueueConfigure(JOBS, max_attempts=9))
    assert (config.retry_delay_ms, config.retry_backoff) == (100, "exponential")
    assert config.retry_delay_max_ms == 5_000
    for bad in ({"retry_backoff": "linear"}, {"retry_delay_max_ms": 99}, {"retry_delay_ms": 5_001}):
        settings: dict[str, Any] = bad
        with pytest.raises(BadRequestError):
            engine.run(QueueConfigure(JOBS, **settings))
    assert engine.run(QueueConfigure(JOBS)) == config


def test_a_queue_that_does_not_exist_is_empty() -> None:
    jobs = Jobs()
    assert jobs.stats() == QueueStats(JOBS, 0, 0, 0, 0, 0, 0, 0, 0)
    assert jobs.engine.run(QueuePurge(JOBS)) == 0
    assert jobs.engine.run(QueueDelete(JOBS)) is False
    assert jobs.engine.machine.index == 0


def test_stats_count_every_phase_and_the_totals() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b", b"c", b"d")
    jobs.put(b"e", delay_ms=1000)
    first, second, third = jobs.take(3)
    jobs.ack(first)
    jobs.nack(second, to_dlq=True)
    assert third.seq == 3
    jobs.engine.advance(70)
    assert jobs.stats() == QueueStats(JOBS, 1, 1, 1, 1, 70, 5, 1, 0)


def test_the_oldest_is_the_oldest_that_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_messages, "SEEK_OLDEST_EVERY", 2)
    jobs = Jobs()
    for _ in range(6):
        jobs.put(b"x")
        jobs.engine.advance(10)
    assert jobs.stats().oldest_age_ms == 60
    first, second, third, fourth = jobs.take(4)
    assert jobs.stats().oldest_age_ms == 60  # leased, but there
    jobs.ack(second)
    assert jobs.stats().oldest_age_ms == 60
    jobs.ack(first)
    assert jobs.stats().oldest_age_ms == 40
    jobs.nack(third, to_dlq=True)
    jobs.ack(fourth)
    assert jobs.stats().oldest_age_ms == 20
    jobs.ack(*jobs.take(2))
    assert jobs.stats().oldest_age_ms == 0
    jobs.put(b"x")
    jobs.engine.advance(5)
    assert jobs.stats().oldest_age_ms == 5


def test_purge_deletes_all_but_dead_letters_in_one_commit() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=7)
    jobs.put(b"a", b"b", b"c", dedup_key=None)
    jobs.put(b"d", delay_ms=100)
    jobs.put(b"e", dedup_key="k")
    dead, leased = jobs.take(2, lease_ms=50)
    jobs.nack(dead, to_dlq=True)
    assert jobs.counts() == (2, 1, 1, 1)
    assert jobs.engine.run(QueuePurge(JOBS)) == 4
    assert jobs.counts() == (0, 0, 0, 1)
    assert jobs.ack(leased).stale == [2]
    jobs.engine.advance(1000)  # timers of what was purged do nothing
    assert jobs.counts() == (0, 0, 0, 1)
    assert jobs.take(10) == []
    assert jobs.configure().max_attempts == 7
    assert jobs.put(b"e", dedup_key="k") == [5]
    assert jobs.put(b"f") == [6]  # seqs go on
    assert seqs(jobs.take(10)) == [6]
    assert jobs.stats().enqueued_total == 6
    assert jobs.engine.run(QueuePurge(JOBS)) == 1
    assert jobs.engine.run(QueuePurge(JOBS)) == 0


def test_a_purge_writes_few_rows_and_gives_its_space_back_by_ticks() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    jobs.engine.run(QueuePurge(JOBS))
    jobs.engine.tick()
    before = len(jobs.engine.rows())
    for _ in range(3):
        jobs.put(*[b"x"] * 1000)
    jobs.engine.hold = True
    jobs.engine.run(QueuePurge(JOBS))
    changes = jobs.engine.machine.take()
    assert len(changes.rows) < 10
    jobs.engine.store.write(changes)
    jobs.engine.hold = False
    jobs.engine.tick()
    assert len(jobs.engine.rows()) == before


def test_delete_leaves_nothing_and_a_new_queue_starts_fresh() -> None:
    jobs = Jobs()
    engine = jobs.engine
    engine.run(QueueEnqueue("other", [b"x"]))
    engine.tick()
    before = set(engine.rows())
    jobs.configure(max_attempts=2)
    jobs.put(b"a", b"b", b"c")
    jobs.put(b"d", dedup_key="k")
    jobs.put(b"e", delay_ms=100)
    acked, dead, held = jobs.take(3, lease_ms=50)
    jobs.ack(acked)
    jobs.nack(dead, to_dlq=True)
    assert engine.run(QueueDelete(JOBS)) is True
    assert jobs.stats() == QueueStats(JOBS, 0, 0, 0, 0, 0, 0, 0, 0)
    assert jobs.dead() == []
    assert jobs.take(10) == []
    assert jobs.put(b"new", dedup_key="k") == [1]
    assert jobs.configure().max_attempts == 5
    assert jobs.ack(held).stale == [3]
    assert jobs.ack(acked).stale == [1]
    assert jobs.take_one().lease > held.lease
    assert engine.run(QueueDelete(JOBS)) is True
    engine.advance(400_000)
    assert set(engine.rows()) == before


def test_timers_and_hand_backs_of_a_deleted_queue_do_nothing_to_its_successor() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    outcome = jobs.engine.outcome(QueueDequeue(JOBS, 2, 100))
    jobs.engine.run(QueueDelete(JOBS))
    jobs.put(b"new")
    jobs.take_one(lease_ms=1000)
    assert outcome.delivery is not None
    jobs.engine.run(HandBack("", 0, outcome.delivery))
    jobs.engine.advance(100)
    assert jobs.counts() == (0, 0, 1, 0)


def test_list_pages_by_name_within_the_namespace() -> None:
    engine = Engine()
    for name in ("b", "é", "a", "c"):
        engine.run(QueueEnqueue(name, [b"x"]))
    engine.run(QueueEnqueue("foreign", [b"x"]), namespace="other")
    first = engine.query(QueueList(2))
    assert [stats.name for stats in first.items] == ["a", "b"]
    assert first.items[0].ready == 1
    engine.run(QueueDelete("b"))
    engine.run(QueueEnqueue("aa", [b"x"]))
    second = engine.query(QueueList(2, first.cursor))
    assert [stats.name for stats in second.items] == ["c", "é"]
    assert second.cursor is None
    with pytest.raises(BadRequestError, match="cursor"):
        engine.query(QueueList(2, first.cursor), namespace="other")
    for limit in (0, 1001):
        with pytest.raises(BadRequestError, match="limit"):
            engine.query(QueueList(limit))


def test_deleting_a_namespace_takes_its_queues_with_it() -> None:
    jobs = Jobs()
    engine = jobs.engine
    jobs.put(b"a", b"b")
    message = jobs.take_one(lease_ms=100)
    jobs.put(b"c", delay_ms=100)
    with pytest.raises(ConflictError, match="not empty"):
        engine.run(NamespaceDelete("default"))
    engine.run(NamespaceDelete("default", force=True))
    assert jobs.counts() == (0, 0, 0, 0)
    assert engine.query(QueueList()).items == []
    assert jobs.ack(message).stale == [1]
    engine.advance(400_000)
    assert len(engine.rows()) == 2  # the machine's and the namespace's own
    assert jobs.put(b"new") == [1]


def test_namespaces_never_see_each_other() -> None:
    jobs = Jobs()
    jobs.put(b"mine")
    engine = jobs.engine
    assert engine.run(QueueDequeue(JOBS), namespace="other").messages == []
    assert engine.query(QueueGetStats(JOBS), namespace="other").ready == 0
    assert engine.run(QueuePurge(JOBS), namespace="other") == 0
    assert seqs(jobs.take()) == [1]


def test_a_full_disk_stops_configure_but_not_purge_and_delete() -> None:
    engine = Engine()
    engine.run(QueueEnqueue(JOBS, [b"x"]))
    with pytest.raises(StorageFullError):
        engine.run(QueueConfigure(JOBS, 3), may_grow=False)
    assert engine.run(QueuePurge(JOBS), may_grow=False) == 1
    assert engine.run(QueueDelete(JOBS), may_grow=False)
