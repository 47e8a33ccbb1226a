"""Turns a run into a task's result, and an error into text: its type, message and traceback."""

from __future__ import annotations

import traceback
from datetime import datetime
from typing import Any

import msgspec

from floruntime.core.action import ActionAttempt, ActionRun, RunStatus
from floruntime.core.limits import ERROR_TEXT_BYTES_MAX
from floruntime.django.compat import TaskError, TaskResult, TaskResultStatus
from floruntime.django.payloads import Payload, as_datetime, task_of

HEAD_BYTES_MAX = 400
"""An attempt keeps only 512 bytes of its error, so type and message come first."""
_STATUS = {
    RunStatus.PENDING: TaskResultStatus.READY,
    RunStatus.RUNNING: TaskResultStatus.RUNNING,
    RunStatus.COMPLETED: TaskResultStatus.SUCCESSFUL,
}


class TaskLostError(Exception):
    """In `errors` of a result: the worker that ran the task died."""


class TaskStoppedError(Exception):
    """In `errors` of a result: the task ran out of time, or was cancelled."""


def text_of(error: BaseException) -> str:
    """Return the text to keep of an error: `module.Type: message`, and the end of its traceback."""
    kind = type(error)
    head = f"{kind.__module__}.{kind.__qualname__}: {_line_of(error)}"
    head = _cut_end(head, HEAD_BYTES_MAX)
    trace = "".join(traceback.format_exception(error))
    return f"{head}\n{_cut_begin(trace, ERROR_TEXT_BYTES_MAX - len(head.encode()) - 1)}"


def _line_of(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip().partition(": ")[2].split("\n")[0]


def _cut_end(text: str, bytes_max: int) -> str:
    return text.encode("utf-8", "backslashreplace")[:bytes_max].decode("utf-8", "ignore")


def _cut_begin(text: str, bytes_max: int) -> str:
    return text.encode("utf-8", "backslashreplace")[-bytes_max:].decode("utf-8", "ignore")


def result_of(run: ActionRun, alias: str) -> TaskResult:
    """Return the run in Django's form. Raises what `task_of` raises."""
    payload = msgspec.json.decode(run.input, type=Payload)
    result = new_result(payload, payload.id or run.run_id, alias)
    begun_ms = [each.begun_at_ms for each in run.attempts] or [run.started_at_ms]
    enqueued_ms = payload.enqueued_at_ms
    change(
        result,
        status=_STATUS.get(run.status, TaskResultStatus.FAILED),
        enqueued_at=as_datetime(enqueued_ms),
        started_at=_not_before(enqueued_ms, begun_ms[0]),
        last_attempted_at=_not_before(enqueued_ms, begun_ms[-1]),
        finished_at=_not_before(enqueued_ms, run.completed_at_ms),
        worker_ids=[attempt.worker_id for attempt in run.attempts],
        errors=_errors_of(run),
    )
    if run.status == RunStatus.COMPLETED and run.output:
        change(result, _return_value=run.json())
    return result


def _not_before(enqueued_ms: int, ms: int | None) -> datetime | None:
    """A time by the server's clock, but not before one by the enqueuing machine's clock."""
    return as_datetime(None if ms is None else max(ms, enqueued_ms))


def new_result(payload: Payload, result_id: str, alias: str) -> TaskResult:
    """Return the result of a task that has not begun. Raises what `task_of` raises."""
    return TaskResult(
        task=task_of(payload, alias),
        id=result_id,
        status=TaskResultStatus.READY,
        enqueued_at=as_datetime(payload.enqueued_at_ms),
        started_at=None,
        last_attempted_at=None,
        finished_at=None,
        args=payload.args,
        kwargs=payload.kwargs,
        backend=alias,
        errors=[],
        worker_ids=[],
    )


def change(result: TaskResult, **fields: Any) -> None:
    """Change a result. Results are frozen for those who get them; only the backend changes them."""
    for name, value in fields.items():
        object.__setattr__(result, name, value)


def _errors_of(run: ActionRun) -> list[TaskError]:
    errors = [_error_of(each) for each in run.attempts if each.reason or each.error]
    if run.status in (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.COMPLETED):
        return errors
    last = _task_error(run.reason, run.error or "")
    return [*errors[:-1], last] if errors else [last]


def _error_of(attempt: ActionAttempt) -> TaskError:
    return _task_error(attempt.reason, attempt.error or "")


def _task_error(reason: str | None, text: str) -> TaskError:
    """Return the error in `text`: the lines that `text_of` made, unless no handler ended the
    attempt.
    """
    head, is_ours, trace = text.partition("\n")
    if is_ours:
        return TaskError(exception_class_path=head.partition(": ")[0], traceback=trace)
    kind = TaskLostError if reason == "worker_lost" else TaskStoppedError
    path = f"{kind.__module__}.{kind.__qualname__}"
    return TaskError(exception_class_path=path, traceback=f"{path}: {text or reason}\n")
