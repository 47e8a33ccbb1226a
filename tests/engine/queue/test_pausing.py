"""A queue that is paused delivers nothing; a delayed message is promoted."""

from __future__ import annotations

from floruntime.core.queue import QueueGetStats, QueuePause, QueuePromote, QueueStats
from tests.engine.queue.calls import JOBS, Jobs, seqs


def pause(jobs: Jobs, paused: bool = True) -> QueueStats:
    return jobs.engine.run(QueuePause(JOBS, paused))


def test_a_paused_queue_delivers_nothing_and_takes_everything() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    leased = jobs.take_one()
    assert pause(jobs).paused
    jobs.put(b"b")
    assert jobs.take() == []
    assert jobs.take(on_delivery=True) == []
    assert jobs.ack(leased).done == [1]
    assert jobs.engine.query(QueueGetStats(JOBS)).ready == 1
    jobs.engine.reopen()
    assert jobs.take() == []
    assert not pause(jobs, paused=False).paused
    assert seqs(jobs.take()) == [2]


def test_a_resumed_queue_is_offered_to_those_who_wait() -> None:
    jobs = Jobs()
    pause(jobs)
    jobs.put(b"a")
    topic = ("default", "queue", JOBS)
    assert topic in jobs.engine.outcome(QueuePause(JOBS, False)).touched
    assert topic not in jobs.engine.outcome(QueuePause(JOBS, False)).touched


def test_pausing_makes_a_queue_and_again_changes_nothing() -> None:
    jobs = Jobs()
    pause(jobs)
    before = jobs.engine.rows()
    pause(jobs)
    assert jobs.engine.rows() == before


def test_what_is_promoted_is_due_now() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b", delay_ms=1_000)
    jobs.put(b"c")
    assert jobs.engine.run(QueuePromote(JOBS, [2, 2, 3, 99])) == 1
    assert jobs.counts() == (2, 1, 0, 0)
    assert seqs(jobs.take(5)) == [2, 3]
    jobs.engine.advance(1_000)
    assert seqs(jobs.take(5)) == [1]
    assert jobs.engine.run(QueuePromote("none", [1])) == 0


def test_a_promoted_retry_keeps_its_attempts() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    jobs.nack(jobs.take_one(), delay_ms=1_000)
    assert jobs.engine.run(QueuePromote(JOBS, [1])) == 1
    assert jobs.take_one().attempt == 2
