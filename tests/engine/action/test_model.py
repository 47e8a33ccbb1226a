"""Runs against a plain model: random failures, lost workers, cancels, restarts, time passing.

Every run ends exactly once, attempts never exceed `max_retries + 1`, and what is running has an
owner whose lease stands. The same entries give the same rows on another machine.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from floruntime.core.action import ActionInvoke, ActionListRuns, ActionRun, RunStatus
from floruntime.core.errors import ConflictError
from floruntime.core.system import Batch
from floruntime.core.worker import Task, TaskResult, WorkerComplete
from floruntime.engine.action.run_state import (
    FAILURE_SCATTER,
    LOSS_SCATTER,
    attempt_delay_ms,
)
from tests.engine.action.calls import RESIZE, Actions, ids
from tests.engine.harness import Engine

MAX_RETRIES = 2
RETRY_DELAY_MS = 30
TIMEOUT_MS = 50
RUN_TIMEOUT_MS = 300
OTHER = "other"
WORKERS: dict[str, dict[str, str]] = {
    "plain": {},
    "eu": {"region": "eu"},
    "eu-gpu": {"region": "eu", "gpu": "yes"},
}
FINAL = {"completed", "failed", "cancelled", "timed_out"}


@dataclass
class Modelled:
    """`phase`: delayed, ready, running, or how it ended. `ends`: how often it ended."""

    number: int
    action: str
    priority: int
    labels: dict[str, str]
    due_ms: int
    ends_ms: int
    phase: str
    attempt: int = 0
    lease: int = 0
    expires_ms: int = 0
    worker: str | None = None
    ends: int = 0
    ended_under: int = 0
    leases: list[int] = field(default_factory=list)
    is_reserved: bool = False
    losses: int = 0
    kept: list[int] = field(default_factory=list)
    """Attempts that ended while the run went on."""
    own: list[int] = field(default_factory=list)
    """The attempt that the run ended with, if one was under way."""

    @property
    def run_id(self) -> str:
        return f"run-{self.number}"

    @property
    def place(self) -> tuple[int, int, int]:
        return self.priority, self.due_ms, self.number

    def end(self, how: str) -> None:
        if self.phase == "running" and (how in ("completed", "failed") or not self.is_reserved):
            self.own = [self.attempt]
        self.phase = how
        self.ends += 1

    @property
    def attempts(self) -> list[int]:
        under_way = [self.attempt] if self.phase == "running" and not self.is_reserved else []
        return [*self.kept, *under_way, *self.own]


class ActionModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.actions = Actions(
            max_retries=MAX_RETRIES, retry_delay_ms=RETRY_DELAY_MS, timeout_ms=TIMEOUT_MS
        )
        self.actions.register(
            OTHER, max_retries=0, timeout_ms=TIMEOUT_MS, run_timeout_ms=RUN_TIMEOUT_MS
        )
        for worker, labels in WORKERS.items():
            self.actions.register_worker(worker, labels=labels)
        self.runs: dict[str, Modelled] = {}
        self.handed_out: list[Task] = []

    @property
    def now_ms(self) -> int:
        return self.actions.now_ms

    @rule(
        name=st.sampled_from([RESIZE, OTHER]),
        count=st.integers(1, 4),
        priority=st.integers(0, 2),
        delay_ms=st.sampled_from([0, 0, 30]),
        labels=st.sampled_from([{}, {}, {"region": "eu"}, {"gpu": "yes"}, {"region": "us"}]),
    )
    def invoke(
        self, name: str, count: int, priority: int, delay_ms: int, labels: dict[str, str]
    ) -> None:
        for _ in range(count):
            run_id = self.actions.invoke(
                name=name, priority=priority, delay_ms=delay_ms, labels=labels
            )
            due_ms = self.now_ms + delay_ms
            ends_ms = due_ms + RUN_TIMEOUT_MS if name == OTHER else 0
            phase = "delayed" if delay_ms else "ready"
            number = int(run_id.removeprefix("run-"))
            self.runs[run_id] = Modelled(number, name, priority, labels, due_ms, ends_ms, phase)

    @rule(
        worker=st.sampled_from(sorted(WORKERS)),
        names=st.sampled_from([[RESIZE], [OTHER], [OTHER, RESIZE]]),
        count=st.integers(1, 4),
    )
    def claim(self, worker: str, names: list[str], count: int) -> None:
        tasks = self.actions.claim(count, *names, worker=worker)
        expected = [
            run
            for run in self.in_order()
            if run.action in names and run.labels.items() <= WORKERS[worker].items()
        ][:count]
        assert ids(tasks) == [run.run_id for run in expected]
        for task, run in zip(tasks, expected, strict=True):
            self.hand_out(task, run, worker)

    @rule(
        worker=st.sampled_from(sorted(WORKERS)),
        names=st.sampled_from([[RESIZE], [OTHER, RESIZE]]),
        count=st.integers(1, 4),
        places=st.integers(0, 2),
    )
    def turn(self, worker: str, names: list[str], count: int, places: int) -> None:
        """Claims beyond the places are reserved; what was lost before goes alone, to a place."""
        places = min(places, count)
        tasks = self.actions.turn(worker=worker, actions=names, count=count, places=places).tasks
        expected: list[Modelled] = []
        for run in self.in_order():
            if run.action not in names or not run.labels.items() <= WORKERS[worker].items():
                continue
            if run.losses and (expected or not places):
                continue
            expected.append(run)
            if len(expected) == count or run.losses:
                break
        assert ids(tasks) == [run.run_id for run in expected]
        for place, (task, run) in enumerate(zip(tasks, expected, strict=True)):
            self.hand_out(task, run, worker)
            run.is_reserved = place >= places

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.handed_out))
        run = self.runs[task.run_id]
        self.actions.turn(begun=[task])
        if run.phase == "running" and run.lease == task.lease:
            run.is_reserved = False

    def hand_out(self, task: Task, run: Modelled, worker: str) -> None:
        assert task.lease > max((t.lease for t in self.handed_out), default=0)
        run.phase, run.lease, run.worker = "running", task.lease, worker
        run.is_reserved, run.expires_ms = False, 0
        run.attempt += 1
        run.leases.append(task.lease)
        self.renew(run, TIMEOUT_MS)
        assert (task.attempt, task.lease_expires_at_ms) == (run.attempt, run.expires_ms)
        self.handed_out.append(task)

    def renew(self, run: Modelled, for_ms: int) -> None:
        longer_ms = max(self.now_ms + for_ms, run.expires_ms)
        run.expires_ms = min(longer_ms, run.ends_ms or 2**63)

    @precondition(lambda self: self.handed_out)
    @rule(
        data=st.data(),
        how=st.sampled_from(["complete", "complete", "fail", "give_up", "release", "touch"]),
    )
    def settle(self, data: st.DataObject, how: str) -> None:
        task = data.draw(st.sampled_from(self.handed_out))
        run = self.runs[task.run_id]
        holds = run.phase == "running" and run.lease == task.lease
        before = self.actions.run(task.run_id)
        try:
            self.say(task, how)
        except ConflictError:
            assert not holds
        if holds:
            self.apply(run, how)
        else:
            assert self.actions.run(task.run_id) == before  # stale, or repeated

    def say(self, task: Task, how: str) -> None:
        if how == "complete":
            self.actions.complete(task, b"%d" % task.lease)
        elif how == "touch":
            self.actions.touch(task, 80)
        elif how == "release":
            self.actions.release(task)
        else:
            self.actions.fail(task, retry=how == "fail")

    def apply(self, run: Modelled, how: str) -> None:
        if how == "complete":
            run.end("completed")
            run.ended_under = run.lease
        elif how == "touch":
            self.renew(run, 80)
        elif how == "release":
            run.attempt -= 1
            run.phase = "ready"
        else:
            self.fail(run, retry=how == "fail", is_lost=False)

    def fail(self, run: Modelled, *, retry: bool, is_lost: bool) -> None:
        max_retries = MAX_RETRIES if run.action == RESIZE else 0
        run.losses += is_lost
        if not retry or run.attempt > max_retries:
            run.end("failed")
        else:
            run.kept.append(run.attempt)
            run.phase = "delayed"
            scatter = LOSS_SCATTER if is_lost else FAILURE_SCATTER
            delay_ms = attempt_delay_ms(RETRY_DELAY_MS, run.attempt, run.run_id, scatter)
            run.due_ms = self.now_ms + delay_ms

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data(), worker=st.sampled_from(sorted(WORKERS)))
    def exchange(self, data: st.DataObject, worker: str) -> None:
        """A few results, some of them stale, and nothing claimed: no worker has no labels here."""
        chosen = data.draw(st.lists(st.sampled_from(self.handed_out), max_size=3))
        unique = {task.lease: task for task in chosen}.values()
        results = [TaskResult(t.run_id, t.lease, b"%d" % t.lease) for t in unique]
        assert self.actions.exchange(*results) == []
        for task in unique:
            run = self.runs[task.run_id]
            if run.phase == "running" and run.lease == task.lease:
                self.apply(run, "complete")

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(list(self.runs.values())))
        try:
            self.actions.cancel(run.run_id)
        except ConflictError:
            assert run.phase in FINAL
        else:
            run.end("cancelled")

    @rule(ms=st.sampled_from([1, 10, 30, 50, 120]))
    def time_passes(self, ms: int) -> None:
        for _ in range(ms):  # each due time is met exactly, as the server does
            self.actions.engine.now_ms += 1
            for run in self.runs.values():
                self.let_time_act(run)
            if self.actions.engine.machine.first_due(self.now_ms + 1) is not None:
                self.actions.engine.tick()

    def let_time_act(self, run: Modelled) -> None:
        if run.phase in FINAL:
            return
        if run.ends_ms and run.ends_ms <= self.now_ms:
            run.end("timed_out")
        elif run.phase == "delayed" and run.due_ms <= self.now_ms:
            run.phase = "ready"
        elif run.phase == "running" and run.expires_ms <= self.now_ms:
            if run.is_reserved:
                run.attempt -= 1
                run.losses += 1
                run.phase = "ready"
            else:
                self.fail(run, retry=True, is_lost=True)

    @rule()
    def crash_and_reopen(self) -> None:
        self.actions.engine.reopen()

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data())
    def refused_batch(self, data: st.DataObject) -> None:
        """A completion, an invocation, and something stale after them: none of it happens."""
        task = data.draw(st.sampled_from(self.handed_out))
        complete = WorkerComplete("w", task.run_id, task.lease)
        batch = Batch([ActionInvoke(RESIZE), complete, WorkerComplete("w", task.run_id, 10**9)])
        assert self.actions.engine.outcome(batch).error is not None

    def in_order(self) -> list[Modelled]:
        ready = [run for run in self.runs.values() if run.phase == "ready"]
        return sorted(ready, key=lambda run: run.place)

    def stored(self) -> dict[str, ActionRun]:
        reply = self.actions.engine.query(ActionListRuns(limit=1000))
        return {run.run_id: run for run in reply.items}

    @invariant()
    def every_run_is_as_modelled(self) -> None:
        stored = self.stored()
        assert list(stored) == sorted(self.runs, key=lambda r: -self.runs[r].number)
        for run_id, run in self.runs.items():
            seen = stored[run_id]
            expected = "pending" if run.phase in ("delayed", "ready") else run.phase
            assert (seen.status, seen.attempt) == (expected, run.attempt), run
            assert [each.attempt for each in seen.attempts] == run.attempts, run
            assert run.attempt <= MAX_RETRIES + 1
            assert run.ends == (run.phase in FINAL)
            if run.phase == "running":
                assert seen.worker_id == run.worker
                assert run.expires_ms > self.now_ms
            if run.phase == "completed":
                assert seen.output == b"%d" % run.ended_under
            assert (seen.completed_at_ms is not None) == (run.phase in FINAL)

    @invariant()
    def the_index_and_the_counts_agree(self) -> None:
        for status in RunStatus:
            listed = self.actions.runs(status=status)
            expected = [r for r, run in self.stored().items() if run.status == status]
            assert listed == expected
        running = [run.worker for run in self.runs.values() if run.phase == "running"]
        for worker in self.actions.workers():
            assert worker.running == running.count(worker.worker_id)

    def teardown(self) -> None:
        """The same entries give the same rows on another machine."""
        other = Engine()
        for entry in self.actions.engine.entries:
            other.machine.apply(entry)
            other.flush()
        assert other.rows() == self.actions.engine.rows()


TestActionModel = ActionModel.TestCase
TestActionModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_ten_thousand_transitions_end_each_run_once() -> None:
    """Many workers, random failures and losses from a fixed seed: all ends are accounted for."""
    chance = random.Random(3)
    actions = Actions(max_retries=MAX_RETRIES, retry_delay_ms=5, timeout_ms=40)
    engine = actions.engine
    runs = [actions.invoke(b"%d" % n, priority=n % 3) for n in range(2_500)]
    completed: dict[str, int] = {}
    attempts: dict[str, int] = {}
    transitions = len(runs)
    while unfinished := actions.claim(100):
        engine.hold = True
        for task in unfinished:
            attempts[task.run_id] = max(task.attempt, attempts.get(task.run_id, 0))
            fate = chance.random()
            transitions += 2
            if fate < 0.6:
                actions.complete(task, task.payload)
                completed[task.run_id] = completed.get(task.run_id, 0) + 1
            elif fate < 0.8:
                actions.fail(task)
            elif fate < 0.9:
                actions.release(task)  # the rest is lost with its worker
        engine.hold = False
        engine.flush()
        engine.advance(45)
        if chance.random() < 0.05:
            engine.reopen()
    assert transitions > 10_000
    assert set(attempts) == set(runs)
    assert max(attempts.values()) == MAX_RETRIES + 1
    for run_id in runs:
        run = actions.run(run_id)
        assert run.status == (RunStatus.COMPLETED if run_id in completed else RunStatus.FAILED)
        assert run.output == (run.input if run_id in completed else None)
    assert set(completed.values()) == {1}
