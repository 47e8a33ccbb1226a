"""Steps that run an action: each attempt is an action run of its own, owned by the workflow run.

When that action run ends, for whatever reason, the same commit moves the workflow run on.
"""

from __future__ import annotations

from typing import assert_never

from floruntime.engine.action import run_state
from floruntime.engine.action.invoke import create_run
from floruntime.engine.action.rows import find_action
from floruntime.engine.action.run_rows import ActionRunStatus, action_run_id
from floruntime.engine.action.run_state import ACTION_DELETED, NON_RETRYABLE
from floruntime.engine.workflow.language.definition import Target
from floruntime.engine.workflow.language.outcomes import (
    TIMEOUT,
    StepOutcome,
    could_not_run,
    disabled,
    failed,
    not_found,
)
from floruntime.engine.workflow.runs.advance import begin_again, go_on
from floruntime.engine.workflow.runs.bodies import find_run_or_body
from floruntime.engine.workflow.runs.context import CannotMap, step_key
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.handler_keys import handler_key
from floruntime.engine.workflow.runs.hooks import hooks_of
from floruntime.engine.workflow.runs.pauses import hold
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun
from floruntime.engine.workflow.steps.missing_actions import stop_awaiting, wait_for_target

STOPPED = "workflow_went_on"
"""The reason of an action run that was cancelled because its workflow run no longer wants it."""


def begin_action(
    run: OpenWorkflowRun, target: Target, payload: bytes, wait: Wait = Wait.ACTION
) -> StepOutcome | None:
    """Invoke the action, and wait for the end of that run."""
    tx, name = run.tx, target.name
    if len(payload) > tx.value_bytes_max:
        return could_not_run(
            f"the input of action {name!r} has {len(payload)} bytes; this server takes at most "
            f"{tx.value_bytes_max}"
        )
    action = find_action(tx, name)
    if action is None:
        if wait is Wait.ACTION and wait_for_target(run):
            return None
        run.note(Event.ACTION_NOT_FOUND, name)
        return not_found(f"action {name!r} is not registered")
    if not action.row.enabled:
        run.note(Event.ACTION_DISABLED, name)
        return disabled(f"action {name!r} is disabled")
    try:
        key = step_key(run)
    except CannotMap as problem:
        return could_not_run(str(problem))
    number = create_run(
        action,
        payload,
        caller_run_id=run.id,
        workflow_run=run.number,
        handler_key=handler_key(run),
        key=key,
        traceparent=run.of_run.row.traceparent,
    )
    run.note(Event.AWAITING_ACTION, name, number)
    run.wait_for(wait, number=number)
    return None


def action_ended(action_run: run_state.OpenActionRun, output: bytes) -> None:
    """Take the workflow run on that this action run belongs to, if that still waits for it."""
    number = action_run.row.workflow_run
    if not number:
        return
    run = find_run_or_body(action_run.tx, action_run.namespace_id, number)
    if run is None or run.row.wait_number != action_run.number:
        return
    answered = hooks_of(run.tx).answered.get(run.row.wait)
    if answered is None:
        return
    outcome = _outcome_of(action_run, output)
    run.note(Event.ACTION_COMPLETED, outcome.told(), action_run.number)
    if run.of_run.row.is_paused:
        hold(run, outcome)
        return
    run.stop_waiting()
    go_on(run, answered(run, outcome))


def look_again(run: OpenWorkflowRun) -> StepOutcome | None:
    """What the step runs came, or the time to wait for it is up."""
    stop_awaiting(run)
    return begin_again(run)


def itself(run: OpenWorkflowRun, outcome: StepOutcome) -> StepOutcome:
    """What follows from an action's outcome where the step is that action: just this."""
    return outcome


def _outcome_of(action_run: run_state.OpenActionRun, output: bytes) -> StepOutcome:
    row = action_run.row
    match row.status:
        case ActionRunStatus.COMPLETED:
            assert row.outcome is not None, "a completion names an outcome"
            return StepOutcome((row.outcome,), output, row.error)
        case ActionRunStatus.TIMED_OUT:
            return StepOutcome((TIMEOUT,), error=row.error or "the action run timed out as a whole")
        case ActionRunStatus.CANCELLED:
            return _cancelled(action_run)
        case ActionRunStatus.FAILED:
            return failed(row.error or row.reason or "", is_final=row.reason == NON_RETRYABLE)
        case ActionRunStatus.PENDING | ActionRunStatus.RUNNING:
            raise AssertionError("an action run that has ended is not under way")
        case _:
            assert_never(row.status)


def _cancelled(action_run: run_state.OpenActionRun) -> StepOutcome:
    row = action_run.row
    if row.reason == ACTION_DELETED:
        return not_found(f"action {action_run.action.name!r} was deleted")
    reason = f": {row.reason}" if row.reason else ""
    return failed(f"{action_run_id(action_run.number)} was cancelled{reason}", is_final=True)


def cancel_action(run: OpenWorkflowRun, number: int, *, is_late: bool) -> None:
    """The attempt is no longer wanted; a handler at work is told by its next heartbeat or touch."""
    action_run = run_state.find_action_run(run.tx, run.namespace_id, number)
    if action_run is not None and not action_run.row.is_finished:
        run_state.end_run(
            action_run, ActionRunStatus.CANCELLED, error=action_run.row.error, reason=STOPPED
        )
