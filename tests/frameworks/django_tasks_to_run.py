"""Tasks for the tests of `floruntime.django`."""

from __future__ import annotations

from typing import Any

from floruntime.django import FloTaskContext
from floruntime.django.compat import TaskContext

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

attempts: list[int] = []
seen: list[tuple[Any, ...]] = []


@task()
def noop(*args: Any, **kwargs: Any) -> None:
    """Nothing."""


@task()
async def noop_async(*args: Any, **kwargs: Any) -> None:
    """Nothing, in its time."""


@task()
def meaning_of_life() -> int:
    """42."""
    return 42


@task()
def note(*what: Any) -> None:
    """Tell the test."""
    seen.append(what)


@task()
def value_error() -> None:
    """Raises."""
    raise ValueError("this task failed\nin two lines")


@task()
def system_exit() -> None:
    """Would end a process."""
    raise SystemExit("this task wants to leave")


@task()
def complex_value() -> Any:
    """What JSON has no form for."""
    return lambda: True


@task()
def long_error() -> None:
    """Its traceback and its message are longer than what is kept."""
    raise ValueError("x" * 10_000)


@task(takes_context=True)
def own_id(context: TaskContext) -> str:
    """The id of its result."""
    seen.append((context.attempt, context.task_result.status, context.task_result.worker_ids))
    result_id: str = context.task_result.id
    return result_id


@task(takes_context=True)
def third_time(context: FloTaskContext) -> int:
    """Fails twice."""
    if context.attempt < 3:
        raise RuntimeError(f"attempt {context.attempt}")
    attempt: int = context.attempt
    return attempt


@task(takes_context=True)
def with_effects(context: FloTaskContext, fails: bool) -> str:
    """Writes with its result."""
    context.flo.batch().kv.put("effect", b"there")
    if fails:
        raise ValueError("nothing of it")
    return "done"


no_task = "no task"
