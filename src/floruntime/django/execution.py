"""One attempt of one task, in a thread of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import close_old_connections

from floruntime.client.worker.failures import HandlerFailed
from floruntime.django.backend import FloBackend
from floruntime.django.compat import (
    TaskContext,
    TaskError,
    TaskResult,
    TaskResultStatus,
    normalize_json,
    task_finished,
    task_started,
)
from floruntime.django.payloads import Payload, as_datetime, now_ms
from floruntime.django.results import change, new_result, result_of, text_of
from floruntime.sync import ActionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class FloTaskContext(TaskContext):
    """What a task with `takes_context` gets: Django's context, with Flo's context as `flo`.

    Writes of `context.flo.batch()` are committed together with the task's result.
    `context.flo.client`, `progress`, `idempotency_key` and so on are those of an action's handler.
    """

    flo: ActionContext


def run_task(backend: FloBackend, worker_id: str, ctx: ActionContext) -> Any:
    """Run the task and return its result. Raises `HandlerFailed` with the text of its error."""
    close_old_connections()
    try:
        return _run(backend, worker_id, ctx)
    finally:
        close_old_connections()


def _run(backend: FloBackend, worker_id: str, ctx: ActionContext) -> Any:
    try:
        result = _begin(backend, worker_id, ctx)
    except Exception as error:  # the task is unknown here, but a worker with newer code may know it
        raise HandlerFailed(text_of(error)) from error
    try:
        value = normalize_json(_call(result, ctx))
        ctx.to_bytes(value)
    except BaseException as error:  # SystemExit ends a task, not its worker
        _finish(backend, result, error)
        raise HandlerFailed(text_of(error), retry=backend.settings.retry_errors) from error
    _finish(backend, result, None, value)
    return ctx.to_bytes(value)


def _begin(backend: FloBackend, worker_id: str, ctx: ActionContext) -> TaskResult:
    payload = msgspec.json.decode(ctx.payload, type=Payload)
    if payload.id is not None:  # the enqueuing process may have ended before it stored this
        backend.remember(payload.id, ctx.task_id)
    if ctx.attempt == 1:
        result = new_result(payload, payload.id or ctx.task_id, backend.alias)
        change(result, worker_ids=[worker_id], started_at=as_datetime(now_ms()))
    else:
        result = result_of(backend.client.action.status(ctx.task_id), backend.alias)
        change(result, worker_ids=_workers(result.worker_ids, worker_id, ctx.attempt))
    change(result, status=TaskResultStatus.RUNNING, last_attempted_at=as_datetime(now_ms()))
    task_started.send(sender=type(backend), task_result=result)
    return result


def _workers(known: list[str], mine: str, attempt: int) -> list[str]:
    """The workers of all attempts. The server may not know yet that this attempt has begun."""
    return [*known, mine][:attempt] if len(known) < attempt else known


def _call(result: TaskResult, ctx: ActionContext) -> Any:
    if result.task.takes_context:
        context = FloTaskContext(task_result=result, flo=ctx)
        return result.task.call(context, *result.args, **result.kwargs)
    return result.task.call(*result.args, **result.kwargs)


def _finish(
    backend: FloBackend, result: TaskResult, error: BaseException | None, value: Any = None
) -> None:
    """Tell the project that the task has ended.

    It happens while the error is being handled, so that log records have its traceback.
    """
    change(result, finished_at=as_datetime(now_ms()))
    if error is None:
        change(result, status=TaskResultStatus.SUCCESSFUL, _return_value=value)
    else:
        kind, text = type(error), text_of(error).partition("\n")[2]
        path = f"{kind.__module__}.{kind.__qualname__}"
        result.errors.append(TaskError(exception_class_path=path, traceback=text))
        change(result, status=TaskResultStatus.FAILED)
    task_finished.send(type(backend), task_result=result)
