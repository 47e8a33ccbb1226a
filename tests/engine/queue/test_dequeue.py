"""Dequeue and peek: order, what a delivery carries, delivering once."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from floruntime.core.system import SessionOpen
from floruntime.engine.rules import RULES
from tests.engine.harness import START_MS, Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs


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
