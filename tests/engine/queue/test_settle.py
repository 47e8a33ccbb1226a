"""Ack, nack, touch, running out, handing back: who may end a lease, and what follows."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.queue import QueueAck, QueueDequeue, QueueEnqueue, QueueNack, QueueTouch
from floruntime.core.system import Batch, HandBack, SessionOpen
from floruntime.core.types import AckResult
from tests.engine.harness import START_MS, Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs


def test_ack_of_what_is_held_is_done_and_final() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    assert jobs.ack(*jobs.take(2)) == AckResult([1, 2], [])
    assert jobs.counts() == (0, 0, 0, 0)
    assert jobs.stats().acked_total == 2
    jobs.engine.advance(10**9)
    assert jobs.take() == []


def test_ack_of_a_lease_that_ran_out_is_accepted_while_nobody_else_has_it() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    message = jobs.take_one(lease_ms=100)
    jobs.engine.advance(100)
    assert jobs.counts() == (1, 0, 0, 0)
    assert jobs.ack(message) == AckResult([1], [])
    assert jobs.counts() == (0, 0, 0, 0)
    assert jobs.take() == []
    assert jobs.ack(message) == AckResult([1], [])


def test_ack_of_a_lease_that_ran_out_before_its_late_timer_fired_is_accepted() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    message = jobs.take_one(lease_ms=100)
    jobs.engine.now_ms += 500
    assert jobs.nack(message).stale == [1]
    assert jobs.touch(message).stale == [1]
    assert jobs.ack(message).done == [1]
    jobs.engine.tick()
    assert jobs.counts() == (0, 0, 0, 0)


def test_ack_of_a_lease_that_ran_out_into_a_delay_is_accepted() -> None:
    jobs = Jobs()
    jobs.configure(retry_delay_ms=1000)
    jobs.put(b"a")
    message = jobs.take_one(lease_ms=100)
    jobs.engine.advance(100)
    assert jobs.counts() == (0, 1, 0, 0)
    assert jobs.ack(message).done == [1]
    jobs.engine.advance(5000)
    assert jobs.counts() == (0, 0, 0, 0)


def test_ack_of_a_last_attempt_that_ran_out_takes_back_the_dead_letter() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=1)
    jobs.put(b"a")
    message = jobs.take_one(lease_ms=100)
    jobs.engine.advance(100)
    assert jobs.counts() == (0, 0, 0, 1)
    assert jobs.ack_as([1], [message.lease + 1]).stale == [1]
    assert jobs.ack(message).done == [1]
    assert jobs.counts() == (0, 0, 0, 0)
    assert jobs.ack(message).done == [1]


def test_only_ack_is_accepted_after_a_lease_ran_out() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    message = jobs.take_one(lease_ms=100)
    jobs.engine.advance(100)
    assert jobs.nack(message) == AckResult([], [1])
    assert jobs.nack(message, to_dlq=True) == AckResult([], [1])
    assert jobs.touch(message) == AckResult([], [1])
    assert jobs.counts() == (1, 0, 0, 0)


def test_a_message_delivered_again_since_is_stale_and_untouched() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    first = jobs.take_one(lease_ms=100)
    jobs.engine.advance(100)
    second = jobs.take_one()
    assert second.lease > first.lease
    for result in (jobs.ack(first), jobs.nack(first), jobs.touch(first, extend_ms=1)):
        assert result == AckResult([], [1])
    assert jobs.counts() == (0, 0, 1, 0)
    assert jobs.ack(second).done == [1]


@pytest.mark.parametrize("how", ["ack", "nack", "release", "to_dlq"])
def test_a_holder_that_repeats_itself_within_five_minutes_is_told_done(how: str) -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    message, other = jobs.take(2)

    def settle() -> AckResult:
        if how == "ack":
            return jobs.ack(message)
        return jobs.nack(message, release=how == "release", to_dlq=how == "to_dlq")

    assert settle() == AckResult([1], [])
    counts = jobs.counts()
    jobs.engine.reopen()
    jobs.engine.now_ms += 300_000
    assert settle() == AckResult([1], [])
    assert jobs.counts() == counts
    jobs.engine.now_ms += 1
    assert settle() == AckResult([], [1])
    assert other.lease == message.lease + 1


def test_another_settlement_than_the_first_is_stale() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    acked, nacked = jobs.take(2)
    jobs.ack(acked)
    jobs.nack(nacked)
    assert jobs.nack(acked) == AckResult([], [1])
    assert jobs.touch(acked) == AckResult([], [1])
    assert jobs.ack(nacked) == AckResult([], [2])
    assert jobs.nack(nacked, to_dlq=True) == AckResult([], [2])
    assert jobs.counts() == (1, 0, 0, 0)


def test_a_repeated_nack_leaves_the_next_holder_alone() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    first = jobs.take_one()
    jobs.nack(first)
    second = jobs.take_one()
    assert jobs.nack(first).done == [1]
    assert jobs.counts() == (0, 0, 1, 0)
    assert jobs.ack(second).done == [1]


def test_what_is_remembered_of_settled_leases_is_removed_after_five_minutes() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    empty = len(jobs.engine.rows())
    for _ in range(3):
        jobs.nack(jobs.take_one(), release=True)
        jobs.engine.advance(1000)
    jobs.ack(jobs.take_one())
    jobs.engine.advance(300_001)
    # The message's body and place are gone; nothing else has stayed.
    assert len(jobs.engine.rows()) == empty - 2


def test_part_of_a_delivery_may_be_settled_long_before_the_rest() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    empty = len(jobs.engine.rows()) - 4
    first, second = jobs.take(2, lease_ms=1_000_000)
    jobs.ack(first)
    jobs.engine.advance(400_000)
    assert jobs.ack(second).done == [2]
    assert jobs.ack(second).done == [2]
    jobs.engine.advance(2_000_000)
    assert len(jobs.engine.rows()) == empty


def test_unknown_messages_and_leases_are_stale() -> None:
    jobs = Jobs()
    assert jobs.ack_as([7], [3]) == AckResult([], [7])
    jobs.put(b"a")
    message = jobs.take_one()
    assert jobs.ack_as([1, 2], [message.lease + 5, message.lease]) == AckResult([], [1, 2])
    assert jobs.ack_as([9], [0]) == AckResult([], [9])
    assert jobs.counts() == (0, 0, 1, 0)


def test_a_lease_that_was_settled_speaks_for_its_own_message_only() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    first, second = jobs.take(2)
    jobs.ack(first, second)
    assert jobs.ack_as([1, 2], [second.lease, first.lease]) == AckResult([], [1, 2])
    assert jobs.ack_as([1, 2], [first.lease, second.lease]) == AckResult([1, 2], [])


def test_each_seq_of_a_list_is_handled_and_answered_for_itself() -> None:
    jobs = Jobs()
    jobs.put(*[b"x"] * 5)
    messages = jobs.take(5)
    jobs.ack(messages[1])
    jobs.engine.advance(30_000)
    (again,) = jobs.take(1)
    assert again.seq == 1
    result = jobs.ack(*messages)
    assert result == AckResult([2, 3, 4, 5], [1])


def test_a_seq_given_twice_is_answered_once() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    message = jobs.take_one()
    assert jobs.ack(message, message) == AckResult([1], [])
    jobs.put(b"b")
    assert jobs.ack_as([2, 2], [0, 0]) == AckResult([2], [])
    assert jobs.stats().acked_total == 2


def test_an_empty_list_is_nothing_to_do() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    assert jobs.ack() == jobs.nack() == jobs.touch() == AckResult([], [])


# An operator, who has no lease, is believed


@pytest.mark.parametrize("phase", ["fresh", "delayed", "leased", "returned"])
def test_an_operator_may_ack_whatever_phase_a_message_is_in(phase: str) -> None:
    jobs = Jobs()
    jobs.put(b"a", delay_ms=50 if phase == "delayed" else 0)
    if phase in ("leased", "returned"):
        message = jobs.take_one()
        if phase == "returned":
            jobs.nack(message)
    assert jobs.ack_as([1], [0]) == AckResult([1], [])
    assert jobs.counts() == (0, 0, 0, 0)
    jobs.engine.advance(10**6)
    assert jobs.take() == []


def test_an_operator_may_nack_what_nobody_holds_and_no_attempt_is_counted() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=1)
    jobs.put(b"a", b"b")
    assert jobs.engine.run(QueueNack(JOBS, [1], [0], delay_ms=100)).done == [1]
    assert jobs.counts() == (1, 1, 0, 0)
    assert jobs.engine.run(QueueNack(JOBS, [2], [0], to_dlq=True)).done == [2]
    assert [m.reason for m in jobs.dead()] == ["nacked"]
    jobs.engine.advance(100)
    message = jobs.take_one()
    assert (message.seq, message.attempt) == (1, 1)


def test_an_operator_may_touch_only_what_is_leased() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    jobs.take_one(lease_ms=100)
    result = jobs.engine.run(QueueTouch(JOBS, [1, 2], [0, 0], 1000))
    assert result == AckResult([1], [2])
    jobs.engine.advance(999)
    assert jobs.counts() == (1, 0, 1, 0)


# Coming back


def test_a_lease_that_runs_out_and_a_nack_count_as_attempts() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    assert jobs.take_one(lease_ms=10).attempt == 1
    jobs.engine.advance(10)
    second = jobs.take_one()
    assert second.attempt == 2
    assert second.first_delivered_at_ms == START_MS
    assert second.last_delivered_at_ms == START_MS + 10
    jobs.nack(second)
    assert jobs.take_one().attempt == 3


def test_release_counts_no_attempt_and_keeps_the_place() -> None:
    jobs = Jobs()
    jobs.configure(max_attempts=1, retry_delay_ms=1000)
    jobs.put(b"a", b"b")
    message = jobs.take_one()
    jobs.engine.advance(5)
    assert jobs.nack(message, release=True).done == [1]
    again = jobs.take_one()
    assert (again.seq, again.attempt) == (1, 1)
    assert again.lease > message.lease
    jobs.nack(again, release=True, delay_ms=50)
    assert seqs(jobs.take(5)) == [2]
    jobs.engine.advance(50)
    assert jobs.take_one().attempt == 1


def test_what_comes_back_without_delay_keeps_its_place_and_with_delay_stands_behind() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b", b"c")
    first, second = jobs.take(2)
    jobs.engine.advance(1)
    jobs.nack(first, delay_ms=10)
    jobs.nack(second)
    assert seqs(jobs.peek(3)) == [2, 3]
    jobs.engine.advance(10)
    assert seqs(jobs.take(3)) == [2, 3, 1]


def test_the_queues_retry_delay_holds_for_counted_failures() -> None:
    jobs = Jobs()
    jobs.configure(retry_delay_ms=100)
    jobs.put(b"a", b"b")
    first, _ = jobs.take(2, lease_ms=50)
    jobs.nack(first)
    assert jobs.counts() == (0, 1, 1, 0)
    jobs.engine.advance(50)
    assert jobs.counts() == (0, 2, 0, 0)
    jobs.engine.advance(50)
    assert seqs(jobs.peek(2)) == [1]
    jobs.engine.advance(50)
    assert seqs(jobs.peek(2)) == [1, 2]


def test_all_leases_of_a_large_delivery_run_out() -> None:
    jobs = Jobs()
    jobs.put(*[b"x"] * 100)
    jobs.take(100, lease_ms=10)
    jobs.engine.advance(9)
    assert jobs.counts() == (0, 0, 100, 0)
    jobs.engine.advance(1)
    assert jobs.counts() == (100, 0, 0, 0)
    assert [m.attempt for m in jobs.take(100)] == [2] * 100


def test_what_comes_back_wakes_the_waiting() -> None:
    jobs = Jobs()
    topic = ("default", "queue", JOBS)
    jobs.put(b"a")
    message = jobs.take_one()
    nack = QueueNack(JOBS, [1], [message.lease])
    assert topic in jobs.engine.outcome(nack).touched


# Touch


def test_touch_extends_from_now_each_message_for_itself() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b", b"c")
    first, second, _ = jobs.take(3, lease_ms=100)
    jobs.engine.advance(50)
    assert jobs.touch(first, extend_ms=100).done == [1]
    assert jobs.touch(second, extend_ms=1000).done == [2]
    jobs.engine.advance(50)
    assert seqs(jobs.peek(3)) == [3]
    jobs.engine.reopen()
    jobs.engine.advance(49)
    assert seqs(jobs.peek(3)) == [3]
    jobs.engine.advance(1)
    assert seqs(jobs.peek(3)) == [1, 3]
    jobs.engine.advance(899)
    assert seqs(jobs.peek(3)) == [1, 3]
    jobs.engine.advance(1)
    assert seqs(jobs.peek(3)) == [1, 2, 3]


def test_touch_never_shortens() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    first, _ = jobs.take(2, lease_ms=1000)
    before = jobs.engine.rows()
    assert jobs.touch(first, extend_ms=10).done == [1]
    assert jobs.engine.rows() == before
    jobs.engine.advance(999)
    assert jobs.counts() == (0, 0, 2, 0)
    jobs.engine.advance(1)
    assert jobs.counts() == (2, 0, 0, 0)


# Handing back


def test_a_hand_back_releases_what_is_still_held_and_forgets_the_answer() -> None:
    jobs = Jobs()
    engine = jobs.engine
    engine.run(SessionOpen(), session="s")
    jobs.put(b"a", b"b", b"c")
    outcome = engine.outcome(QueueDequeue(JOBS, 2), session="s", number=1)
    delivery = outcome.delivery
    assert delivery is not None
    jobs.ack(outcome.result.messages[1])
    handed_back = engine.outcome(HandBack("s", 1, delivery), namespace="elsewhere")
    assert ("default", "queue", JOBS) in handed_back.touched
    assert jobs.counts() == (2, 0, 0, 0)
    again = engine.run(QueueDequeue(JOBS, 2), session="s", number=1).messages
    assert [(m.seq, m.attempt) for m in again] == [(1, 1), (3, 1)]
    engine.run(HandBack("", 0, delivery))  # too late: both are under new leases
    assert jobs.counts() == (0, 0, 2, 0)


# Refusals


def test_a_stale_lease_in_a_batch_refuses_all_of_it() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    message = jobs.take_one()
    batch = Batch(
        [
            QueueAck(JOBS, [1], [message.lease]),
            QueueEnqueue("next", [b"x"]),
            QueueAck(JOBS, [1], [message.lease + 1]),
        ]
    )
    with pytest.raises(ConflictError) as refused:
        jobs.engine.run(batch)
    assert refused.value.index == 2
    assert jobs.counts() == (1, 0, 1, 0)
    assert jobs.ack(message).done == [1]


def test_a_refused_batch_leaves_every_ready_message_deliverable() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    refused = Batch([QueueAck(JOBS, [1], [0]), QueueAck(JOBS, [9], [0])])
    assert jobs.engine.outcome(refused).error is not None
    assert seqs(jobs.take(5)) == [1, 2]


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        (QueueAck("q", [1] * 1000, [0] * 1000), QueueAck("q", [1] * 1001, [0] * 1001), "seqs"),
        (QueueAck("q", [1], [0]), QueueAck("q", [0], [0]), "seqs"),
        (
            QueueAck("q", [limits.UINT_MAX], [0]),
            QueueAck("q", [limits.UINT_MAX + 1], [0]),
            "seqs",
        ),
        (QueueAck("q", [1], [0]), QueueAck("q", [1], [-1]), "leases"),
        (QueueAck("q", [1], [0]), QueueAck("q", [1], []), "1 seqs with 0 leases"),
        (
            QueueNack("q", [1], [0], delay_ms=limits.DURATION_MS_MAX),
            QueueNack("q", [1], [0], delay_ms=limits.DURATION_MS_MAX + 1),
            "delay_ms",
        ),
        (
            QueueNack("q", [1], [0], error="e" * 4096),
            QueueNack("q", [1], [0], error="e" * 4097),
            "error",
        ),
        (
            QueueNack("q", [1], [0], to_dlq=True),
            QueueNack("q", [1], [0], to_dlq=True, release=True),
            "exclude",
        ),
        (
            QueueNack("q", [1], [0], delay_ms=1),
            QueueNack("q", [1], [0], delay_ms=1, to_dlq=True),
            "delay_ms=1",
        ),
        (QueueTouch("q", [1], [0], 1), QueueTouch("q", [1], [0], 0), "extend_ms"),
        (
            QueueTouch("q", [1], [0], limits.DURATION_MS_MAX),
            QueueTouch("q", [1], [0], limits.DURATION_MS_MAX + 1),
            "extend_ms",
        ),
    ],
)
def test_each_limit_holds_at_it_and_one_past_it(
    good: QueueAck | QueueNack | QueueTouch, bad: QueueAck | QueueNack | QueueTouch, named: str
) -> None:
    engine = Engine()
    engine.run(QueueEnqueue("q", [b"x"]))
    assert engine.outcome(good).error is None
    rows = engine.rows()
    with pytest.raises(BadRequestError, match=named):
        engine.run(bad)
    assert engine.rows() == rows


# A worker that dies


def test_what_a_lost_worker_had_comes_again_later_each_time_and_scattered(engine: Engine) -> None:
    engine.run(QueueEnqueue("q", [b"x"] * 10))
    for _ in range(2):  # the first time may be chance
        assert len(engine.run(QueueDequeue("q", 10, 1_000, by_worker=True)).messages) == 10
        engine.advance(1_000)
    assert engine.run(QueueDequeue("q", 10)).messages == []
    together: list[int] = []
    while sum(together) < 10:
        engine.advance(50)
        together.append(len(engine.run(QueueDequeue("q", 10, 3_600_000)).messages))
    assert (max(together) < 5, len(together) > 20) == (True, True)


def test_what_a_lost_worker_kept_longer_comes_again_later_too(engine: Engine) -> None:
    engine.run(QueueEnqueue("q", [b"x", b"x"]))
    engine.run(QueueDequeue("q", 2, 1_000))
    engine.advance(1_000)
    first, second = engine.run(QueueDequeue("q", 2, 1_000, by_worker=True)).messages
    engine.run(QueueTouch("q", [first.seq], [first.lease], 5_000))
    engine.run(QueueAck("q", [second.seq], [second.lease]))
    engine.advance(5_000)
    assert engine.run(QueueDequeue("q")).messages == []
    engine.advance(2_000)
    assert [each.attempt for each in engine.run(QueueDequeue("q")).messages] == [3]
