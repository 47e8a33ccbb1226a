"""Dead letters: how messages get there, and how they leave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from floruntime.core.errors import BadRequestError
from floruntime.core.queue import (
    QueueDlqDelete,
    QueueDlqList,
    QueueDlqPurge,
    QueueDlqRequeue,
    QueuePurge,
)
from floruntime.engine.queue import dead_letters as queue_dead
from tests.engine.harness import START_MS
from tests.engine.queue.calls import JOBS, Jobs, seqs


def bury(jobs: Jobs, count: int) -> None:
    """Let that many new messages die, in the order of their seqs."""
    jobs.put(*[b"x"] * count)
    jobs.nack(*jobs.take(count), to_dlq=True)


@pytest.mark.parametrize("max_attempts", [1, 2, 5])
@pytest.mark.parametrize("how", ["nack", "run out"])
def test_after_max_attempts_deliveries_in_total_a_message_is_dead(
    max_attempts: int, how: str
) -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=max_attempts)
    jobs.put(b"a")
    for attempt in range(1, max_attempts + 1):
        assert jobs.counts() == (1, 0, 0, 0)
        message = jobs.take_one(lease_ms=10)
        assert message.attempt == attempt
        if how == "nack":
            jobs.nack(message)
        else:
            jobs.engine.advance(10)
    assert jobs.counts() == (0, 0, 0, 1)
    (dead,) = jobs.dead()
    assert (dead.reason, dead.attempt) == ("max_attempts", max_attempts)
    assert jobs.take() == []


def test_a_dead_letter_tells_its_story() -> None:
    jobs = Jobs()
    jobs.put(b"a", priority=3)
    jobs.engine.advance(10)
    jobs.nack(jobs.take_one(), error="first")
    jobs.engine.advance(10)
    jobs.nack(jobs.take_one(), to_dlq=True)
    (dead,) = jobs.dead()
    assert (dead.seq, dead.payload, dead.priority, dead.attempt, dead.lease) == (1, b"a", 3, 2, 0)
    assert (dead.reason, dead.error) == ("nacked", "first")
    assert dead.enqueued_at_ms == START_MS
    assert (dead.first_delivered_at_ms, dead.last_delivered_at_ms) == (START_MS + 10, START_MS + 20)


def test_the_last_error_text_is_kept() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=2)
    jobs.put(b"a")
    jobs.nack(jobs.take_one(), error="first")
    jobs.nack(jobs.take_one(), error="second")
    assert [m.error for m in jobs.dead()] == ["second"]


def test_dead_letters_page_in_the_order_of_deaths() -> None:
    jobs = Jobs()
    jobs.put(*[b"x"] * 5)
    messages = jobs.take(5)
    for message in reversed(messages):
        jobs.nack(message, to_dlq=True)
    first = jobs.engine.query(QueueDlqList(JOBS, 2))
    assert (seqs(first.messages), first.has_more) == ([5, 4], True)
    jobs.engine.run(QueueDlqDelete(JOBS, [5, 3]))
    second = jobs.engine.query(QueueDlqList(JOBS, 2, first.cursor))
    assert (seqs(second.messages), second.cursor) == ([2, 1], None)


def test_a_foreign_or_garbled_cursor_is_refused() -> None:
    jobs = Jobs()
    bury(jobs, 2)
    cursor = jobs.engine.query(QueueDlqList(JOBS, 1)).cursor
    assert cursor is not None
    jobs.engine.run(QueueDlqPurge(JOBS))
    assert jobs.engine.query(QueueDlqList(JOBS, 1, cursor)).messages == []
    for queue, bad in ((JOBS, cursor[:-2] + "AA"), ("else", cursor)):
        with pytest.raises(BadRequestError, match="cursor"):
            jobs.engine.query(QueueDlqList(queue, 1, bad))


def test_dlq_list_is_limited() -> None:
    jobs = Jobs()
    assert jobs.dead(1000) == []
    for limit in (0, 1001):
        with pytest.raises(BadRequestError, match="limit"):
            jobs.dead(limit)


def test_requeue_resets_attempts_and_doing_it_twice_does_nothing() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=1)
    jobs.put(b"a")
    jobs.nack(jobs.take_one())
    requeue = QueueDlqRequeue(JOBS, [1, 1, 99])
    outcome = jobs.engine.outcome(requeue)
    assert outcome.result == 1
    assert ("default", "queue", JOBS) in outcome.touched
    assert jobs.counts() == (1, 0, 0, 0)
    assert jobs.engine.run(requeue) == 0
    assert jobs.dead() == []
    message = jobs.take_one()
    assert (message.seq, message.attempt, message.enqueued_at_ms) == (1, 1, START_MS)
    jobs.nack(message)
    assert jobs.counts() == (0, 0, 0, 1)


def test_a_requeued_message_has_a_new_lease_so_the_old_holder_is_stale() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=1)
    jobs.put(b"a")
    old = jobs.take_one(lease_ms=10)
    jobs.engine.advance(10)
    jobs.engine.run(QueueDlqRequeue(JOBS, [1]))
    new = jobs.take_one()
    assert new.lease > old.lease
    assert jobs.ack(old).stale == [1]
    assert jobs.ack(new).done == [1]


def test_requeue_works_after_a_purge_and_keeps_the_age() -> None:
    jobs = Jobs()
    bury(jobs, 1)
    jobs.put(b"b")
    jobs.engine.run(QueuePurge(JOBS))
    jobs.engine.advance(50)
    jobs.engine.run(QueueDlqRequeue(JOBS, [1]))
    assert jobs.stats().oldest_age_ms == 50
    assert seqs(jobs.take(5)) == [1]


def test_dlq_delete_and_purge_say_how_many() -> None:
    jobs = Jobs()
    bury(jobs, 4)
    assert jobs.engine.run(QueueDlqDelete(JOBS, [2, 2, 77])) == 1
    assert jobs.counts() == (0, 0, 0, 3)
    assert jobs.engine.run(QueueDlqPurge(JOBS)) == 3
    assert jobs.engine.run(QueueDlqPurge(JOBS)) == 0
    assert jobs.dead() == []
    bury(jobs, 1)
    assert seqs(jobs.dead()) == [5]


def test_commands_on_a_missing_queue_do_nothing() -> None:
    jobs = Jobs()
    for command in (QueueDlqRequeue(JOBS, [1]), QueueDlqDelete(JOBS, [1]), QueueDlqPurge(JOBS)):
        assert jobs.engine.run(command) == 0
    assert jobs.engine.machine.index == 0


@pytest.mark.parametrize("kind", [QueueDlqRequeue, QueueDlqDelete])
def test_lists_of_seqs_are_limited(kind: type[QueueDlqRequeue | QueueDlqDelete]) -> None:
    jobs = Jobs()
    assert jobs.engine.run(kind(JOBS, list(range(1, 1001)))) == 0
    for bad in (list(range(1, 1002)), [0]):
        with pytest.raises(BadRequestError, match="seqs"):
            jobs.engine.run(kind(JOBS, bad))


def test_beyond_the_limit_the_oldest_are_evicted_and_counted() -> None:
    jobs = Jobs()
    jobs.configure(dlq_limit=3)
    bury(jobs, 3)
    assert jobs.stats().dead_evicted_total == 0
    bury(jobs, 2)
    assert seqs(jobs.dead()) == [3, 4, 5]
    assert jobs.counts() == (0, 0, 0, 3)
    assert jobs.stats().dead_evicted_total == 2


def test_leases_that_run_out_evict_too() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=1, dlq_limit=2)
    jobs.put(*[b"x"] * 40)
    jobs.take(40, lease_ms=10)
    jobs.engine.advance(10)
    assert jobs.counts() == (0, 0, 0, 2)
    assert seqs(jobs.dead()) == [39, 40]
    assert jobs.stats().dead_evicted_total == 38


def test_a_lower_limit_evicts_in_bounded_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_dead, "EVICTED_PER_COMMAND_MAX", 2)
    jobs = Jobs()
    bury(jobs, 9)
    jobs.configure(dlq_limit=0)
    assert jobs.counts() == (0, 0, 0, 7)
    jobs.engine.advance(0)
    assert jobs.counts() == (0, 0, 0, 0)
    assert jobs.stats().dead_evicted_total == 9
    assert jobs.dead() == []


def test_a_list_does_not_walk_over_what_was_requeued() -> None:
    """In RocksDB what was deleted lies in the way until it is compacted."""
    jobs = Jobs()
    starts: list[bytes] = []
    scan = jobs.engine.store.scan

    def noted(start: bytes, end: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        if start[:2] == queue_dead.DEAD_ORDER.tag:
            starts.append(start)
        return scan(start, end, reverse=reverse)

    jobs.engine.store.scan = noted  # type: ignore[method-assign]  # it notes
    for _ in range(2):
        jobs.put(b"a")
        message = jobs.take_one()
        jobs.nack(message, to_dlq=True)
        assert seqs(jobs.dead()) == [message.seq]
        jobs.engine.run(QueueDlqRequeue(JOBS, [message.seq]))
        assert jobs.dead() == []
        jobs.ack(jobs.take_one())
    first, emptied, second, *_ = starts
    assert first < emptied <= second, "each begins behind what went before"
