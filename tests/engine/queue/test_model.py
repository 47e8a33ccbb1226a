"""A queue against a plain model, with time passing and crashes; and the replay of its entries."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from floruntime.core.queue import Message, QueueAck, QueueDlqRequeue, QueuePurge
from floruntime.core.system import Batch
from tests.engine.harness import Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs

MAX_ATTEMPTS = 3
RETRY_DELAY_MS = 40


@dataclass
class Modelled:
    """`phase`: ready, delayed, leased, dead. `lease`: of who may ack it, 0 for nobody."""

    seq: int
    payload: bytes
    priority: int
    due_ms: int
    phase: str
    attempt: int = 0
    lease: int = 0
    expires_ms: int = 0

    @property
    def place(self) -> tuple[int, int, int]:
        return self.priority, self.due_ms, self.seq


class QueueModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs()
        self.jobs.configure(max_attempts=MAX_ATTEMPTS, retry_delay_ms=RETRY_DELAY_MS)
        self.messages: dict[int, Modelled] = {}
        self.handed_out: list[Message] = []
        self.next_seq = 1
        self.acked = 0

    @property
    def now_ms(self) -> int:
        return self.jobs.engine.now_ms

    @rule(
        count=st.integers(1, 4),
        priority=st.integers(0, 2),
        delay_ms=st.sampled_from([0, 0, 30, 70]),
    )
    def enqueue(self, count: int, priority: int, delay_ms: int) -> None:
        payloads = [b"%d" % (self.next_seq + i) for i in range(count)]
        got = self.jobs.put(*payloads, priority=priority, delay_ms=delay_ms)
        assert got == list(range(self.next_seq, self.next_seq + count))
        phase = "delayed" if delay_ms else "ready"
        for seq, payload in zip(got, payloads, strict=True):
            due_ms = self.now_ms + delay_ms
            self.messages[seq] = Modelled(seq, payload, priority, due_ms, phase)
        self.next_seq += count

    @rule(count=st.integers(1, 5), lease_ms=st.sampled_from([20, 50, 1000]))
    def dequeue(self, count: int, lease_ms: int) -> None:
        taken = self.jobs.take(count, lease_ms=lease_ms)
        expected = self.ready()[:count]
        assert [(m.seq, m.payload) for m in taken] == [(m.seq, m.payload) for m in expected]
        for message, model in zip(taken, expected, strict=True):
            assert message.lease > max((m.lease for m in self.handed_out), default=0)
            model.phase, model.lease = "leased", message.lease
            model.attempt += 1
            model.expires_ms = self.now_ms + lease_ms
            assert message.attempt == model.attempt
            self.handed_out.append(message)

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data(), how=st.sampled_from(["ack", "nack", "release", "bury", "delay", "touch"]))
    def settle(self, data: st.DataObject, how: str) -> None:
        message = data.draw(st.sampled_from(self.handed_out))
        model = self.messages.get(message.seq)
        holds = model is not None and model.lease == message.lease
        before = self.counts()
        if how == "ack":
            result = self.jobs.ack(message)
            if holds:
                assert result.done == [message.seq]
                self.acked += 1
                del self.messages[message.seq]
                return
        elif how == "touch":
            result = self.jobs.touch(message, extend_ms=60)
        else:
            result = self.jobs.nack(
                message,
                release=how == "release",
                to_dlq=how == "bury",
                delay_ms=25 if how == "delay" else 0,
            )
        if model is not None and holds and model.phase == "leased":
            assert result.done == [message.seq]
            self.apply(model, how)
        else:
            assert self.jobs.counts() == before  # stale, or repeated: nothing changes

    def apply(self, model: Modelled, how: str) -> None:
        if how == "touch":
            model.expires_ms = max(model.expires_ms, self.now_ms + 60)
            return
        model.lease = 0
        if how == "bury":
            model.phase = "dead"
        elif how == "release":
            model.attempt -= 1
            model.phase = "ready"
        else:
            self.fail(model, 25 if how == "delay" else RETRY_DELAY_MS)

    def fail(self, model: Modelled, delay_ms: int) -> None:
        if model.attempt >= MAX_ATTEMPTS:
            model.phase = "dead"
        else:
            model.phase, model.due_ms = "delayed", self.now_ms + delay_ms

    @rule(ms=st.sampled_from([1, 10, 20, 30, 70]))
    def time_passes(self, ms: int) -> None:
        for _ in range(ms):  # each due time is met exactly, as the server does
            self.jobs.engine.now_ms += 1
            for model in self.messages.values():
                if model.phase == "delayed" and model.due_ms <= self.now_ms:
                    model.phase = "ready"
                elif model.phase == "leased" and model.expires_ms <= self.now_ms:
                    self.fail(model, RETRY_DELAY_MS)
            if self.jobs.engine.machine.first_due(self.now_ms + 1) is not None:
                self.jobs.engine.tick()

    @rule()
    def crash_and_reopen(self) -> None:
        self.jobs.engine.reopen()

    @rule()
    def purge(self) -> None:
        living = [m.seq for m in self.messages.values() if m.phase != "dead"]
        assert self.jobs.engine.run(QueuePurge(JOBS)) == len(living)
        for seq in living:
            del self.messages[seq]

    @precondition(lambda self: any(m.phase == "dead" for m in self.messages.values()))
    @rule(data=st.data())
    def requeue(self, data: st.DataObject) -> None:
        dead = [m for m in self.messages.values() if m.phase == "dead"]
        model = data.draw(st.sampled_from(dead))
        assert self.jobs.engine.run(QueueDlqRequeue(JOBS, [model.seq])) == 1
        model.phase, model.attempt, model.lease = "ready", 0, 0
        model.due_ms = self.now_ms

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def refused_batch(self, data: st.DataObject) -> None:
        """An operator's ack of anything, and something stale after it: neither happens."""
        seq = data.draw(st.sampled_from(sorted(self.messages)))
        batch = Batch([QueueAck(JOBS, [seq], [0]), QueueAck(JOBS, [10**6], [0])])
        assert self.jobs.engine.outcome(batch).error is not None

    def ready(self) -> list[Modelled]:
        ready = [m for m in self.messages.values() if m.phase == "ready"]
        return sorted(ready, key=lambda m: m.place)

    def counts(self) -> tuple[int, int, int, int]:
        phases = [m.phase for m in self.messages.values()]
        ready, delayed, leased, dead = map(phases.count, ("ready", "delayed", "leased", "dead"))
        return ready, delayed, leased, dead

    @invariant()
    def counts_and_order_agree(self) -> None:
        assert self.jobs.counts() == self.counts()
        assert seqs(self.jobs.peek(1000)) == [m.seq for m in self.ready()]
        stats = self.jobs.stats()
        assert (stats.enqueued_total, stats.acked_total) == (self.next_seq - 1, self.acked)
        dead = sorted(m.seq for m in self.messages.values() if m.phase == "dead")
        assert sorted(seqs(self.jobs.dead())) == dead

    def teardown(self) -> None:
        """The same entries give the same rows on another machine."""
        other = Engine()
        for entry in self.jobs.engine.entries:
            other.machine.apply(entry)
            other.flush()
        assert other.rows() == self.jobs.engine.rows()


TestQueueModel = QueueModel.TestCase
TestQueueModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
