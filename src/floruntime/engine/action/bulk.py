"""Jobs on runs of actions: cancel, retry or delete all that match.

Runs are walked by their numbers, so in the order in which they were invoked, whatever their status
is by then. The runs of one action are found by its index of statuses, those of all actions in the
namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core import limits
from floruntime.core.action import ActionBulk, ActionBulkOperation, RunStatus
from floruntime.core.errors import BadRequestError
from floruntime.core.jobs import BulkJob
from floruntime.engine.action.retry import check_retry, retry_run
from floruntime.engine.action.rows import ACTION, action_key, not_registered
from floruntime.engine.action.run_counts import counts_of
from floruntime.engine.action.run_filter import RunFilter, filter_of
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ActionRunStatus,
)
from floruntime.engine.action.run_state import (
    OpenActionRun,
    delete_run,
    end_run,
    find_action_run,
)
from floruntime.engine.action.run_walks import by_number
from floruntime.engine.state.index_walk import number_at, walk
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system.jobs import Asked, Job, JobKind, Seen, begin
from floruntime.engine.system.namespaces import namespace_id

KIND: Final = "action"
_ENDED: Final = (
    RunStatus.COMPLETED,
    RunStatus.FAILED,
    RunStatus.CANCELLED,
    RunStatus.TIMED_OUT,
)
TAKES: Final[dict[ActionBulkOperation, tuple[RunStatus, ...]]] = {
    ActionBulkOperation.CANCEL: (RunStatus.PENDING, RunStatus.RUNNING),
    ActionBulkOperation.RETRY: (RunStatus.FAILED, RunStatus.TIMED_OUT),
    ActionBulkOperation.DELETE: _ENDED,
}
"""The statuses in which a run can be operated on so."""


def bulk(tx: Tx, request: ActionBulk) -> BulkJob:
    limits.check_text("reason", request.reason)
    if request.name is not None:
        limits.check_name("action", request.name)
    chosen = _filter(request)
    if not chosen.statuses:
        given = ", ".join(request.statuses)
        takes = ", ".join(TAKES[request.operation])
        raise BadRequestError(
            f"status is {given}; {request.operation} takes runs that are one of: {takes}"
        )
    expected = _expected(tx, request, chosen)
    return begin(
        tx,
        request,
        Asked(KIND, request.operation, request.name, request.limit, request.dry_run, expected),
    )


def _filter(request: ActionBulk) -> RunFilter:
    takes = TAKES[request.operation]
    chosen = filter_of(request, takes)
    taken = {ActionRunStatus.of(status) for status in takes}
    return chosen._replace(statuses=tuple(each for each in chosen.statuses if each in taken))


def _expected(view: View, request: ActionBulk, chosen: RunFilter) -> int:
    rows = [row for _, row in view.scan(ACTION, *ACTION.range(namespace_id(view)))]
    if request.name is not None:
        row = view.get(ACTION, action_key(view, request.name))
        if row is None:
            raise not_registered(request.name)
        rows = [row]
    counts = [counts_of(view, row) for row in rows]
    return sum(count[status] for count in counts for status in chosen.statuses)


def _walk(tx: Tx, job: Job, position: bytes) -> Iterator[Seen]:
    request: ActionBulk = job.request
    chosen = _filter(request)
    of_namespace_id = namespace_id(tx)
    spans = by_number(tx, request.name, chosen, of_namespace_id, job.end)
    lanes = [span.uncounted for span in spans]
    for at in walk(tx, lanes, position or None, is_falling=False):
        number = number_at(at)
        row = tx.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number))
        matches = row is not None and chosen.matches(row)
        yield Seen(at, number if matches else None)


def _act(tx: Tx, job: Job, number: int) -> bool:
    request: ActionBulk = job.request
    run = find_action_run(tx, namespace_id(tx), number)
    if run is None or run.row.status.shown not in TAKES[request.operation]:
        return False
    _operate(run, request)
    return True


def _operate(run: OpenActionRun, request: ActionBulk) -> None:
    match request.operation:
        case ActionBulkOperation.CANCEL:
            end_run(run, ActionRunStatus.CANCELLED, error=run.row.error, reason=request.reason)
        case ActionBulkOperation.RETRY:
            check_retry(run)
            retry_run(run)
        case ActionBulkOperation.DELETE:
            delete_run(run)


JOB_KIND: Final = JobKind(ActionBulk, _walk, _act)
