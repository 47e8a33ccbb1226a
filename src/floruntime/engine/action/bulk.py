"""Jobs on runs of actions: cancel, retry or delete all that match.

Runs are walked by their numbers, so in the order in which they were invoked, whatever status they
have by then: of one action by its index of statuses, else all of the namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Final

from floruntime.core import limits
from floruntime.core.action import ActionBulk, ActionBulkOperation, RunStatus
from floruntime.core.errors import BadRequestError
from floruntime.core.jobs import BulkJob
from floruntime.engine.action.retry import check_retry, retry_run
from floruntime.engine.action.rows import ACTION, ActionRow, action_key, not_registered
from floruntime.engine.action.run_counts import counts_of
from floruntime.engine.action.run_filter import RunFilter, filter_of
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ACTION_RUN_BY_STATUS,
    ActionRunRow,
    ActionRunStatus,
)
from floruntime.engine.action.run_state import (
    OpenActionRun,
    delete_run,
    end_run,
    find_action_run,
)
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
    if request.name is not None:
        row = view.get(ACTION, action_key(view, request.name))
        if row is None:
            raise not_registered(request.name)
        counts = counts_of(view, row)
        return sum(counts[status] for status in chosen.statuses)
    return sum(row.runs for _, row in view.scan(ACTION, *ACTION.range(namespace_id(view))))


def _walk(tx: Tx, job: Job, position: bytes) -> Iterator[Seen]:
    request: ActionBulk = job.request
    chosen = _filter(request)
    first = int.from_bytes(position, "big") + 1
    of_namespace_id = namespace_id(tx)
    rows: Iterator[tuple[int, ActionRunRow | None]]
    if request.name is None:
        rows = _all_runs(tx, of_namespace_id, first, job.end)
    else:
        action = tx.get(ACTION, action_key(tx, request.name))
        if action is None:
            return
        rows = _runs_of(tx, of_namespace_id, action, chosen, first, job.end)
    for number, row in rows:
        matches = row is not None and chosen.matches(row)
        yield Seen(number.to_bytes(8, "big"), number if matches else None)


def _all_runs(
    tx: Tx, of_namespace_id: int, first: int, end: int
) -> Iterator[tuple[int, ActionRunRow]]:
    span = ACTION_RUN.key(of_namespace_id, first), ACTION_RUN.key(of_namespace_id, end)
    for key, row in tx.scan(ACTION_RUN, *span):
        yield ACTION_RUN.unpack(key)[1], row


def _runs_of(
    tx: Tx, of_namespace_id: int, action: ActionRow, chosen: RunFilter, first: int, end: int
) -> Iterator[tuple[int, ActionRunRow | None]]:
    found = [_numbers(tx, action.id, status, first, end) for status in chosen.statuses]
    for number in merge(*found):
        yield number, tx.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number))


def _numbers(
    tx: Tx, action_id: int, status: ActionRunStatus, first: int, end: int
) -> Iterator[int]:
    span = (
        ACTION_RUN_BY_STATUS.key(action_id, status, first),
        ACTION_RUN_BY_STATUS.key(action_id, status, end),
    )
    for key, _ in tx.scan(ACTION_RUN_BY_STATUS, *span):
        yield ACTION_RUN_BY_STATUS.unpack(key)[2]


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
