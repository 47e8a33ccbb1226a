"""Enqueue, dequeue, peek: order, delay, dedup, what a delivery carries."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, StorageFullError
from floruntime.core.queue import QueueDequeue, QueueEnqueue, QueuePeek
from floruntime.core.system import Batch, SessionOpen
from floruntime.engine.rules import RULES
from tests.engine.harness import START_MS, Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs


def test_seqs_count_up_from_one() -> None:
    jobs = Jobs()
    assert jobs.put(b"a") == [1]
    assert jobs.put(b"b", b"c") == [2, 3]


def test_a_delivery_carries_everything() -> None:
    jobs = Jobs()
    jobs.put(b"a", priority=3)
    jobs.engine.advance(5)
    message = jobs.take_one(lease_ms=100)
    assert (message.seq, message.payload, message.priority, message.attempt) == (1, b"a", 3, 1)
    assert message.lease > 0
    assert message.enqueued_at_ms == START_MS
    assert message.lease_expires_at_ms == START_MS + 105
    assert message.first_delivered_at_ms == message.last_delivered_at_ms == START_MS + 5
    assert (message.reason, message.error) == (None, None)


def test_priority_is_strict_and_lower_is_first() -> None:
    jobs = Jobs()
    jobs.put(b"late", priority=20)
    jobs.put(b"default")
    jobs.put(b"urgent", priority=0)
    assert [m.payload for m in jobs.take(3)] == [b"urgent", b"default", b"late"]


def test_within_a_priority_due_time_counts_then_seq() -> None:
    jobs = Jobs()
    jobs.put(b"1")
    jobs.put(b"2", delay_ms=10)
    jobs.engine.advance(5)
    jobs.put(b"3", b"4")
    jobs.engine.advance(20)
    assert seqs(jobs.take(10)) == [1, 3, 4, 2]


def test_dequeue_takes_up_to_count_and_leases_each_under_its_own_number() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b", b"c")
    first = jobs.take(2)
    second = jobs.take(2)
    assert seqs(first) == [1, 2]
    assert seqs(second) == [3]
    leases = [m.lease for m in first + second]
    assert leases == sorted(set(leases))
    assert jobs.take(2) == []


def test_an_empty_dequeue_writes_nothing() -> None:
    jobs = Jobs()
    assert jobs.take() == []
    assert jobs.engine.machine.index == 0
    jobs.put(b"a")
    jobs.take_one()
    index = jobs.engine.machine.index
    assert jobs.take() == []
    assert jobs.engine.machine.index == index


def test_dequeue_waits_on_the_queue_and_is_woken_by_what_makes_ready() -> None:
    jobs = Jobs()
    topic = ("default", "queue", JOBS)
    rule = RULES.waits[QueueDequeue]
    assert list(rule.topics("default", QueueDequeue(JOBS))) == [topic]
    assert not rule.found(jobs.engine.run(QueueDequeue(JOBS)))
    assert topic in jobs.engine.outcome(QueueEnqueue(JOBS, [b"a"])).touched
    assert topic not in jobs.engine.outcome(QueueEnqueue(JOBS, [b"a"], delay_ms=1)).touched
    assert rule.found(jobs.engine.run(QueueDequeue(JOBS)))


def test_a_delivery_stops_when_its_payloads_fill_a_reply() -> None:
    jobs = Jobs()
    payload = b"x" * limits.VALUE_BYTES_DEFAULT
    per_reply = limits.REPLY_BYTES_MAX // len(payload)
    jobs.put(*[payload] * (per_reply + 1))
    assert len(jobs.peek(100)) == per_reply
    assert len(jobs.take(100)) == per_reply
    assert len(jobs.take(100)) == 1


def test_a_message_larger_than_a_reply_still_comes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPLY_BYTES_MAX", 3)
    jobs = Jobs()
    jobs.put(b"12345", b"1")
    assert seqs(jobs.take(2)) == [1]
    assert seqs(jobs.take(2)) == [2]


def test_on_delivery_acks_at_once_and_leases_nothing() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b")
    taken = jobs.take(2, on_delivery=True)
    assert [(m.payload, m.lease, m.lease_expires_at_ms, m.attempt) for m in taken] == [
        (b"a", 0, None, 1),
        (b"b", 0, None, 1),
    ]
    assert jobs.counts() == (0, 0, 0, 0)
    assert jobs.stats().acked_total == 2
    jobs.engine.advance(10**9)
    assert jobs.take() == []


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


# Limits


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        (QueueEnqueue("q" * 255, [b""]), QueueEnqueue("q" * 256, [b""]), "queue"),
        (QueueEnqueue("q", [b"x"] * 1000), QueueEnqueue("q", [b"x"] * 1001), "payloads"),
        (
            QueueEnqueue("q", [b"x" * limits.VALUE_BYTES_DEFAULT]),
            QueueEnqueue("q", [b"x" * (limits.VALUE_BYTES_DEFAULT + 1)]),
            "payload",
        ),
        (QueueEnqueue("q", [b""], 65_535), QueueEnqueue("q", [b""], 65_536), "priority"),
        (QueueEnqueue("q", [b""], 0), QueueEnqueue("q", [b""], -1), "priority"),
        (
            QueueEnqueue("q", [b""], delay_ms=limits.DURATION_MS_MAX),
            QueueEnqueue("q", [b""], delay_ms=limits.DURATION_MS_MAX + 1),
            "delay_ms",
        ),
        (QueueEnqueue("q", [b""]), QueueEnqueue("q", [b""], delay_ms=-1), "delay_ms"),
        (
            QueueEnqueue("q", [b""], dedup_key="k" * 255),
            QueueEnqueue("q", [b""], dedup_key="k" * 256),
            "dedup_key",
        ),
        (QueueDequeue("q", 1), QueueDequeue("q", 0), "count"),
        (QueueDequeue("q", 1000), QueueDequeue("q", 1001), "count"),
        (QueueDequeue("q", 1, 1), QueueDequeue("q", 1, 0), "visibility_timeout_ms"),
        (
            QueueDequeue("q", 1, limits.DURATION_MS_MAX),
            QueueDequeue("q", 1, limits.DURATION_MS_MAX + 1),
            "visibility_timeout_ms",
        ),
        (QueueDequeue("q", block_ms=300_000), QueueDequeue("q", block_ms=300_001), "block_ms"),
    ],
)
def test_each_limit_holds_at_it_and_one_past_it(
    good: QueueEnqueue | QueueDequeue, bad: QueueEnqueue | QueueDequeue, named: str
) -> None:
    engine = Engine()
    assert engine.outcome(good).error is None
    rows = engine.rows()
    with pytest.raises(BadRequestError, match=named):
        engine.run(bad)
    assert engine.rows() == rows


def test_nothing_to_enqueue_makes_no_queue() -> None:
    jobs = Jobs()
    assert jobs.put() == []
    assert jobs.engine.machine.index == 0


def test_peek_is_limited_like_dequeue() -> None:
    jobs = Jobs()
    assert jobs.peek(1000) == []
    for count in (0, 1001):
        with pytest.raises(BadRequestError, match="count"):
            jobs.peek(count)


def test_peek_shows_ready_messages_in_delivery_order_and_leases_nothing() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b", b"c")
    jobs.put(b"urgent", priority=1)
    jobs.put(b"later", delay_ms=5)
    jobs.nack(jobs.take_one())  # the urgent one, back in its place
    before = jobs.engine.machine.index
    peeked = jobs.peek(10)
    assert [m.payload for m in peeked] == [b"urgent", b"a", b"b", b"c"]
    assert [(m.lease, m.lease_expires_at_ms) for m in peeked] == [(0, None)] * 4
    assert [m.attempt for m in peeked] == [1, 0, 0, 0]
    assert seqs(jobs.peek(2)) == [4, 1]
    assert jobs.engine.machine.index == before
    assert seqs(jobs.take(10)) == [4, 1, 2, 3]


def test_a_full_disk_stops_enqueue_but_not_consumers() -> None:
    jobs = Jobs()
    jobs.put(b"a")
    with pytest.raises(StorageFullError):
        jobs.engine.run(QueueEnqueue(JOBS, [b"b"]), may_grow=False)
    outcome = jobs.engine.outcome(QueueDequeue(JOBS), may_grow=False)
    assert outcome.error is None
    assert len(outcome.result.messages) == 1


# Delivered once


def test_a_dequeue_sent_again_gives_what_is_still_held() -> None:
    jobs = Jobs()
    engine = jobs.engine
    engine.run(SessionOpen(), session="s")
    jobs.put(b"a", b"b", b"c")
    command = QueueDequeue(JOBS, 2)
    first = engine.run(command, session="s", number=1)
    jobs.ack(first.messages[0])
    engine.reopen()
    again = engine.outcome(command, session="s", number=1)
    assert again.recalled
    assert again.result.messages == first.messages[1:]
    assert again.delivery is not None
    assert again.delivery.items == [[2, first.messages[1].lease]]
    jobs.engine.advance(30_000)
    assert engine.run(command, session="s", number=1).messages == []
    assert seqs(jobs.take(10)) == [2, 3]
