"""Each thing that must be true of workflows is missed where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from floruntime.core.workflow import WorkflowStatus
from floruntime.engine.action.run_rows import ACTION_RUN
from floruntime.engine.state.keyspace import Table
from floruntime.engine.store import Changes
from floruntime.engine.system import timers
from floruntime.engine.system.timers import TIMER
from floruntime.engine.workflow.catalog.schedules import SCHEDULE, SCHEDULE_DUE
from floruntime.engine.workflow.catalog.triggers import TRIGGER, TRIGGERED
from floruntime.engine.workflow.invariant_counts import violations
from floruntime.engine.workflow.runs.rows import (
    DEFINITION,
    EVENTS,
    SEARCH_VALUE,
    SIGNAL,
    USE,
    VERSION,
    WORKFLOW,
    WORKFLOW_KEY,
    WORKFLOW_NAME,
    WORKFLOW_RUN,
    WORKFLOW_RUN_BY_STATUS,
    WORKFLOW_RUN_ID,
    SignalRow,
    Wait,
    WorkflowRunRow,
)
from floruntime.engine.workflow.steps.plan_rows import PLAN
from tests.engine.workflow.calls import ENGINES, ONE_STEP, Workflows, flow
from tests.engine.workflow.catalog.test_schedules import Schedules, scheduled
from tests.engine.workflow.catalog.trigger_calls import Triggers, triggered
from tests.engine.workflow.steps.plan_flows import Plans, executor, planned

CHILD = ONE_STEP.replace("name: flow", "name: child")
Change = Callable[[Any], Any]


class Damaged:
    """Rows changed behind the engine's back."""

    def __init__(self, flows: Workflows) -> None:
        self.flows = flows
        ENGINES.clear()  # it is meant to be unsound

    @property
    def found(self) -> str:
        """What is wrong with it, as one text."""
        engine = self.flows.engine
        return "; ".join(violations(engine.machine.view(engine.store, "default", engine.now_ms)))

    def keys(self, table: Table[Any]) -> list[bytes]:
        return [key for key in self.flows.engine.rows() if key[:2] == table.tag]

    def change(self, table: Table[Any], **fields: Any) -> str:
        """Set fields of the first row of a table."""
        key = self.keys(table)[0]
        row = table.decode(self.flows.engine.rows()[key])
        return self.put(key, msgspec.structs.replace(row, **fields))

    def put(self, key: bytes, row: Any) -> str:
        self.flows.engine.store.write(Changes({key: msgspec.msgpack.encode(row)}, []))
        return self.found

    def delete(self, table: Table[Any], index: int = 0) -> str:
        """Delete a row of a table."""
        self.flows.engine.store.write(Changes({self.keys(table)[index]: None}, []))
        return self.found


def damaged(*documents: str, finished: bool = False, **start: Any) -> Damaged:
    flows = Workflows(*(documents or (ONE_STEP,)))
    flows.start(**start)
    if finished:
        flows.do()
    return Damaged(flows)


def test_a_sound_state_has_nothing_wrong_with_it() -> None:
    assert damaged().found == damaged(finished=True).found == ""


# Runs that nothing will wake


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"wait": Wait.NOTHING}, "has not ended and waits for nothing"),
        ({"wait_number": 999}, "waits for action run 999, which is gone"),
        ({"wait": Wait.CHILD}, "waits for child"),
        ({"wait": Wait.SIGNAL}, "waits for a signal of no type"),
        ({"wait": Wait.RETRY}, "waits for RETRY that never comes"),
        ({"wait": Wait.POLL}, "waits for POLL that never comes"),
        ({"wait": Wait.EXECUTOR_RETRY}, "waits for EXECUTOR_RETRY that never comes"),
        ({"wait": Wait.TRACKING, "wait_signal": "x"}, "waits for TRACKING that never comes"),
        ({"wait": Wait.EXECUTOR}, "goes through plan None while it waits for EXECUTOR"),
        ({"step_due_ms": 5}, "has a timer at 0 instead of 5"),
        ({"timer_ms": 5}, "counts on a timer at 5 that is not there"),
        ({"wait": Wait.SIGNAL, "wait_signal": "x", "signals": {"x": 2}}, "keeps {'x': 2}"),
    ],
)
def test_an_unfinished_run_that_nothing_will_wake(fields: dict[str, Any], problem: str) -> None:
    assert problem in damaged().change(WORKFLOW_RUN, **fields)


def test_a_timer_that_is_not_there() -> None:
    timed = flow("start: {waitForSignal: {type: x, timeoutMs: 9}, transitions: {success: start}}")
    assert "counts on a timer at" in damaged(timed).delete(TIMER)


def test_an_action_run_that_has_ended_or_is_anothers() -> None:
    assert "which is gone or has ended" in damaged().change(ACTION_RUN, status=3)
    assert "which belongs to run 999" in damaged().change(ACTION_RUN, workflow_run=999)


def test_an_action_run_that_nobody_waits_for() -> None:
    timed = ONE_STEP.replace("  transitions", "  timeoutMs: 5\n  transitions")
    state = damaged(timed)
    due_ms = state.flows.now_ms + 5
    found = state.change(WORKFLOW_RUN, wait=Wait.RETRY, wait_due_ms=due_ms)
    assert "goes on, though workflow run" in found


def test_a_child_that_has_ended_or_is_anothers() -> None:
    parent = flow('start: {run: "@workflow/child", transitions: {success: flo.Completed}}')
    state = damaged(CHILD, parent)
    child_key = state.keys(WORKFLOW_RUN)[1]
    child: WorkflowRunRow = WORKFLOW_RUN.decode(state.flows.engine.rows()[child_key])
    assert "whose parent is 999" in state.put(child_key, msgspec.structs.replace(child, parent=999))
    ended = msgspec.structs.replace(child, status=4)
    assert "which is gone or has ended" in state.put(child_key, ended)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"wait": Wait.RETRY}, "still waits for something"),
        ({"step_due_ms": 5}, "still waits for something"),
        ({"terminal": None}, "has ended, but not anywhere"),
        ({"completed_at_ms": None}, "or at no time"),
        ({"timer_ms": 0}, "will never be forgotten"),
        ({"timer_ms": 5}, "counts on a timer at 5"),
    ],
)
def test_a_finished_run_that_is_not_done_with(fields: dict[str, Any], problem: str) -> None:
    assert problem in damaged(finished=True).change(WORKFLOW_RUN, **fields)


def test_keys_that_nothing_will_forget() -> None:
    keyed = ONE_STEP + "\nidempotency: optional"
    state = damaged(keyed, idempotency_key="k")
    assert "idempotency key that expires at 5" in state.change(WORKFLOW_KEY, expires_at_ms=5)
    state = damaged(keyed, finished=True, idempotency_key="k")
    assert "idempotency key that expires at 0" in state.change(WORKFLOW_KEY, expires_at_ms=0)
    assert "key that nothing will forget" in state.change(WORKFLOW_KEY, expires_at_ms=5)


# Indexes, counts and leftovers


def test_indexes_of_runs() -> None:
    assert "is not in the index under its status" in damaged().change(WORKFLOW_RUN, status=3)
    assert "rows in the index of its 1 runs" in damaged().delete(WORKFLOW_RUN_BY_STATUS)
    assert "has no input" in damaged().change(WORKFLOW_RUN, input=None)
    assert "is not found by the id" in damaged(run_id="mine").delete(WORKFLOW_RUN_ID)
    state = damaged(run_id="mine")
    state.put(state.keys(WORKFLOW_RUN_ID)[0], 999)
    assert "an id leads to workflow run 999, which is gone" in state.found


def test_search_attributes() -> None:
    text = ONE_STEP + "\nsearchAttributes: [{name: n, type: number, from: $.input}]"
    state = damaged(text, input=7)
    found = state.delete(SEARCH_VALUE)
    assert "is not found by its search attribute 'n'" in found
    assert "has 0 rows of search attributes; its runs have 1" in found


def test_events_and_signals() -> None:
    assert "counts 3 events and has 0" in damaged().delete(EVENTS)
    assert "counts 9 events and has 3" in damaged().change(WORKFLOW_RUN, events=9)
    state = damaged()
    number = WORKFLOW_RUN.unpack(state.keys(WORKFLOW_RUN)[0])[1]
    of_namespace_id = WORKFLOW_RUN.unpack(state.keys(WORKFLOW_RUN)[0])[0]
    state.flows.signal(state.flows.runs()[0], "x")
    assert "counts kept signals as {'x': 1} and has {}" in state.delete(SIGNAL)
    signal = SignalRow("y", b"", 0)
    assert "has {'y': 1}" in state.put(SIGNAL.key(of_namespace_id, number, 1), signal)
    events = EVENTS.decode(state.flows.engine.rows()[state.keys(EVENTS)[0]])
    found = state.put(EVENTS.key(of_namespace_id, number, 40), events)
    assert "has event 40 after event" in found


def test_rows_of_runs_that_are_gone() -> None:
    assert "has a row of workflow run" in damaged().delete(WORKFLOW_RUN)


@pytest.mark.parametrize(
    "fields", [{"runs": 2}, {"unfinished": 0}, {"unfinished": 2}, {"scheduled": 1}]
)
def test_counts_of_workflows(fields: dict[str, int]) -> None:
    assert "counts runs, unfinished and scheduled ones as" in damaged().change(WORKFLOW, **fields)


def test_versions() -> None:
    assert "is not found by its number" in damaged().delete(WORKFLOW_NAME)
    assert "counts runs on its versions as {}" in damaged().delete(USE)
    newer = ONE_STEP.replace('"1"', '"2"')
    assert "and versions" in damaged(ONE_STEP, newer).delete(VERSION)
    assert "has definitions" in damaged(ONE_STEP, newer).delete(DEFINITION)
    assert "its current one" in damaged(ONE_STEP, newer).change(WORKFLOW, current=999)
    state = damaged(*(ONE_STEP.replace('"1"', f'"{n}"') for n in range(21)))
    assert state.found == ""
    number = DEFINITION.unpack(state.keys(DEFINITION)[0])[1] - 1
    of_workflow = DEFINITION.unpack(state.keys(DEFINITION)[0])[0]
    old = DEFINITION.decode(state.flows.engine.rows()[state.keys(DEFINITION)[0]])
    assert "should be kept" in state.put(DEFINITION.key(of_workflow, number), old)


def test_probes_that_are_not_under_way() -> None:
    flows = Plans(planned(executor("a", "breaker: {}")))
    flows.start()
    state = Damaged(flows)
    row = PLAN.decode(flows.engine.rows()[state.keys(PLAN)[0]])
    probing = msgspec.structs.replace(row.executors["a"], probes=2)
    found = state.change(PLAN, executors={"a": probing})
    assert "counts 2 probes of executor 'a' of plan 'pay'; 0 are under way" in found


def test_schedules() -> None:
    flows = Schedules(scheduled())
    flows.come(0, 5000)
    state = Damaged(flows)
    assert "buffers a run of 7, though nothing holds it up" in state.change(SCHEDULE, buffered_ms=7)
    assert "is due, though it is paused" in state.change(SCHEDULE, paused=True, buffered_ms=0)
    assert "due at 5000, where nothing stands" in state.delete(SCHEDULE_DUE)


def test_triggers() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 2"))
    flows.append(1)
    state = Damaged(flows)
    assert "trigger that counts on a timer at" in state.delete(TIMER)
    assert "with 1 records that nothing looks at" in state.change(TRIGGER, timer_ms=0)
    assert "has a trigger that no append to 'events' wakes" in state.delete(TRIGGERED)


def test_timers_that_nobody_counts_on() -> None:
    state = damaged()
    of_namespace_id, number = WORKFLOW_RUN.unpack(state.keys(WORKFLOW_RUN)[0])
    found = state.put(TIMER.key(7, timers.WORKFLOW_RUN, of_namespace_id, number), [None])
    assert f"a timer at 7 is for run {number}, which does not count on it" in found
    flows = Triggers(triggered())
    state = Damaged(flows)
    [workflow_id] = TRIGGER.unpack(state.keys(TRIGGER)[0])
    found = state.put(TIMER.key(7, timers.WORKFLOW_TRIGGER, workflow_id, 0), [None])
    assert f"a timer at 7 is for trigger {workflow_id}" in found


def test_the_probe_of_an_item_is_one_of_its_executor() -> None:
    breaker = {"failure_threshold": 1, "cooldown_ms": 100, "half_open_max_calls": 1}
    executors = [
        {"name": "first", "run": "@actions/a", "breaker": breaker},
        {"name": "second", "run": "@actions/a"},
    ]
    definition = {
        "kind": "Workflow",
        "name": "flow",
        "version": "1",
        "plans": {"p": {"executors": executors}},
        "start": {
            "forEach": {"items": "$.input", "run": "@plan/p", "concurrency": 1},
            "transitions": {"success": "flo.Completed", "failure": "flo.Failed"},
        },
    }
    flows = Workflows(actions=("a",))
    flows.sync(json.dumps(definition))
    run_id = flows.start([1, 2])
    for outcome in ("failure", "success"):
        [task] = flows.claim("a")
        flows.advance(100)
        flows.complete(task, {}, outcome)
    [probe] = flows.claim("a")
    view = flows.engine.machine.view(flows.engine.store, "default", flows.engine.now_ms)
    [(_, plan)] = view.scan(PLAN, *PLAN.range())
    assert plan.executors["first"].probes == 1
    assert violations(view) == []
    flows.complete(probe, {}, "success")
    assert flows.status(run_id) is WorkflowStatus.COMPLETED
