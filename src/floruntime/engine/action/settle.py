"""How a claim ends: complete, fail, touch, release, each fenced by the claim's lease.

A lease that still stands is accepted (`engine/state/leases.py`). A holder that repeats its request
gets the same answer again: if the request ended the run, for as long as the run is kept, otherwise
for five minutes. Everything else is stale: the lease expired, or the run was claimed again,
cancelled or timed out, or ended differently. A completion may carry any outcome, also `failure`:
the handler has decided, and nothing is retried.
"""

from __future__ import annotations

from typing import Any

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.core.worker import (
    TaskResult,
    WorkerComplete,
    WorkerFail,
    WorkerRelease,
    WorkerTouch,
)
from floruntime.engine.action.run_rows import (
    ENDED_CLAIM,
    ActionRunStatus,
    ClaimEnd,
    EndedClaimRow,
    action_run_number,
)
from floruntime.engine.action.run_state import (
    NON_RETRYABLE,
    WORKER_LOST,
    OpenActionRun,
    end_run,
    extend_lease,
    fail_attempt,
    find_action_run,
    release,
    the_action_run,
)
from floruntime.engine.action.workers import Ends
from floruntime.engine.state.leases import MEMORY, is_stale
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import eras, timers

Settlement = WorkerComplete | WorkerFail | WorkerTouch | WorkerRelease


def complete(tx: Tx, request: WorkerComplete) -> None:
    _check(request)
    limits.check_outcome(request.outcome)
    limits.check_value("output", request.output, tx.value_bytes_max)
    run, ends = the_action_run(tx, request.run_id), Ends()
    if not _complete(run, request.lease, request.outcome, request.output, ends):
        raise _stale(run, request.lease)
    ends.count(tx, run.namespace_id)


def fail(tx: Tx, request: WorkerFail) -> None:
    _check(request)
    limits.check_error_text(request.error)
    run, ends = the_action_run(tx, request.run_id), Ends()
    if not _fail(run, request.lease, request.error, request.retry, ends):
        raise _stale(run, request.lease)
    ends.count(tx, run.namespace_id)


def touch(tx: Tx, request: WorkerTouch) -> bool:
    """The lease ends `extend_ms` from now, or later if it did so already."""
    _check(request)
    limits.check_duration("extend_ms", request.extend_ms, low=1)
    _check_progress(request)
    run = the_action_run(tx, request.run_id)
    if not is_stale(request.lease, run.row.lease):
        if run.is_held:
            _take_progress(run, request)
            extend_lease(run, request.extend_ms)
            return True
        if (
            run.row.status in (ActionRunStatus.CANCELLED, ActionRunStatus.TIMED_OUT)
            or not run.action.row.is_registered
        ):
            return False
    raise _stale(run, request.lease)


def _tells_progress(told: WorkerTouch | TaskResult) -> bool:
    return told.progress is not None or told.progress_note is not None


def _check_progress(told: WorkerTouch | TaskResult) -> None:
    limits.check_text("progress_note", told.progress_note)
    limits.check_progress(told.progress)


def _take_progress(run: OpenActionRun, told: WorkerTouch | TaskResult) -> None:
    """Keep what a handler told of its progress; what it did not tell stays."""
    if told.progress is not None:
        run.row.progress = told.progress
    if told.progress_note is not None:
        run.row.progress_note = told.progress_note


def release_claim(tx: Tx, request: WorkerRelease) -> None:
    _check(request)
    run = the_action_run(tx, request.run_id)
    if not release_held(run, request.lease) and not _ended_as(
        run, request.lease, ClaimEnd.RELEASED
    ):
        raise _stale(run, request.lease)


def _check(request: Settlement) -> None:
    limits.check_name("worker_id", request.worker_id)
    limits.check_range("lease", request.lease, 1, limits.UINT_MAX)


def _stale(run: OpenActionRun, lease: int) -> ConflictError:
    row = run.row
    status = row.status.shown
    if eras.is_lost_id(run.tx, lease):
        why = f"it {eras.told(run.tx)}"
    elif row.lease != lease:
        why = f"the run is {status}, and was claimed under another lease since"
    elif run.row.status == ActionRunStatus.PENDING:
        why = "the run was taken back since"
    else:
        why = (
            f"it ran out, and the run is {status}"
            if not row.is_finished
            else f"the run is {status}"
        )
    return ConflictError(f"stale lease {lease} of this run: {why}")


# Ends, as `WorkerExchange` wants them too: false where the lease is stale


def check_result(tx: Tx, result: TaskResult) -> int:
    """The number of the run that a result is of; refuses one that can never be right."""
    number = action_run_number(result.run_id)
    limits.check_range("lease", result.lease, 1, limits.UINT_MAX)
    limits.check_outcome(result.outcome)
    limits.check_value("output", result.output, tx.value_bytes_max)
    if result.error is not None:
        limits.check_error_text(result.error)
    if _tells_progress(result):
        _check_progress(result)
    return number


def settle(tx: Tx, of_namespace_id: int, number: int, result: TaskResult, ends: Ends) -> bool:
    """Take one result; a stale one, or one of a run that is gone, changes nothing. Whoever takes
    them all counts the `ends`.
    """
    run = find_action_run(tx, of_namespace_id, number)
    if run is None:
        return False
    if _tells_progress(result) and run.is_held_as(result.lease):
        _take_progress(run, result)
    if result.error is None:
        return _complete(run, result.lease, result.outcome, result.output, ends)
    return _fail(run, result.lease, result.error, result.retry, ends, is_lost=result.lost)


def _complete(run: OpenActionRun, lease: int, outcome: str, output: bytes, ends: Ends) -> bool:
    row = run.row
    if is_stale(lease, row.lease):
        return False
    if row.status == ActionRunStatus.COMPLETED:
        return True
    if not run.is_held:
        return False
    ends.add(row.worker_id, is_done=True)
    end_run(run, ActionRunStatus.COMPLETED, outcome=outcome, output=output)
    return True


def _fail(
    run: OpenActionRun, lease: int, error: str, retry: bool, ends: Ends, *, is_lost: bool = False
) -> bool:
    if not run.is_held_as(lease):
        return _ended_as(run, lease, ClaimEnd.FAILED_ATTEMPT)
    ends.add(run.row.worker_id, is_done=False)
    fail_attempt(run, error, WORKER_LOST if is_lost else None, retry=retry)
    if not run.row.is_finished or is_lost:
        _remember(run, lease, ClaimEnd.FAILED_ATTEMPT)
    return True


def release_held(run: OpenActionRun, lease: int) -> bool:
    """Hand the run back if this lease still stands."""
    if not run.is_held_as(lease):
        return False
    release(run)
    _remember(run, lease, ClaimEnd.RELEASED)
    return True


# Leases that ended while their run went on


def _remember(run: OpenActionRun, lease: int, how: ClaimEnd) -> None:
    tx = run.tx
    tx.put(ENDED_CLAIM, ENDED_CLAIM.key(run.namespace_id, lease), EndedClaimRow(run.number, how))
    due_ms = MEMORY.ends_ms(tx.now_ms)
    timers.set_timer(tx, due_ms, timers.ACTION_SETTLED, run.namespace_id, lease)


def _ended_as(run: OpenActionRun, lease: int, how: ClaimEnd) -> bool:
    """Whether this holder ended its lease so before; that the run failed for good says it too."""
    row = run.row
    if (
        row.lease == lease
        and row.status == ActionRunStatus.FAILED
        and row.reason in (None, NON_RETRYABLE)
    ):
        return how == ClaimEnd.FAILED_ATTEMPT
    known = run.tx.get(ENDED_CLAIM, ENDED_CLAIM.key(run.namespace_id, lease))
    return known is not None and (known.number, known.how) == (run.number, how)


def forget(tx: Tx, due_ms: int, of_namespace_id: int, lease: int, data: Any) -> None:
    tx.delete(ENDED_CLAIM, ENDED_CLAIM.key(of_namespace_id, lease))
