"""Jobs on runs of workflows: cancel, retry, pause, resume, signal or delete all that match.

Runs are walked by their numbers, so in the order in which they were started, whatever their status
is by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.jobs import BulkJob
from floruntime.core.workflow import (
    WorkflowBulk,
    WorkflowBulkOperation,
    WorkflowCancel,
    WorkflowPause,
    WorkflowResume,
    WorkflowRetry,
    WorkflowSignal,
    WorkflowStatus,
)
from floruntime.engine.state.index_walk import number_at, walk
from floruntime.engine.state.tx import Tx
from floruntime.engine.system.jobs import Asked, Job, JobKind, Seen, begin
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.runs.control import cancel, retry
from floruntime.engine.workflow.runs.idempotency import drop_key
from floruntime.engine.workflow.runs.pauses import pause, resume
from floruntime.engine.workflow.runs.retention import forget
from floruntime.engine.workflow.runs.rows import WORKFLOW, WORKFLOW_RUN
from floruntime.engine.workflow.runs.run import (
    OpenWorkflowRun,
    arm_workflow_run,
    find_workflow_run,
)
from floruntime.engine.workflow.runs.run_counts import counts_of
from floruntime.engine.workflow.runs.run_filter import WorkflowRunFilter, filter_of
from floruntime.engine.workflow.runs.run_walks import by_number
from floruntime.engine.workflow.runs.workflows import find_row, unknown_workflow
from floruntime.engine.workflow.steps.signals import signal

KIND: Final = "workflow"
_BEGUN: Final = (WorkflowStatus.PENDING, WorkflowStatus.RUNNING, WorkflowStatus.WAITING)
_ENDED: Final = (
    WorkflowStatus.COMPLETED,
    WorkflowStatus.FAILED,
    WorkflowStatus.CANCELLED,
    WorkflowStatus.TIMED_OUT,
)
TAKES: Final[dict[WorkflowBulkOperation, tuple[WorkflowStatus, ...]]] = {
    WorkflowBulkOperation.CANCEL: (*_BEGUN, WorkflowStatus.PAUSED),
    WorkflowBulkOperation.RETRY: (WorkflowStatus.FAILED,),
    WorkflowBulkOperation.PAUSE: _BEGUN,
    WorkflowBulkOperation.RESUME: (WorkflowStatus.PAUSED,),
    WorkflowBulkOperation.SIGNAL: (*_BEGUN, WorkflowStatus.PAUSED),
    WorkflowBulkOperation.DELETE: _ENDED,
}
"""The statuses in which a run can be operated on so."""


def bulk(tx: Tx, request: WorkflowBulk) -> BulkJob:
    _check(tx, request)
    chosen = _filter(tx, request)
    if not chosen.statuses:
        given = ", ".join(request.statuses)
        takes = ", ".join(TAKES[request.operation])
        raise BadRequestError(
            f"status is {given}; {request.operation} takes runs that are one of: {takes}"
        )
    expected = _expected(tx, request, chosen)
    name = request.workflow_name
    return begin(
        tx,
        request,
        Asked(KIND, request.operation, name, request.limit, request.dry_run, expected),
    )


def _check(tx: Tx, request: WorkflowBulk) -> None:
    limits.check_text("reason", request.reason)
    is_signal = request.operation is WorkflowBulkOperation.SIGNAL
    if is_signal and request.type is None:
        raise BadRequestError("type is missing: signal needs the type of the signal")
    if not is_signal and (request.type is not None or request.data):
        raise BadRequestError(f"type and data are for signal; operation is {request.operation}")
    if request.type is not None:
        limits.check_name("type", request.type)
    limits.check_value("data", request.data, tx.value_bytes_max)


def _filter(tx: Tx, request: WorkflowBulk) -> WorkflowRunFilter:
    takes = TAKES[request.operation]
    chosen = filter_of(tx, request, takes)
    statuses = tuple(status for status in chosen.statuses if status.shown in takes)
    return chosen._replace(statuses=statuses)


def _expected(tx: Tx, request: WorkflowBulk, chosen: WorkflowRunFilter) -> int:
    if request.workflow_name is not None:
        row = find_row(tx, request.workflow_name)
        if row is None:
            raise unknown_workflow(request.workflow_name)
        rows = [row]
    else:
        rows = [row for _, row in tx.scan(WORKFLOW, *WORKFLOW.range(namespace_id(tx)))]
    counts = [counts_of(tx, row) for row in rows]
    return sum(count[status] for count in counts for status in chosen.statuses)


def _walk(tx: Tx, job: Job, position: bytes) -> Iterator[Seen]:
    chosen = _filter(tx, job.request)
    of_namespace_id = namespace_id(tx)
    spans = by_number(tx, chosen, of_namespace_id, job.end)
    lanes = [span.uncounted for span in spans]
    for at in walk(tx, lanes, position or None, is_falling=False):
        number = number_at(at)
        row = tx.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number))
        matches = row is not None and chosen.matches(row)
        yield Seen(at, number if matches else None)


def _act(tx: Tx, job: Job, number: int) -> bool:
    request: WorkflowBulk = job.request
    run = find_workflow_run(tx, namespace_id(tx), number)
    if run is None or run.row.status.shown not in TAKES[request.operation]:
        return False
    _operate(tx, run, request)
    return True


def _operate(tx: Tx, run: OpenWorkflowRun, request: WorkflowBulk) -> None:
    match request.operation:
        case WorkflowBulkOperation.CANCEL:
            cancel(tx, WorkflowCancel(run.id, request.reason))
        case WorkflowBulkOperation.RETRY:
            retry(tx, WorkflowRetry(run.id))
        case WorkflowBulkOperation.PAUSE:
            pause(tx, WorkflowPause(run.id, request.reason))
        case WorkflowBulkOperation.RESUME:
            resume(tx, WorkflowResume(run.id))
        case WorkflowBulkOperation.SIGNAL:
            signal(tx, WorkflowSignal(run.id, request.type or "", request.data))
        case WorkflowBulkOperation.DELETE:
            _delete(run)


def _delete(run: OpenWorkflowRun) -> None:
    """Forget it now; what is too much for one tick goes in the next."""
    arm_workflow_run(run, 0)
    drop_key(run)
    forget(run)


JOB_KIND: Final = JobKind(WorkflowBulk, _walk, _act)
