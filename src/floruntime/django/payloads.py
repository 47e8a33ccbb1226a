"""The payload of a run: a task with its arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time_ns
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.utils import timezone
from django.utils.module_loading import import_string

from floruntime.django.compat import Task, normalize_json

ACTION_PREFIX = "django."
PRIORITY_ZERO = 100
"""Django's priorities are -100 to 100, the highest first. In Flo the lowest goes first."""


class Payload(msgspec.Struct, frozen=True):
    """A task and its arguments. `id`: its result's id, if that was given before the run existed."""

    task: str
    args: list[Any]
    kwargs: dict[str, Any]
    priority: int
    queue_name: str
    enqueued_at_ms: int
    run_after: str | None = None
    id: str | None = None


def payload_of(task: Task, args: Any, kwargs: Any, result_id: str | None) -> Payload:
    """Return the payload for `task`. Raises `TypeError` if an argument cannot be JSON."""
    return Payload(
        task.module_path,
        normalize_json(list(args)),
        normalize_json(dict(kwargs)),
        task.priority,
        task.queue_name,
        now_ms(),
        task.run_after.isoformat() if task.run_after is not None else None,
        result_id,
    )


def task_of(payload: Payload, backend: str) -> Task:
    """Return the task that was enqueued.

    Raises `ImportError` if there is nothing of that name, and `SuspiciousOperation` if it is not a
    task.
    """
    found = import_string(payload.task)
    if not isinstance(found, Task):
        raise SuspiciousOperation(f"{payload.task} is no task")
    return found.using(
        priority=payload.priority,
        queue_name=payload.queue_name,
        run_after=datetime.fromisoformat(payload.run_after) if payload.run_after else None,
        backend=backend,
    )


def action_of(queue_name: str) -> str:
    """The action whose runs are the tasks of this queue."""
    return ACTION_PREFIX + queue_name


def flo_priority(priority: int) -> int:
    """The task's priority in Flo's order."""
    return PRIORITY_ZERO - priority


def delay_ms(task: Task) -> int:
    """How long the task must wait before it may start."""
    if task.run_after is None:
        return 0
    at: datetime = task.run_after
    due = at if timezone.is_aware(at) else timezone.make_aware(at)
    return max(0, round(due.timestamp() * 1000) - now_ms())


def now_ms() -> int:
    """The time on this machine."""
    return time_ns() // 1_000_000


def as_datetime(ms: int | None) -> datetime | None:
    """A time in Django's form: aware if the project uses time zones."""
    if ms is None:
        return None
    aware = datetime.fromtimestamp(ms / 1000, UTC)
    return aware if settings.USE_TZ else timezone.make_naive(aware)
