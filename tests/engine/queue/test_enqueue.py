"""Enqueueing: seqs, delays, dedup keys, a full disk."""

from __future__ import annotations

import pytest

from floruntime.core.errors import BadRequestError, StorageFullError
from floruntime.core.queue import QueueDequeue, QueueEnqueue, QueuePeek
from floruntime.core.system import Batch
from tests.engine.harness import Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs


def test_seqs_count_up_from_one() -> None:
    jobs = Jobs()
    assert jobs.put(b"a") == [1]
    assert jobs.put(b"b", b"c") == [2, 3]


# Delay


def test_a_delayed_message_is_invisible_until_due_also_after_a_restart() -> None:
    jobs = Jobs()
    jobs.put(b"a", delay_ms=1000)
    assert jobs.counts() == (0, 1, 0, 0)
    jobs.engine.advance(999)
    assert jobs.take() == []
    assert jobs.peek() == []
    jobs.engine.reopen()
    jobs.engine.advance(1)
    assert jobs.counts() == (1, 0, 0, 0)
    assert seqs(jobs.take()) == [1]


def test_many_delayed_messages_fall_due_in_bounded_pieces_and_all() -> None:
    jobs = Jobs()
    jobs.put(*[b"x"] * 100, delay_ms=10)
    jobs.engine.now_ms += 10
    jobs.engine.tick()
    assert seqs(jobs.take(200)) == list(range(1, 101))


# Dedup


def test_a_dedup_key_enqueues_once_within_its_window() -> None:
    jobs = Jobs()
    assert jobs.put(b"a", dedup_key="k") == [1]
    index = jobs.engine.machine.index
    assert jobs.put(b"other", dedup_key="k") == [1]
    assert jobs.engine.machine.index == index
    assert jobs.put(b"b", dedup_key="another") == [2]
    assert seqs(jobs.take(10)) == [1, 2]


def test_a_dedup_key_outlives_its_message_and_a_restart_but_not_its_window() -> None:
    jobs = Jobs()
    jobs.put(b"a", dedup_key="k")
    jobs.ack(jobs.take_one())
    jobs.engine.reopen()
    jobs.engine.now_ms += 299_999
    assert jobs.put(b"a", dedup_key="k") == [1]
    jobs.engine.now_ms += 1  # the timer is late: the row is judged by the time
    assert jobs.put(b"a", dedup_key="k") == [2]
    jobs.engine.tick()
    assert jobs.put(b"a", dedup_key="k") == [2]  # the old timer left the new row alone
    jobs.engine.advance(300_000)
    assert jobs.put(b"a", dedup_key="k") == [3]


def test_the_window_counts_from_the_first_enqueue() -> None:
    jobs = Jobs()
    jobs.configure(dedup_window_ms=100)
    jobs.put(b"a", dedup_key="k")
    jobs.engine.advance(60)
    jobs.put(b"a", dedup_key="k")
    jobs.engine.advance(40)
    assert jobs.put(b"a", dedup_key="k") == [2]


def test_a_window_of_zero_dedups_nothing() -> None:
    jobs = Jobs()
    jobs.configure(dedup_window_ms=0)
    assert jobs.put(b"a", dedup_key="k") == [1]
    assert jobs.put(b"a", dedup_key="k") == [2]


def test_dedup_keys_belong_to_one_queue_and_namespace() -> None:
    engine = Engine()
    command = QueueEnqueue(JOBS, [b"a"], dedup_key="k")
    assert engine.run(command) == [1]
    assert engine.run(QueueEnqueue("else", [b"a"], dedup_key="k")) == [1]
    assert engine.run(command, namespace="other") == [1]
    assert seqs(engine.query(QueuePeek(JOBS, 10)).messages) == [1]
    assert len(engine.query(QueuePeek(JOBS, 10), namespace="other").messages) == 1


def test_a_refused_enqueue_uses_up_no_key() -> None:
    jobs = Jobs()
    with pytest.raises(BadRequestError, match="priority is 65536"):
        jobs.put(b"a", priority=65_536, dedup_key="k")
    refused = Batch([QueueEnqueue(JOBS, [b"a"], dedup_key="k"), QueueEnqueue(JOBS, [b"a"], -1)])
    assert jobs.engine.outcome(refused).error is not None
    jobs.put(b"before")
    assert jobs.put(b"a", dedup_key="k") == [2]


def test_a_dedup_key_stands_for_one_payload() -> None:
    with pytest.raises(BadRequestError, match="one payload"):
        Jobs().put(b"a", b"b", dedup_key="k")


def test_nothing_to_enqueue_makes_no_queue() -> None:
    jobs = Jobs()
    assert jobs.put() == []
    assert jobs.engine.machine.index == 0


def test_a_full_disk_stops_enqueue_but_not_consumers() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    with pytest.raises(StorageFullError):
        jobs.engine.run(QueueEnqueue(JOBS, [b"b"]), may_grow=False)
    outcome = jobs.engine.outcome(QueueDequeue(JOBS), may_grow=False)
    assert outcome.error is None
    assert len(outcome.result.messages) == 1
