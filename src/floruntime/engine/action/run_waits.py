"""What a pending run waits for: its time, or a worker. For single runs, not for listings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from floruntime.core.duration_text import lasting
from floruntime.core.run_wait import RunWait, WaitKind
from floruntime.engine.action.rows import find_action_row
from floruntime.engine.action.run_rows import ActionRunRow, ActionRunStatus, action_name, error_of
from floruntime.engine.action.workers import WorkerRow, is_well, workers_of
from floruntime.engine.state.tx import View

COUNTED_MAX: Final = 100
"""More workers than this make no difference to who looks."""


def wait_of_action_run(view: View, row: ActionRunRow) -> RunWait | None:
    """What a run of the view's namespace waits for; `None` where it is at work, or over."""
    if row.status != ActionRunStatus.PENDING:
        return None
    name = action_name(view, row.action_id)
    action = find_action_row(view, name)
    attempts = None if action is None else action.settings.max_retries + 1
    if row.due_ms > view.now_ms:
        return _for_its_time(view, row, name, attempts)
    workers = sum(1 for _ in islice(_workers_for(view, name, row.labels), COUNTED_MAX))
    text = f"waits for a worker of {name}{_labels_text(row.labels)} ({_count_text(workers)} there)"
    return RunWait(
        WaitKind.WORKER,
        text + _after(error_of(row)),
        name,
        workers=workers,
        attempt=row.attempt + 1,
        attempts=attempts,
        error=error_of(row),
    )


def _for_its_time(view: View, row: ActionRunRow, name: str, attempts: int | None) -> RunWait:
    lasts = lasting(row.due_ms - view.now_ms)
    if not row.attempt:
        text = f"begins in {lasts}"
        return RunWait(
            WaitKind.DELAY, text, name, attempt=1, attempts=attempts, due_at_ms=row.due_ms
        )
    return RunWait(
        WaitKind.RETRY,
        retry_text(row.attempt, attempts, lasts, error_of(row)),
        name,
        attempt=row.attempt + 1,
        attempts=attempts,
        due_at_ms=row.due_ms,
        error=error_of(row),
    )


def retry_text(retry: int, attempts: int | None, lasts: str, error: str | None) -> str:
    """`retry 4 of 5 in 3s, after ValueError: no stock`; the first attempt is no retry."""
    of = "" if attempts is None else f" of {attempts - 1}"
    return f"retry {retry}{of} in {lasts}{_after(error)}"


def _after(error: str | None) -> str:
    return "" if error is None else f", after {error}"


def _workers_for(view: View, action: str, labels: dict[str, str]) -> Iterator[WorkerRow]:
    """Those that are registered, well, not draining, and take such runs."""
    for worker in workers_of(view):
        takes_it = action in worker.actions and labels.items() <= worker.labels.items()
        if takes_it and not worker.draining and is_well(view, worker):
            yield worker


def _labels_text(labels: dict[str, str]) -> str:
    pairs = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return f" with {pairs}" if pairs else ""


def _count_text(workers: int) -> str:
    if workers <= 1:
        return "1 is" if workers else "none is"
    return f"{workers} or more are" if workers == COUNTED_MAX else f"{workers} are"
