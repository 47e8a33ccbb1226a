"""Random workflows and random happenings: the engine and `reference.py` tell the same story."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from floruntime.core.action import Limits
from floruntime.core.errors import BadRequestError, FloError
from floruntime.core.worker import Task
from floruntime.core.workflow import HistoryEvent
from floruntime.engine.action.run_rows import ACTION_RUN
from floruntime.engine.action.run_rows import action_run_id as action_run_id_of
from floruntime.engine.workflow.invariant_counts import violations
from floruntime.engine.workflow.runs.rows import WORKFLOW_RUN, WorkflowRunRow
from floruntime.engine.workflow.runs.run import workflow_run_id
from tests.engine.workflow.calls import ENGINES, Workflows
from tests.engine.workflow.conftest import rows_replayed
from tests.engine.workflow.random_flows import ACTIONS, Happening, Json, limits, stories
from tests.engine.workflow.reference import Call, Event, Outcome, Refused, Run, World

_WHOLE = ("signal_received", "signal_matched", "signal_timeout", "waiting_for_signal")
"""Types of events whose detail is a name that may have a colon in it."""
_WITH_REASON = ("workflow_failed", "workflow_timed_out")
_WORKING = ("action", "child", "executor", "bodies", "compensation")
_LABEL = re.compile(r"b\d|\d+")
"""What begins details of branches and items; those of compensations begin with what they undo."""
MONTH_MS = 30 * 24 * 3_600_000


class Pair:
    """The engine and the reference, told the same."""

    actions: tuple[str, ...] = ACTIONS
    world_of: type[World] = World

    def __init__(self, definitions: list[Json]) -> None:
        self.flows = Workflows(actions=self.actions, timeout_ms=MONTH_MS)
        self.flows.sync(*(json.dumps(one) for one in definitions))
        self.world = self.world_of(definitions, self.flows.now_ms)
        self._tasks: dict[str, Task] = {}

    def let_happen(self, happening: Happening) -> None:
        verb, *details = happening
        theirs = _said(lambda: getattr(self, f"_{verb}")(*details))
        assert theirs in ("done", "refused"), theirs
        self._claim()
        self.compare(happening)

    def hold_to(self, limits: dict[str, Json]) -> None:
        """Let the actions have these limits."""
        self.world.limits = limits
        for action, held_to in limits.items():
            self.flows.register(action, timeout_ms=MONTH_MS, limits=Limits(**held_to))

    def _claim(self) -> None:
        for task in self.flows.claim(*self.actions):
            self._tasks[task.run_id] = task
        self.world.claim()
        run_ids = self._action_run_ids()
        claimed = {run_ids[call.index] for call, _ in self.world.claims}
        assert set(self._tasks) == claimed, "limits let the same runs through"

    # What can happen: the engine refuses what the reference refuses

    def _both(self, engine: Any, reference: Any) -> None:
        assert _said(engine) == _said(reference)

    def _start(self, name: str) -> None:
        run_id = f"r{len(self.world.runs)}"
        self._both(
            lambda: self.flows.start(name=name, run_id=run_id),
            lambda: self.world.start(name, run_id),
        )

    def _finish(self, place: int, outcome: str, error: str, is_final: bool) -> None:
        found = self._claimed(place)
        if found is None:
            return
        call, task = found
        if error and outcome == "failure":
            self.flows.fail(task, f"{error}: bad luck", retry=not is_final)
            self.world.finish(call, Outcome(("failure",), error, is_final))
        else:
            self.flows.complete(task, None, outcome)
            self.world.finish(call, Outcome((outcome,)))

    def _claimed(self, place: int) -> tuple[Call, Task] | None:
        """One of those at work, for the reference and for the engine."""
        calls = [call for call in self.world.calls if call.is_claimed]
        if place >= len(calls):
            return None
        return calls[place], self._tasks[self._action_run_ids()[calls[place].index]]

    def _signal(self, place: int, type: str) -> None:
        self._with_run(place, lambda id: self.flows.signal(id, type), self.world.send, type)

    def _cancel(self, place: int) -> None:
        self._with_run(place, self.flows.cancel, self.world.cancel)

    def _retry(self, place: int) -> None:
        self._with_run(place, self.flows.retry, self.world.retry)

    def _with_run(self, place: int, engine: Any, reference: Any, *details: Any) -> None:
        runs = list(self.world.runs.values())
        if place < len(runs):
            run_id = self._runs()[place][0]
            self._both(lambda: engine(run_id), lambda: reference(runs[place], *details))

    def _advance(self, ms: int) -> None:
        self.flows.advance(ms)
        self.world.advance(ms)

    def _disable(self, action: str, is_disabled: bool) -> None:
        self.flows.enable_action(action, not is_disabled)
        (self.world.disabled.add if is_disabled else self.world.disabled.discard)(action)

    def _restart(self) -> None:
        self.flows.engine.reopen()

    # Comparing

    def _action_run_ids(self) -> list[str]:
        """Of all calls ever made, in order."""
        keys = sorted(key for key in self.flows.engine.rows() if key[:2] == ACTION_RUN.tag)
        return [action_run_id_of(ACTION_RUN.unpack(key)[1]) for key in keys]

    def _runs(self) -> list[tuple[str, WorkflowRunRow]]:
        rows = self.flows.engine.rows()
        keys = sorted(key for key in rows if key[:2] == WORKFLOW_RUN.tag)
        decoded = [(WORKFLOW_RUN.unpack(key)[1], WORKFLOW_RUN.decode(rows[key])) for key in keys]
        return [(workflow_run_id(number, row), row) for number, row in decoded]

    def compare(self, after: Any) -> None:
        engine = self.flows.engine
        runs = self._runs()
        assert len(runs) == len(self.world.runs), after
        for (run_id, row), run in zip(runs, self.world.runs.values(), strict=True):
            history = self.flows.history(run_id)
            assert [_event(event) for event in history] == run.events, (after, run_id)
            assert all(": " in event.detail for event in history if event.type in _WITH_REASON)
            assert self._stands(run_id, row) == _stands(run), (after, run_id)
        assert violations(engine.machine.view(engine.store, "default", engine.now_ms)) == []

    def _stands(self, run_id: str, row: WorkflowRunRow) -> tuple[Any, ...]:
        run = self.flows.run(run_id)
        due_ms = None if row.timer_ms == 0 or row.is_finished else row.timer_ms
        kept = sorted(type for type, count in row.signals.items() for _ in range(count))
        return run.status, run.terminal, run.current_step, run.wait_signal, due_ms, kept


def _said(ask: Any) -> str:
    try:
        ask()
    except (FloError, Refused):
        return "refused"
    return "done"


def _event(event: HistoryEvent) -> Event:
    """What the reference would say of it."""
    label, colon, detail = event.detail.partition(": ")
    if not (_LABEL.fullmatch(label) or event.type.startswith("compensation")):
        label, colon, detail = "", "", event.detail
    if event.type not in _WHOLE:
        detail = detail.partition(":")[0]
    shown = {
        "workflow_started": "",
        "step_started": "",
        "step_retry": "by request" if detail == "by request" else "attempt",
        "poll_scheduled": "poll",
        "poll_exhausted": "still pending",
        "sleep_started": "past" if detail == "its time is past" else detail,
    }
    told = f"{label}{colon}{shown.get(event.type, detail)}"
    return event.type, event.step, told, event.timestamp_ms


def _stands(run: Run) -> tuple[Any, ...]:
    status = "compensating" if run.wait == "compensation" else run.status
    if not run.is_finished and run.wait not in _WORKING:
        status = "waiting"
    due_ms = run.due_ms
    if getattr(run, "paused_ms", None) is not None:
        status, due_ms = "paused", None
    return status, run.terminal, run.step, run.signal, due_ms, sorted(run.kept)


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(stories(), limits())
def test_the_engine_tells_the_story_that_the_reference_tells(
    story: tuple[list[Json], list[Happening]], held_to: dict[str, Json]
) -> None:
    definitions, happenings = story
    ENGINES.clear()
    try:
        pair = Pair(definitions)
    except BadRequestError:
        assume(False)
        raise
    pair.hold_to(held_to)
    pair.let_happen(("start", "main"))
    for happening in happenings:
        pair.let_happen(happening)
    assert rows_replayed(pair.flows.engine) == pair.flows.engine.rows()
    ENGINES.clear()


@pytest.mark.parametrize("first", ["success", "failure"])
@pytest.mark.parametrize("second", ["success", "failure"])
def test_of_two_probes_the_first_that_is_over_decides(first: str, second: str) -> None:
    breaker = {"failure_threshold": 1, "cooldown_ms": 100, "half_open_max_calls": 2}
    executor = {"name": "e0", "run": "@actions/a", "breaker": breaker}
    to_ends = {"success": "flo.Completed", "failure": "flo.Failed"}
    plan = {"plans": {"p": {"executors": [executor]}}}
    pair = Pair([{**ONE, **plan, "start": {"run": "@plan/p", "transitions": to_ends}}])
    start = ("start", "main")
    pair.let_happen(start)
    pair.let_happen(("finish", 0, "failure", "", False))
    for happening in (("advance", 100), start, start):
        pair.let_happen(happening)
    assert len(pair.world.calls) == 2
    for outcome in (first, second):
        pair.let_happen(("finish", 0, outcome, "", False))
        pair.let_happen(("advance", 10))
    for happening in (start, ("advance", 80), start, ("advance", 10), start):
        pair.let_happen(happening)


ONE: Json = {"kind": "Workflow", "name": "main", "version": "1"}
