"""The calls on runs by those who request them: invoking, looking at, cancelling, listing."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.action import (
    ActionCall,
    ActionCancel,
    ActionInvoke,
    ActionRegister,
    ActionRun,
    ActionStatus,
    InvokeResult,
    RunStatus,
)
from floruntime.core.errors import ConflictError
from floruntime.engine.action.admin import register
from floruntime.engine.action.attempts import attempts_of
from floruntime.engine.action.creating import create
from floruntime.engine.action.debounce import check_debounce, debounced
from floruntime.engine.action.rows import (
    OpenAction,
    find_action,
    not_registered,
)
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ActionRunRow,
    ActionRunStatus,
    action_run_id,
    action_run_number,
    as_action_run,
    input_of,
    unknown_action_run,
)
from floruntime.engine.action.run_state import (
    ACTION_KEY,
    ActionKeyRow,
    end_run,
    the_action_run,
)
from floruntime.engine.action.run_waits import wait_of_action_run
from floruntime.engine.state.dispatch import RecallRule, WaitRule
from floruntime.engine.state.tx import Topic, Tx, View
from floruntime.engine.system.namespaces import namespace_id

# Invoke

Invocation = ActionInvoke | ActionCall
_NO_LABELS: Final[dict[str, str]] = {}


def invoke(tx: Tx, request: ActionInvoke) -> InvokeResult:
    number, created = _invoke(tx, request)
    return InvokeResult(action_run_id(number), created)


def call(tx: Tx, request: ActionCall) -> ActionRun:
    limits.check_block(request.block_ms)
    number, _ = _invoke(tx, request)
    return _run_of(tx, number, action_run_id(number))


def _invoke(tx: Tx, request: Invocation) -> tuple[int, bool]:
    """The number of the run, and whether this made it."""
    _check_invoke(tx, request)
    if isinstance(request, ActionInvoke):
        check_debounce(request)
    action = _asked_for(tx, request)
    if not action.row.enabled:
        raise ConflictError(f"action {request.name!r} is disabled; enable it to invoke it")
    number = tx.next_id()
    if isinstance(request, ActionInvoke) and request.debounce_key is not None:
        return debounced(action, number, request)
    if request.idempotency_key is not None:
        known = _known_number(action, namespace_id(tx), number, request)
        if known:
            return known, False
    create(
        action,
        number,
        request.payload,
        priority=request.priority,
        delay_ms=request.delay_ms,
        caller_run_id=request.caller_run_id,
        idempotency_key=request.idempotency_key,
        labels=request.labels,
        key=request.key,
        traceparent=request.traceparent,
    )
    return number, True


def _asked_for(tx: Tx, request: Invocation) -> OpenAction:
    """The action; with `create`, registered now if nobody has done so yet: its worker will come."""
    action = find_action(tx, request.name)
    if action is None and request.create:
        register(tx, ActionRegister(request.name))
        action = find_action(tx, request.name)
    if action is None:
        raise not_registered(request.name)
    return action


def create_run(
    action: OpenAction,
    payload: bytes,
    *,
    caller_run_id: str,
    workflow_run: int,
    handler_key: str,
    key: str | None = None,
    traceparent: str | None = None,
) -> int:
    """Invoke an enabled action for a step of a workflow run; the number of the action run.

    `key`: what limits per key count it under; `None`: what the action's `key_path` finds.
    """
    number = action.tx.next_id()
    create(
        action,
        number,
        payload,
        caller_run_id=caller_run_id,
        workflow_run=workflow_run,
        handler_key=handler_key,
        key=key,
        traceparent=traceparent,
    )
    return number


def _check_invoke(tx: Tx, request: Invocation) -> None:
    limits.check_value("payload", request.payload, tx.value_bytes_max)
    limits.check_range("priority", request.priority, 0, limits.PRIORITY_MAX)
    if request.delay_ms:
        limits.check_duration("delay_ms", request.delay_ms)
    if request.labels:
        limits.check_labels(request.labels)
    if request.traceparent is not None:
        limits.check_traceparent(request.traceparent)
    if request.idempotency_key is not None:
        limits.check_name("idempotency_key", request.idempotency_key)
    if request.key is not None:
        limits.check_name("key", request.key)
    if request.caller_run_id is not None:
        limits.check_name("caller_run_id", request.caller_run_id)


def _known_number(
    action: OpenAction, of_namespace_id: int, number: int, request: Invocation
) -> int:
    """The run that this key stands for; 0: from now on it stands for `number`."""
    tx, idempotency_key = action.tx, request.idempotency_key
    assert idempotency_key is not None
    key = ACTION_KEY.key(action.row.id, tail=limits.check_name("idempotency_key", idempotency_key))
    known = tx.get(ACTION_KEY, key)
    if known is None or 0 < known.expires_at_ms <= tx.now_ms:
        tx.put(ACTION_KEY, key, ActionKeyRow(number, 0))
        return 0
    run = tx.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, known.number))
    assert run is not None, "a run is kept longer than its key"
    if input_of(tx, of_namespace_id, known.number, run) != request.payload:
        raise ConflictError(
            f"idempotency_key {limits.shown(idempotency_key)} was used for run "
            f"{action_run_id(known.number)}, which has another input; use another key"
        )
    return known.number


# Status, and waiting for the end


def status(view: View, request: ActionStatus) -> ActionRun:
    limits.check_block(request.block_ms)
    of_namespace_id, number = namespace_id(view), action_run_number(request.run_id)
    row = _row_of(view, of_namespace_id, number, request.run_id)
    run = told(view, of_namespace_id, number, row)
    wait = wait_of_action_run(view, row)
    return run if wait is None else replace(run, waits_for=wait)


def _run_of(view: View, number: int, run_id: str) -> ActionRun:
    of_namespace_id = namespace_id(view)
    return told(view, of_namespace_id, number, _row_of(view, of_namespace_id, number, run_id))


def _row_of(view: View, of_namespace_id: int, number: int, run_id: str) -> ActionRunRow:
    row = view.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number)) if number else None
    if row is None:
        raise unknown_action_run(view, run_id)
    return row


def told(view: View, of_namespace_id: int, number: int, row: ActionRunRow) -> ActionRun:
    attempts = attempts_of(view, of_namespace_id, number, row)
    return as_action_run(view, of_namespace_id, number, row, attempts)


def _topics(namespace: str, request: ActionStatus) -> tuple[Topic]:
    return ((namespace, "run", request.run_id),)


_UNFINISHED = (RunStatus.PENDING, RunStatus.RUNNING)


def _is_finished(run: ActionRun) -> bool:
    return run.status not in _UNFINISHED


def _as_it_stands(view: View, request: ActionStatus) -> ActionStatus:
    return request


STATUS_WAIT: Final = WaitRule(_topics, _is_finished, renew=_as_it_stands)


def _look(run: ActionRun) -> ActionStatus:
    return ActionStatus(run.run_id)


def _memo(run: ActionRun) -> str:
    return run.run_id


def _recall(tx: Tx, request: ActionCall, run_id: str) -> ActionRun:
    return _run_of(tx, action_run_number(run_id), run_id)


CALL_WAIT: Final = WaitRule(_topics, _is_finished, look=_look)
CALL_RECALL: Final = RecallRule(_memo, _recall)


# Cancel


def cancel(tx: Tx, request: ActionCancel) -> ActionRun:
    """A worker that has the run is told by its next heartbeat or touch; its lease is void."""
    limits.check_text("reason", request.reason)
    run = the_action_run(tx, request.run_id)
    if run.row.is_finished:
        raise ConflictError(f"run {request.run_id} is {run.row.status.shown} already")
    end_run(run, ActionRunStatus.CANCELLED, error=run.row.error, reason=request.reason)
    return told(tx, run.namespace_id, run.number, run.row)
