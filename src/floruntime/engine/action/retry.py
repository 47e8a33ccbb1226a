"""Retries a run that failed for good: it is due at once, as if it had never been attempted.

It keeps its id, its input and the values of its invocation. Its idempotency key stands for it
again, unless the key was forgotten or belongs to another run by now.
"""

from __future__ import annotations

from floruntime.core.action import ActionRetry, ActionRun
from floruntime.core.errors import ConflictError
from floruntime.engine.action.attempts import forget_attempts
from floruntime.engine.action.run_rows import ActionRunRow, ActionRunStatus, as_action_run
from floruntime.engine.action.run_state import (
    OpenActionRun,
    revive_key,
    set_status,
    start_waiting,
    the_action_run,
)
from floruntime.engine.state.tx import Tx

RETRIED = (ActionRunStatus.FAILED, ActionRunStatus.TIMED_OUT)


def retry(tx: Tx, request: ActionRetry) -> ActionRun:
    run = the_action_run(tx, request.run_id)
    check_retry(run)
    retry_run(run)
    return as_action_run(tx, run.namespace_id, run.number, run.row, [])


def check_retry(run: OpenActionRun) -> None:
    """Refuse what cannot be tried again."""
    row, action, run_id = run.row, run.action, run.id
    if row.status not in RETRIED:
        raise ConflictError(
            f"run {run_id} is {row.status.shown}; only a run that failed or timed out can "
            "be retried"
        )
    if row.workflow_run:
        raise ConflictError(
            f"run {run_id} was a step of workflow run {row.caller_run_id}, which has gone "
            "on without it; retry that with workflow.retry"
        )
    if not action.row.is_registered:
        raise ConflictError(f"action {action.name!r} of run {run_id} is no longer registered")
    if not action.row.enabled:
        raise ConflictError(f"action {action.name!r} is disabled; enable it to retry its runs")


def retry_run(run: OpenActionRun) -> None:
    """Let the run be due now, with no attempt counted."""
    tx, row = run.tx, run.row
    forget_attempts(tx, run.namespace_id, run.number, row)
    set_status(run, ActionRunStatus.PENDING)
    _forget_what_was(row)
    timeout_ms = run.action.row.settings.run_timeout_ms
    row.ends_at_ms = tx.now_ms + timeout_ms if timeout_ms is not None else 0
    revive_key(run)
    start_waiting(run, tx.now_ms)


def _forget_what_was(row: ActionRunRow) -> None:
    row.attempt = row.losses = row.begun_at_ms = 0
    row.is_reserved = False
    row.started_at_ms = row.completed_at_ms = row.worker_id = None
    row.outcome = row.error = row.reason = row.progress = row.progress_note = None
