"""The calls on runs by their callers: looking at, waiting for, cancelling and retrying them."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.core.workflow import WorkflowCancel, WorkflowGet, WorkflowRetry, WorkflowRun
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.large_documents import forget_document
from floruntime.engine.state.tx import Topic, Tx, View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.language.definition import EndStatus
from floruntime.engine.workflow.runs import idempotency
from floruntime.engine.workflow.runs.advance import (
    abandon_wait,
    end,
    enter_step,
    go_on,
)
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import (
    WORKFLOW_OUTPUT,
    Wait,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.run import (
    OpenWorkflowRun,
    as_workflow_run,
    find_workflow_run_row,
    the_workflow_run,
)
from floruntime.engine.workflow.runs.waits import wait_of_workflow_run


def get(view: View, request: WorkflowGet) -> WorkflowRun:
    limits.check_block(request.block_ms)
    number, row = find_workflow_run_row(view, request.run_id)
    of_namespace_id = namespace_id(view)
    run = as_workflow_run(view, of_namespace_id, number, row)
    wait = wait_of_workflow_run(view, of_namespace_id, number, row)
    return run if wait is None else replace(run, waits_for=wait)


def _topics(namespace: str, request: WorkflowGet) -> tuple[Topic]:
    return ((namespace, "workflow", request.run_id),)


def _is_finished(run: WorkflowRun) -> bool:
    return WorkflowRunStatus.of(run.status).is_final


def _as_it_stands(view: View, request: WorkflowGet) -> WorkflowGet:
    return request


GET_WAIT: Final = WaitRule(_topics, _is_finished, renew=_as_it_stands)


def told(run: OpenWorkflowRun) -> WorkflowRun:
    """The run as its caller sees it after a command."""
    return as_workflow_run(run.tx, run.namespace_id, run.number, run.row)


def cancel(tx: Tx, request: WorkflowCancel) -> WorkflowRun:
    """Waits and timers go, the action's attempt is told, children are cancelled."""
    limits.check_text("reason", request.reason)
    run = the_workflow_run(tx, request.run_id)
    if run.row.is_finished:
        status = run.row.status.shown
        raise ConflictError(f"workflow run {request.run_id} is {status} already")
    refuse_while_compensating(run)
    abandon_wait(run)
    end(run, EndStatus.CANCELLED, "flo.Cancelled", error=request.reason)
    go_on(run, None)
    return told(run)


def refuse_while_compensating(run: OpenWorkflowRun) -> None:
    """Raise `ConflictError` where the run undoes what it did, and is about to end."""
    if run.row.wait is Wait.COMPENSATION:
        raise ConflictError(
            f"workflow run {run.id} is compensating: it undoes what it did, and then ends"
        )


def retry(tx: Tx, request: WorkflowRetry) -> WorkflowRun:
    """Let a failed run begin again at the step that failed, as if it came there now; but for the
    key of its handlers, which stays: what they have done elsewhere is not to be done twice.
    """
    run = the_workflow_run(tx, request.run_id)
    row = run.row
    if row.status != WorkflowRunStatus.FAILED:
        status = row.status.shown
        raise ConflictError(
            f"workflow run {request.run_id} is {status}; only a failed one can be retried"
        )
    if row.compensated:
        raise ConflictError(
            f"workflow run {request.run_id} has compensated {row.compensated} of what it did, and "
            "cannot be retried; use start for a new run, or fork to begin at a step"
        )
    assert row.step is not None, "a run that failed was at a step"
    row.status, row.completed_at_ms, row.terminal, row.error = (
        WorkflowRunStatus.RUNNING,
        None,
        None,
        None,
    )
    row.hops = 0
    forget_document(tx, WORKFLOW_OUTPUT, run.namespace_id, run.number, row.output)
    row.output = None
    idempotency.run_begun_again(run)
    run.note(Event.STEP_RETRY, "by request")
    go_on(run, enter_step(run, row.step, is_again=True))
    return told(run)
