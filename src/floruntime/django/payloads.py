"""A task on its way: what the run of its queue's action is given."""

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
"""Django's priorities go from -100 to 100, the highest first; Flo's lowest goes first."""


class Payload(msgspec.Struct, frozen=True):
    """A task and its arguments. `id`: that of its result, where it was given before the run was."""

    task: str
    args: list[Any]
    kwargs: dict[str, Any]
    priority: int
    queue_name: str
    enqueued_at_ms: int
    run_after: str | None = None
    id: str | None = None


def payload_of(task: Task, args: Any, kwargs: Any, result_id: str | None) -> Payload:
    """What is sent of `task`. Raises `TypeError` on an argument that JSON has no form for."""
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
    """The task, as it was enqueued.

    Raises `ImportError` where there is none of that name, and `SuspiciousOperation` where what has
    that name is no task.
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
    """The same in Flo's order."""
    return PRIORITY_ZERO - priority


def delay_ms(task: Task) -> int:
    """How long it is not begun."""
    if task.run_after is None:
        return 0
    at: datetime = task.run_after
    due = at if timezone.is_aware(at) else timezone.make_aware(at)
    return max(0, round(due.timestamp() * 1000) - now_ms())


def now_ms() -> int:
    """The time here."""
    return time_ns() // 1_000_000


def as_datetime(ms: int | None) -> datetime | None:
    """A time as Django has it: aware where the project uses time zones."""
    if ms is None:
        return None
    aware = datetime.fromtimestamp(ms / 1000, UTC)
    return aware if settings.USE_TZ else timezone.make_naive(aware)
