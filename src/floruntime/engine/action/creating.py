"""Writes a new run of an action, for every kind of caller."""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.engine.action.payload_key import key_of
from floruntime.engine.action.rows import OpenAction
from floruntime.engine.action.run_rows import (
    ACTION_INPUT,
    ACTION_RUN_BY_STATUS,
    ACTION_RUN_MARKS,
    ActionRunRow,
    ActionRunStatus,
)
from floruntime.engine.action.run_state import OpenActionRun, start_waiting
from floruntime.engine.state.large_documents import keep_document

_NO_LABELS: Final[dict[str, str]] = {}


def create(
    action: OpenAction,
    number: int,
    payload: bytes,
    *,
    priority: int = limits.PRIORITY_DEFAULT,
    delay_ms: int = 0,
    caller_run_id: str | None = None,
    idempotency_key: str | None = None,
    labels: dict[str, str] = _NO_LABELS,
    workflow_run: int = 0,
    handler_key: str | None = None,
    key: str | None = None,
    debounce_key: str | None = None,
    is_scheduled: bool = False,
    traceparent: str | None = None,
) -> None:
    """Write a new run. It times out so long after it is first due: a wanted delay is no waiting."""
    tx, of_namespace_id = action.tx, action.namespace_id
    due_ms = tx.now_ms + delay_ms
    row = ActionRunRow(action.row.id, ActionRunStatus.PENDING, priority, due_ms, tx.now_ms)
    run_timeout_ms = action.row.settings.run_timeout_ms
    row.ends_at_ms = due_ms + run_timeout_ms if run_timeout_ms is not None else 0
    row.caller_run_id = caller_run_id
    row.idempotency_key = idempotency_key
    row.labels = labels
    row.workflow_run = workflow_run
    row.handler_key = handler_key
    row.debounce_key = debounce_key
    row.is_scheduled = is_scheduled
    row.traceparent = traceparent
    row.key = key_of(action.row, payload) if key is None else key
    row.input = keep_document(tx, ACTION_INPUT, of_namespace_id, number, payload)
    tx.put(
        ACTION_RUN_BY_STATUS,
        ACTION_RUN_BY_STATUS.key(action.row.id, ActionRunStatus.PENDING, number),
        True,
    )
    ACTION_RUN_MARKS.note(tx, action.row.id, ActionRunStatus.PENDING, number)
    tx.move_run(action.row.id, None, ActionRunStatus.PENDING)
    action.row.count_pending(number, 1)
    action.row.runs += 1
    action.row.scheduled += is_scheduled
    start_waiting(OpenActionRun(tx, action, of_namespace_id, number, row), due_ms)
