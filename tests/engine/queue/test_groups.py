"""Groups of a queue: in order, one at a time, whatever becomes of each message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from floruntime.core.errors import BadRequestError
from floruntime.core.queue import (
    Message,
    QueueAck,
    QueueDequeue,
    QueueDlqRequeue,
    QueueEnqueue,
    QueueGetStats,
    QueueNack,
    QueuePeek,
    QueuePromote,
    QueuePurge,
)
from floruntime.engine.queue.rows import STATE, Phase
from tests.engine.harness import Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs


def put(jobs: Jobs, *payloads: bytes, group: str | None = "g", **options: Any) -> list[int]:
    return jobs.engine.run(QueueEnqueue(JOBS, list(payloads), group=group, **options))


def waiting(jobs: Jobs) -> int:
    return jobs.engine.query(QueueGetStats(JOBS)).waiting


def test_one_of_a_group_is_delivered_at_a_time_and_in_order() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b", b"c")
    put(jobs, b"x", group="other")
    put(jobs, b"y", group=None)
    assert (jobs.counts(), waiting(jobs)) == ((3, 0, 0, 0), 2)
    assert seqs(jobs.engine.query(QueuePeek(JOBS, 10)).messages) == [1, 4, 5]
    first, *_ = jobs.take(10)
    assert first.seq == 1
    assert jobs.take(10) == []
    jobs.ack(first)
    assert (jobs.counts()[0], waiting(jobs)) == (1, 1)
    assert seqs(jobs.take(10)) == [2]


def test_the_next_one_is_offered_to_those_who_wait() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b")
    message = jobs.take_one()
    outcome = jobs.engine.outcome(QueueAck(JOBS, [1], [message.lease]))
    assert ("default", "queue", JOBS) in outcome.touched


@pytest.mark.parametrize("how", ["nack", "lost", "delay", "release"])
def test_a_retry_keeps_the_place(how: str) -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b")
    message = jobs.take_one(lease_ms=10)
    if how == "lost":
        jobs.engine.advance(10)
    else:
        jobs.nack(message, delay_ms=50 if how == "delay" else 0, release=how == "release")
    if how == "delay":
        assert jobs.take(10) == []
        jobs.engine.advance(50)
    assert seqs(jobs.take(10)) == [1]


def test_a_delayed_head_holds_up_its_group_and_nobody_else() -> None:
    jobs = Jobs()
    put(jobs, b"a", delay_ms=100)
    put(jobs, b"b")
    put(jobs, b"c", delay_ms=50)
    put(jobs, b"x", group="other")
    assert (jobs.counts(), waiting(jobs)) == ((1, 1, 0, 0), 2)
    assert seqs(jobs.take(10)) == [4]
    jobs.engine.advance(100)
    order = []
    while messages := jobs.take(10):
        order += seqs(messages)
        jobs.ack(*messages)
    assert order == [1, 2, 3]


def test_one_that_waited_is_delayed_still_when_its_turn_comes() -> None:
    jobs = Jobs()
    put(jobs, b"a")
    put(jobs, b"b", delay_ms=100)
    jobs.ack(jobs.take_one())
    assert jobs.counts() == (0, 1, 0, 0)
    assert jobs.engine.run(QueuePromote(JOBS, [2])) == 1
    assert seqs(jobs.take(10)) == [2]


def test_one_that_waits_is_promoted_and_keeps_its_place() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b", delay_ms=100)
    assert jobs.engine.run(QueuePromote(JOBS, [2])) == 1
    assert jobs.engine.run(QueuePromote(JOBS, [2])) == 0
    jobs.engine.run(QueuePromote(JOBS, [1]))
    jobs.ack(*jobs.take(10))
    assert seqs(jobs.take(10)) == [2]


def test_a_group_stands_in_the_line_by_its_oldest_message() -> None:
    jobs = Jobs()
    put(jobs, b"a", priority=20)
    put(jobs, b"b", priority=1)
    put(jobs, b"x", group=None)
    order = []
    while messages := jobs.take(1):
        order += seqs(messages)
        jobs.ack(*messages)
    assert order == [3, 1, 2]


def test_a_dead_one_lets_the_next_one_go() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b", b"c")
    jobs.nack(jobs.take_one(), to_dlq=True)
    assert seqs(jobs.take(10)) == [2]


def test_a_requeued_one_goes_before_those_that_follow_it() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b", b"c")
    jobs.nack(jobs.take_one(), to_dlq=True)
    assert jobs.engine.run(QueueDlqRequeue(JOBS, [1])) == 1
    assert (jobs.counts(), waiting(jobs)) == ((1, 0, 0, 0), 2)
    order = []
    while messages := jobs.take(10):
        order += seqs(messages)
        jobs.ack(*messages)
    assert order == [1, 2, 3]


def test_a_requeued_one_waits_for_the_one_that_is_delivered_just_now() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b", b"c")
    jobs.nack(jobs.take_one(), to_dlq=True)
    second = jobs.take_one()
    jobs.engine.run(QueueDlqRequeue(JOBS, [1]))
    assert jobs.take(10) == []
    jobs.ack(second)
    order = []
    while messages := jobs.take(10):
        order += seqs(messages)
        jobs.ack(*messages)
    assert order == [1, 3]


def test_a_requeued_one_of_a_group_that_is_done_stands_alone() -> None:
    jobs = Jobs()
    put(jobs, b"a")
    jobs.nack(jobs.take_one(), to_dlq=True)
    jobs.engine.run(QueueDlqRequeue(JOBS, [1]))
    put(jobs, b"b")
    assert seqs(jobs.take(10)) == [1]


def test_an_operator_may_ack_nack_and_bury_one_that_waits() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b", b"c", b"d")
    assert jobs.ack_as([2], [0]).done == [2]
    jobs.engine.run(QueueNack(JOBS, [3], [0], to_dlq=True))
    jobs.engine.run(QueueNack(JOBS, [4], [0], delay_ms=50))
    assert (jobs.counts(), waiting(jobs)) == ((1, 0, 0, 1), 1)
    jobs.ack(*jobs.take(10))
    assert jobs.take(10) == []
    jobs.engine.advance(50)
    assert seqs(jobs.take(10)) == [4]


def test_on_delivery_gives_one_of_a_group() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b")
    assert seqs(jobs.take(10, on_delivery=True)) == [1]
    assert seqs(jobs.take(10, on_delivery=True)) == [2]
    assert jobs.take(10, on_delivery=True) == []


def test_dedup_and_purge() -> None:
    jobs = Jobs()
    assert put(jobs, b"a", dedup_key="k") == put(jobs, b"b", dedup_key="k")
    put(jobs, b"c", b"d")
    assert jobs.engine.run(QueuePurge(JOBS)) == 3
    assert (jobs.counts(), waiting(jobs)) == ((0, 0, 0, 0), 0)
    put(jobs, b"e")
    assert len(jobs.take(10)) == 1
    for group in ("", "x" * 256):
        with pytest.raises(BadRequestError, match="group"):
            put(jobs, b"a", group=group)


def test_nothing_is_left_of_groups_that_are_done() -> None:
    jobs = Jobs()
    put(jobs, b"a", b"b")
    while messages := jobs.take(10):
        jobs.ack(*messages)
    assert not [key for key in jobs.engine.rows() if key[:2] in (b"qg", b"qh")]


def test_costs_do_not_grow_with_those_that_wait() -> None:
    def cost(count: int) -> int:
        jobs = Jobs()
        for number in range(count // 100):
            put(jobs, *[b"x"] * 100, group=f"g{number % 10}")
        for _ in range(3):
            jobs.ack(*jobs.take(10))
        asked = 0
        scan, get = jobs.engine.store.scan, jobs.engine.store.get

        def counted(*bounds: Any, **options: Any) -> Any:
            nonlocal asked
            for each in scan(*bounds, **options):
                asked += 1
                yield each

        def counted_get(key: bytes) -> bytes | None:
            nonlocal asked
            asked += 1
            return get(key)

        jobs.engine.store.scan = counted  # type: ignore[method-assign]  # it counts
        jobs.engine.store.get = counted_get  # type: ignore[method-assign]  # it counts
        jobs.ack(*jobs.take(10))
        put(jobs, b"y")
        return asked

    assert cost(2_000) == cost(20_000)


# Against a model


class GroupsModel(RuleBasedStateMachine):
    """Of each group the oldest undone message alone is out or to be had, whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs()
        self.jobs.configure(max_attempts=2, retry_delay_ms=5)
        self.undone: dict[str, list[int]] = {}
        self.dead: dict[int, str] = {}
        self.held: dict[int, Message] = {}
        #: Of groups whose oldest was requeued: the younger one that was out just then.
        self.out: dict[str, int] = {}

    def group_of(self, seq: int) -> str:
        return next(group for group, those in self.undone.items() if seq in those)

    @rule(
        group=st.sampled_from(["a", "b"]),
        count=st.integers(1, 3),
        delay_ms=st.sampled_from([0, 10]),
        priority=st.integers(0, 1),
    )
    def enqueue(self, group: str, count: int, delay_ms: int, priority: int) -> None:
        made = put(self.jobs, *[b"x"] * count, group=group, delay_ms=delay_ms, priority=priority)
        self.undone.setdefault(group, []).extend(made)

    @rule(count=st.integers(1, 3))
    def dequeue(self, count: int) -> None:
        for message in self.jobs.engine.run(QueueDequeue(JOBS, count, 20)).messages:
            group = self.group_of(message.seq)
            assert message.seq == self.next_of(group)
            self.held[message.seq] = message

    def next_of(self, group: str) -> int:
        """The oldest, unless a younger one was out when the oldest was requeued."""
        return self.out.get(group, min(self.undone[group]))

    @rule(data=st.data(), how=st.sampled_from(["ack", "nack", "dead", "release"]))
    def settle(self, data: st.DataObject, how: str) -> None:
        if not self.held:
            return
        message = self.held.pop(data.draw(st.sampled_from(sorted(self.held))))
        if how == "ack":
            if self.jobs.ack(message).done and not self.dead.pop(message.seq, None):
                self.done(message.seq)
        else:
            self.jobs.nack(message, to_dlq=how == "dead", release=how == "release")
        self.look_for_dead()

    def done(self, seq: int) -> None:
        group = self.group_of(seq)
        self.undone[group].remove(seq)
        if self.out.get(group) == seq:
            del self.out[group]

    def look_for_dead(self) -> None:
        for letter in self.jobs.dead():
            if letter.seq not in self.dead:
                self.dead[letter.seq] = self.group_of(letter.seq)
                self.done(letter.seq)

    @rule()
    def requeue(self) -> None:
        for seq, group in sorted(self.dead.items()):
            head = self.heads().get(group)
            self.jobs.engine.run(QueueDlqRequeue(JOBS, [seq]))
            if head is not None and head[1] and head[0] > seq:
                self.out[group] = head[0]
            self.undone.setdefault(group, []).append(seq)
        self.dead.clear()

    def heads(self) -> dict[str, tuple[int, bool]]:
        """Of each group its head, and whether it is leased."""
        leased = {
            STATE.unpack(key)[1]
            for key, data in self.jobs.engine.rows().items()
            if key[:2] == STATE.tag and STATE.decode(data).phase == Phase.LEASED
        }
        return {
            group: (self.next_of(group), self.next_of(group) in leased)
            for group, those in self.undone.items()
            if those
        }

    @rule(ms=st.sampled_from([5, 10, 30]))
    def time_passes(self, ms: int) -> None:
        self.jobs.engine.advance(ms)
        self.look_for_dead()

    @rule()
    def reopen(self) -> None:
        self.jobs.engine.reopen()

    @invariant()
    def counts_are_right(self) -> None:
        stats = self.jobs.engine.query(QueueGetStats(JOBS))
        groups = [those for those in self.undone.values() if those]
        assert stats.ready + stats.delayed + stats.leased == len(groups)
        assert stats.waiting == sum(map(len, groups)) - len(groups)

    def teardown(self) -> None:
        other = Engine()
        for entry in self.jobs.engine.entries:
            other.machine.apply(entry)
            other.flush()
        assert other.rows() == self.jobs.engine.rows()


TestGroupsModel = GroupsModel.TestCase
TestGroupsModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
