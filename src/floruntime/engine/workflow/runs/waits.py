"""What an unfinished run waits for. Calculated for single runs, not for listings."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from floruntime.core.duration_text import lasting
from floruntime.core.run_wait import RunWait, WaitKind
from floruntime.engine.action.run_rows import ACTION_RUN, action_name, action_run_id
from floruntime.engine.action.run_waits import retry_text, wait_of_action_run
from floruntime.engine.state.tx import View
from floruntime.engine.workflow.language.definition import Retry, TargetKind, target_of
from floruntime.engine.workflow.runs.bodies import RUN_BODY, RUN_GROUP
from floruntime.engine.workflow.runs.rows import EVENTS, WORKFLOW_RUN, Wait, WorkflowRunRow
from floruntime.engine.workflow.runs.run import step_of, workflow_run_id
from floruntime.engine.workflow.runs.workflows import name_of, the_definition

CHILDREN_MAX: Final = 3
"""How far down a wait is followed; what is deeper has a status of its own."""
_FOR_AN_ACTION: Final = (Wait.ACTION, Wait.EXECUTOR)
_FOR_A_SIGNAL: Final = (Wait.SIGNAL, Wait.TRACKING)


def wait_of_workflow_run(
    view: View, of_namespace_id: int, number: int, row: WorkflowRunRow, depth: int = CHILDREN_MAX
) -> RunWait | None:
    """What a run of the view's namespace waits for; `None` where it goes on, or is over."""
    if row.is_finished:
        return None
    if row.wait in _FOR_AN_ACTION:
        return _for_an_action(view, of_namespace_id, row.wait_number)
    if row.wait == Wait.TARGET:
        return _for_a_missing_action(view, row)
    if row.wait == Wait.CHILD:
        return _for_a_child(view, of_namespace_id, row.wait_number, depth)
    if row.wait in _FOR_A_SIGNAL:
        return _for_a_signal(view, row)
    if row.wait == Wait.POLL:
        text = f"asks again in {_left(view, row)}"
        return RunWait(WaitKind.POLL, text, due_at_ms=row.wait_due_ms)
    if row.wait == Wait.BODIES:
        return _for_bodies(view, of_namespace_id, number)
    if row.wait == Wait.COMPENSATION:
        return _for_a_compensation(view, of_namespace_id, row)
    if row.wait == Wait.SLEEP:
        text = f"sleeps for {_left(view, row)} more"
        return RunWait(WaitKind.SLEEP, text, due_at_ms=row.wait_due_ms)
    if row.wait in (Wait.RETRY, Wait.EXECUTOR_RETRY):
        return _for_a_retry(view, of_namespace_id, number, row)
    return None


def _for_an_action(view: View, of_namespace_id: int, number: int) -> RunWait | None:
    row = view.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number))
    if row is None:
        return None
    run_id = action_run_id(number)
    wait = wait_of_action_run(view, row)
    if wait is not None:
        return replace(wait, run_id=run_id)
    name = action_name(view, row.action_id)
    text = f"waits for {name}, whose {run_id} worker {row.worker_id} has"
    return RunWait(WaitKind.RESULT, text, name, run_id, attempt=row.attempt)


def _for_a_missing_action(view: View, row: WorkflowRunRow) -> RunWait:
    definition = the_definition(view, row.workflow_id, row.definition).definition
    assert row.step is not None, "a run that waits is at a step"
    target = target_of(step_of(definition, row.step).run or "")
    assert target is not None, "a definition was checked"
    left = _left(view, row)
    if target.kind is TargetKind.WORKFLOW:
        text = f"waits for workflow {target.name}, which nobody has synced yet, for {left}"
        return RunWait(WaitKind.CHILD, text, target.name, due_at_ms=row.wait_due_ms)
    text = f"waits for {target.name}, which no worker has registered yet, for {left}"
    return RunWait(WaitKind.WORKER, text, target.name, workers=0, due_at_ms=row.wait_due_ms)


def _for_a_child(view: View, of_namespace_id: int, number: int, depth: int) -> RunWait | None:
    row = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number))
    if row is None:
        return None
    name, run_id = name_of(view, row.workflow_id), workflow_run_id(number, row)
    text = f"waits for workflow {name}, {run_id}"
    own = wait_of_workflow_run(view, of_namespace_id, number, row, depth - 1) if depth else None
    if own is not None:
        text += f": it {own.text}" if own.text.startswith("waits") else f": {own.text}"
    return RunWait(WaitKind.CHILD, text, name, run_id)


def _for_a_compensation(view: View, of_namespace_id: int, row: WorkflowRunRow) -> RunWait:
    text = f"undoes what it did, {row.compensated} so far, and then ends"
    body = view.get(RUN_BODY, RUN_BODY.key(of_namespace_id, row.wait_number))
    if body is None or body.state.wait not in (Wait.ACTION, Wait.CHILD):
        return RunWait(WaitKind.COMPENSATION, text)
    wait = wait_of_workflow_run(view, of_namespace_id, row.wait_number, body.state, 0)
    name, run_id = (wait.name, wait.run_id) if wait is not None else (None, None)
    return RunWait(WaitKind.COMPENSATION, text, name, run_id)


def _for_bodies(view: View, of_namespace_id: int, number: int) -> RunWait | None:
    group = view.get(RUN_GROUP, RUN_GROUP.key(of_namespace_id, number))
    if group is None:
        return None
    text = f"waits for its branches: {group.ended} of {group.count} ended, {group.live} under way"
    return RunWait(WaitKind.BRANCHES, text)


def _for_a_signal(view: View, row: WorkflowRunRow) -> RunWait:
    until = f", for {_left(view, row)} more" if row.wait_due_ms else ""
    return RunWait(
        WaitKind.SIGNAL,
        f"waits for the signal {row.wait_signal}{until}",
        row.wait_signal,
        due_at_ms=row.wait_due_ms or None,
    )


def _for_a_retry(
    view: View, of_namespace_id: int, number: int, row: WorkflowRunRow
) -> RunWait | None:
    attempt, retry = _next_attempt(view, row)
    attempts = None if retry is None else retry.max_attempts
    error = _last_detail(view, of_namespace_id, number).partition(", after ")[2] or None
    return RunWait(
        WaitKind.RETRY,
        retry_text(attempt - 1, attempts, _left(view, row), error),
        row.step,
        attempt=attempt,
        attempts=attempts,
        due_at_ms=row.wait_due_ms,
        error=error,
    )


def _next_attempt(view: View, row: WorkflowRunRow) -> tuple[int, Retry | None]:
    """Which attempt comes next, and how it is allowed: of the step, or of a plan's executor."""
    definition = the_definition(view, row.workflow_id, row.definition).definition
    assert row.step is not None, "a run that tries again is at a step"
    if row.wait == Wait.RETRY:
        return row.attempt, step_of(definition, row.step).retry
    assert row.plan is not None, "it goes through a plan"
    executor = definition.plans[row.plan.name].executors[row.plan.order[row.plan.position]]
    return row.plan.attempt + 1, executor.retry


def _last_detail(view: View, of_namespace_id: int, number: int) -> str:
    """Of the run's last event, which says why it waits."""
    start, end = EVENTS.range(of_namespace_id, number)
    for _, events in view.scan(EVENTS, start, end, reverse=True):
        return events[-1].detail
    return ""


def _left(view: View, row: WorkflowRunRow) -> str:
    return lasting(max(0, row.wait_due_ms - view.now_ms))
