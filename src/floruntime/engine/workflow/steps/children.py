"""Steps that run a child workflow: when the child ends, the same commit moves the parent on.

A child's outcome is the name of the terminal at which it ended, falling back to `success` or
`failure`. A child may end at once. Then its parent does not wait at all. It continues the child's
count of steps that were passed without waiting.
"""

from __future__ import annotations

from typing import Final

from floruntime.engine.state.large_documents import read_document
from floruntime.engine.workflow.language.definition import EndStatus, Target
from floruntime.engine.workflow.language.outcomes import (
    FAILURE,
    SUCCESS,
    StepOutcome,
    could_not_run,
    disabled,
    not_found,
)
from floruntime.engine.workflow.runs.advance import abandon_wait, end, go_on
from floruntime.engine.workflow.runs.bodies import find_run_or_body
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.handler_keys import handler_key
from floruntime.engine.workflow.runs.pauses import hold
from floruntime.engine.workflow.runs.rows import WORKFLOW_OUTPUT, Origin, Wait, WorkflowRunStatus
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, find_workflow_run
from floruntime.engine.workflow.runs.start import begin_run
from floruntime.engine.workflow.runs.workflows import OpenWorkflow, find_version, find_workflow
from floruntime.engine.workflow.steps.missing_actions import wait_for_target

DEPTH_MAX: Final = 32
"""How deep workflows run workflows."""


def begin_child(run: OpenWorkflowRun, target: Target, payload: bytes) -> StepOutcome | None:
    """Start the child, and wait for its end, unless it has come to that already."""
    told = target.name if target.version is None else f"{target.name}:{target.version}"
    found = _find(run, target)
    if found is None:
        if wait_for_target(run):
            return None
        run.note(Event.CHILD_NOT_FOUND, told)
        return not_found(f"workflow {told!r} does not exist")
    workflow, number = found
    if not workflow.row.enabled:
        return disabled(f"workflow {told!r} is disabled")
    if run.row.depth >= DEPTH_MAX:
        return could_not_run(
            f"workflow {told!r} would be {DEPTH_MAX + 1} deep; {DEPTH_MAX} are allowed"
        )
    child = _start(run, workflow, number, payload)
    run.note(Event.AWAITING_CHILD, told, child.number, is_child=True)
    if child.row.is_finished:
        return _ended_at_once(run, child)
    run.wait_for(Wait.CHILD, number=child.number)
    return None


def _find(run: OpenWorkflowRun, target: Target) -> tuple[OpenWorkflow, int] | None:
    """The workflow that is meant, and the number of its version."""
    for name, version in target.readings():
        workflow = find_workflow(run.tx, name)
        number = None if workflow is None else _version_of(workflow, version)
        if workflow is not None and number is not None:
            return workflow, number
    return None


def _version_of(workflow: OpenWorkflow, version: str | None) -> int | None:
    if version is None:
        return workflow.row.current
    return find_version(workflow.tx, workflow.id, version)


def _start(
    run: OpenWorkflowRun, workflow: OpenWorkflow, definition: int, payload: bytes
) -> OpenWorkflowRun:
    return begin_run(
        workflow,
        definition,
        payload,
        origin=Origin.PARENT,
        parent=run.number,
        parent_run=run.of_run.number if run.of_run is not run else 0,
        depth=run.row.depth + 1,
        hops=run.row.hops,
        key_base=handler_key(run),
        traceparent=run.of_run.row.traceparent,
    )


def _ended_at_once(run: OpenWorkflowRun, child: OpenWorkflowRun) -> StepOutcome:
    run.row.hops = child.row.hops
    outcome = _outcome_of(child)
    run.note(Event.CHILD_COMPLETED, outcome.told(), child.number, is_child=True)
    return outcome


def _outcome_of(child: OpenWorkflowRun) -> StepOutcome:
    row = child.row
    assert row.terminal is not None, "a run that has ended did so at a terminal"
    falls_back_to = SUCCESS if row.status == WorkflowRunStatus.COMPLETED else FAILURE
    output = read_document(child.tx, WORKFLOW_OUTPUT, child.namespace_id, child.number, row.output)
    return StepOutcome((row.terminal, falls_back_to), output or b"", row.error)


def child_ended(child: OpenWorkflowRun) -> None:
    """Take the parent on, if it still waits for this child."""
    parent = find_run_or_body(child.tx, child.namespace_id, child.row.parent)
    if parent is None or not parent.awaits(Wait.CHILD, child.number):
        return
    outcome = _ended_at_once(parent, child)
    if parent.of_run.row.is_paused:
        hold(parent, outcome)
        return
    parent.stop_waiting()
    go_on(parent, outcome)


def cancel_child(run: OpenWorkflowRun, number: int, *, is_late: bool) -> None:
    """The child is no longer wanted."""
    child = find_workflow_run(run.tx, run.namespace_id, number)
    is_ending = child is None or child.row.is_finished or child.row.wait is Wait.COMPENSATION
    if child is not None and not is_ending:
        abandon_wait(child)
        end(child, EndStatus.CANCELLED, "flo.Cancelled", error="its parent no longer waits for it")
        go_on(child, None)
