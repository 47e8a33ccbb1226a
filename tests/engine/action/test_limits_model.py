"""Limits against a plain model: random ends, lost leases, retries, restarts, other limits.

Never more than allowed; what may be given is given when somebody asks for it, so nobody starves;
the order within a key is priority, due time, arrival; the same entries give the same rows.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from floruntime.core.action import (
    ActionGetLimits,
    ActionListRuns,
    ActionRun,
    ActionStatus,
    Limits,
)
from floruntime.core.worker import Task
from tests.engine.action.calls import RESIZE, WORKER, Actions
from tests.engine.harness import Engine

TIMEOUT_MS = 50
KEYS = ["a", "b", "c", None]
LIMITS = [
    Limits(),
    Limits(running=2),
    Limits(running_per_key=1),
    Limits(running=3, running_per_key=2),
    Limits(rate=2, rate_period_ms=40),
    Limits(rate_per_key=1, rate_period_ms=30),
    Limits(running_per_key=1, rate_per_key=2, rate_period_ms=60, fair=True),
    Limits(fair=True),
    Limits(running=2, rate=3, rate_period_ms=50, fair=True),
]


class LimitsModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.actions = Actions(max_retries=1, retry_delay_ms=0, timeout_ms=TIMEOUT_MS)
        self.limits = Limits()
        self.keys: dict[str, str | None] = {}
        self.priorities: dict[str, int] = {}
        self.held: dict[str, Task] = {}
        #: Claims since the limits were set: when, and of which key.
        self.claims: list[tuple[int, str | None]] = []
        self.former: list[tuple[int, str | None]] = []
        self.actions.register_worker("eu", labels={"region": "eu"})

    @property
    def now_ms(self) -> int:
        return self.actions.now_ms

    def stored(self) -> dict[str, ActionRun]:
        reply = self.actions.engine.query(ActionListRuns(limit=1000))
        return {run.run_id: run for run in reply.items}

    @rule(
        key=st.sampled_from(KEYS),
        count=st.integers(1, 3),
        priority=st.integers(0, 1),
        delay_ms=st.sampled_from([0, 0, 20]),
        labels=st.sampled_from([{}, {}, {"region": "eu"}]),
    )
    def invoke(
        self, key: str | None, count: int, priority: int, delay_ms: int, labels: dict[str, str]
    ) -> None:
        for _ in range(count):
            run_id = self.actions.invoke(
                key=key, priority=priority, delay_ms=delay_ms, labels=labels
            )
            self.keys[run_id] = key
            self.priorities[run_id] = priority

    @rule(held_to=st.sampled_from(LIMITS))
    def change(self, held_to: Limits) -> None:
        if held_to != self.limits:
            self.former += self.claims
            self.claims.clear()
        self.limits = held_to
        self.actions.register(max_retries=1, timeout_ms=TIMEOUT_MS, limits=held_to)

    @rule(count=st.integers(1, 5), worker=st.sampled_from([WORKER, "eu"]))
    def claim(self, count: int, worker: str) -> None:
        self.forget_lost()
        before = self.stored()
        tasks = self.actions.claim(count, worker=worker)
        for task in tasks:
            self.held[task.run_id] = task
            self.claims.append((self.now_ms, self.keys[task.run_id]))
            self.check_order(before, task, worker)
            before.pop(task.run_id)
        self.check_limits(tasks)
        if len(tasks) < count:
            self.check_that_nobody_could_be_given(worker)

    def due(self, runs: dict[str, ActionRun], worker: str) -> list[ActionRun]:
        found = [run for run in runs.values() if run.status == "pending"]
        return [
            run for run in found if (not run.labels or worker == "eu") and self.is_due(run.run_id)
        ]

    def is_due(self, run_id: str) -> bool:
        wait = self.actions.engine.query(ActionStatus(run_id)).waits_for
        return wait is not None and wait.kind == "worker"

    def check_order(self, before: dict[str, ActionRun], task: Task, worker: str) -> None:
        """None of its key that was due stood before it by its priority."""
        key = self.keys[task.run_id]
        mates = [run for run in self.due_before(before, worker) if self.keys[run.run_id] == key]
        mine = self.priorities[task.run_id]
        assert all(self.priorities[run.run_id] >= mine for run in mates), (task, mates)

    def due_before(self, before: dict[str, ActionRun], worker: str) -> list[ActionRun]:
        return [
            run
            for run in before.values()
            if run.status == "pending"
            and (not run.labels or worker == "eu")
            and run.run_id in self.stored_pending()
            and self.is_due(run.run_id)
        ]

    def stored_pending(self) -> set[str]:
        return {run_id for run_id, run in self.stored().items() if run.status == "pending"}

    def check_limits(self, given: list[Task]) -> None:
        limits, stored = self.limits, self.stored()
        running = [run_id for run_id, run in stored.items() if run.status == "running"]
        if not given:
            return
        if limits.running is not None:
            assert len(running) <= limits.running
        for task in given:
            key = self.keys[task.run_id]
            if key is None:
                continue
            if limits.running_per_key is not None:
                mates = [run_id for run_id in running if self.keys[run_id] == key]
                assert len(mates) <= limits.running_per_key
            if limits.rate_per_key is not None:
                assert self.in_window(key) <= limits.rate_per_key
        if limits.rate is not None:
            assert self.in_window() <= limits.rate

    def in_window(self, *key: str, claims: list[tuple[int, str | None]] | None = None) -> int:
        since_ms = self.now_ms - self.limits.rate_period_ms
        counted = self.claims if claims is None else claims
        return sum(
            1 for at_ms, of_key in counted if at_ms > since_ms and (not key or of_key == key[0])
        )

    def at_most_in_window(self, *key: str) -> int:
        """Claims under former limits may count, too: they were noted if a rate was held then."""
        return self.in_window(*key, claims=self.former + self.claims)

    def check_that_nobody_could_be_given(self, worker: str) -> None:
        limits, stored = self.limits, self.stored()
        running = [run_id for run_id, run in stored.items() if run.status == "running"]
        if limits.running is not None and len(running) >= limits.running:
            return
        if limits.rate is not None and self.at_most_in_window() >= limits.rate:
            return
        for run in self.due(stored, worker):
            key = self.keys[run.run_id]
            assert key is not None, run
            assert self.is_blocked(key, running), run

    def is_blocked(self, key: str, running: list[str]) -> bool:
        limits = self.limits
        mates = [run_id for run_id in running if self.keys[run_id] == key]
        if limits.running_per_key is not None and len(mates) >= limits.running_per_key:
            return True
        return (
            limits.rate_per_key is not None and self.at_most_in_window(key) >= limits.rate_per_key
        )

    def forget_lost(self) -> None:
        stored = self.stored()
        self.held = {
            run_id: task for run_id, task in self.held.items() if stored[run_id].status == "running"
        }

    @precondition(lambda self: self.held)
    @rule(data=st.data(), how=st.sampled_from(["complete", "fail", "release", "cancel"]))
    def end(self, data: st.DataObject, how: str) -> None:
        self.forget_lost()
        if not self.held:
            return
        task = self.held.pop(data.draw(st.sampled_from(sorted(self.held))))
        match how:
            case "complete":
                self.actions.complete(task)
            case "fail":
                self.actions.fail(task)
            case "release":
                self.actions.release(task)
            case _:
                self.actions.cancel(task.run_id)

    @rule(ms=st.sampled_from([1, 10, 30, 60]))
    def time_passes(self, ms: int) -> None:
        self.actions.engine.advance(ms)

    @rule()
    def reopen(self) -> None:
        self.actions.engine.reopen()

    def teardown(self) -> None:
        self.check_counts()
        self.run_dry()
        other = Engine()
        for entry in self.actions.engine.entries:
            other.machine.apply(entry)
            other.flush()
        assert other.rows() == self.actions.engine.rows()

    def check_counts(self) -> None:
        """What is told of keys is what the runs say."""
        told = self.actions.engine.query(ActionGetLimits(RESIZE, limit=1000))
        runs = self.stored()
        assert told.running == sum(run.status == "running" for run in runs.values())
        due = self.due(runs, "eu")
        assert told.waiting == len(due)
        for each in told.items:
            if each.key:
                mine = [run for run_id, run in runs.items() if self.keys[run_id] == each.key]
                assert each.running == sum(run.status == "running" for run in mine)
                assert each.waiting == sum(self.keys[run.run_id] == each.key for run in due)

    def run_dry(self) -> None:
        """Nobody starves: with a worker for everything, all ends."""
        for _ in range(500):
            self.actions.engine.advance(TIMEOUT_MS)
            for task in self.actions.claim(10, worker="eu"):
                self.actions.complete(task)
            if not any(run.status in ("pending", "running") for run in self.stored().values()):
                return
        raise AssertionError("some run was never given")


TestLimitsModel = LimitsModel.TestCase
TestLimitsModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
