"""Debouncing: invocations with the same key that follow each other closely become one run.

A run that was never claimed takes the values of its latest invocation, and is due a set time after
that, but no later than `debounce_max_ms` after the first. The key belongs to its run until the run
is claimed or has ended. The next invocation then makes a new run.
"""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.action import ActionInvoke
from floruntime.core.errors import BadRequestError
from floruntime.engine.action.creating import create
from floruntime.engine.action.debounce_rows import DEBOUNCE, DebounceRow
from floruntime.engine.action.keys import withdraw
from floruntime.engine.action.payload_key import key_of
from floruntime.engine.action.rows import OpenAction
from floruntime.engine.action.run_rows import ACTION_INPUT, ActionRunStatus
from floruntime.engine.action.run_state import OpenActionRun, find_action_run, start_waiting
from floruntime.engine.state.large_documents import forget_document, keep_document
from floruntime.engine.system.namespaces import namespace_id


def check_debounce(request: ActionInvoke) -> None:
    """Refuse what can never be right together."""
    if request.debounce_key is None:
        if request.debounce_ms is None and request.debounce_max_ms is None:
            return
        field = "debounce_max_ms" if request.debounce_ms is None else "debounce_ms"
        raise BadRequestError(f"{field} goes with a debounce_key, which is not given")
    limits.check_name("debounce_key", request.debounce_key)
    if request.debounce_ms is None:
        raise BadRequestError("debounce_key needs debounce_ms: how long a pause it waits for")
    limits.check_duration("debounce_ms", request.debounce_ms, low=1)
    if request.debounce_max_ms is not None:
        limits.check_duration("debounce_max_ms", request.debounce_max_ms, low=1)
    if request.idempotency_key is not None:
        raise BadRequestError("debounce_key and idempotency_key exclude each other")
    if request.delay_ms:
        raise BadRequestError("debounce_key and delay_ms exclude each other: debounce_ms delays it")


def debounced(action: OpenAction, number: int, request: ActionInvoke) -> tuple[int, bool]:
    """The number of the run, and whether this made it."""
    tx, debounce_key = action.tx, request.debounce_key
    assert debounce_key is not None
    assert request.debounce_ms is not None
    key = DEBOUNCE.key(action.row.id, tail=debounce_key.encode())
    known = tx.get(DEBOUNCE, key)
    if known is not None:
        _renew(action, known, request)
        return known.number, False
    tx.put(DEBOUNCE, key, DebounceRow(number, tx.now_ms))
    create(
        action,
        number,
        request.payload,
        priority=request.priority,
        delay_ms=_wait_ms(request, 0),
        caller_run_id=request.caller_run_id,
        labels=request.labels,
        key=request.key,
        debounce_key=debounce_key,
        traceparent=request.traceparent,
    )
    return number, True


def _wait_ms(request: ActionInvoke, since_ms: int) -> int:
    """How long from now it waits; `since_ms`: how long ago its first invocation was."""
    assert request.debounce_ms is not None
    if request.debounce_max_ms is None:
        return request.debounce_ms
    return max(0, min(request.debounce_ms, request.debounce_max_ms - since_ms))


def _renew(action: OpenAction, known: DebounceRow, request: ActionInvoke) -> None:
    """Let a run that was never claimed be what its latest invocation says."""
    tx, of_namespace_id = action.tx, namespace_id(action.tx)
    run = find_action_run(tx, of_namespace_id, known.number)
    assert run is not None, "a key stands for a run that was never claimed"
    row = run.row
    assert row.status == ActionRunStatus.PENDING, "a key stands for a run that was never claimed"
    run = OpenActionRun(tx, action, of_namespace_id, known.number, row)
    if row.is_ready:
        withdraw(action, known.number, row)
    forget_document(tx, ACTION_INPUT, of_namespace_id, known.number, row.input)
    row.input = keep_document(tx, ACTION_INPUT, of_namespace_id, known.number, request.payload)
    row.key = key_of(action.row, request.payload) if request.key is None else request.key
    row.priority, row.labels = request.priority, request.labels
    row.traceparent = request.traceparent
    since_ms = tx.now_ms - known.first_ms
    wait_ms = _wait_ms(request, since_ms)
    is_over = request.debounce_max_ms is not None and since_ms >= request.debounce_max_ms
    due_ms = min(row.due_ms, tx.now_ms) if is_over else tx.now_ms + wait_ms
    timeout_ms = action.row.settings.run_timeout_ms
    row.ends_at_ms = due_ms + timeout_ms if timeout_ms is not None else 0
    start_waiting(run, due_ms)
