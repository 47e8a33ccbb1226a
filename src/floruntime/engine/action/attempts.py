"""The attempts of a run: which worker had each, from when to when, and why it ended.

The attempt that is under way, and the one that a run ended with, are in the run's own row. An
attempt that ended while the run continued gets a row of its own. So a run that succeeds at once has
no extra row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core.action import ActionAttempt
from floruntime.core.types import Value
from floruntime.engine.action.run_rows import ActionRunRow
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View

KEPT_MAX: Final = 100
"""Attempts of a run that are kept: the last ones."""
ERROR_BYTES_MAX: Final = 512
"""How much of an attempt's error is kept; that of the last attempt stands whole in the run."""


class ActionAttemptRow(Value, frozen=True):
    """An attempt that ended while its run went on."""

    worker_id: str
    begun_at_ms: int | None
    ended_at_ms: int
    reason: str | None
    error: str | None


ACTION_ATTEMPT: Final[Table[ActionAttemptRow]] = Table(
    b"rt", ActionAttemptRow, namespace_id="u64", number="u64", attempt="u32"
)


def keep_attempt(tx: Tx, of_namespace_id: int, number: int, row: ActionRunRow) -> None:
    """Keep the attempt that ends now, of a run that goes on. Its row says why."""
    if row.worker_id is None:
        return
    ended = ActionAttemptRow(
        row.worker_id, _begun_at_ms(row), tx.now_ms, row.reason, _cut(row.error)
    )
    tx.put(ACTION_ATTEMPT, ACTION_ATTEMPT.key(of_namespace_id, number, row.attempt), ended)
    if row.attempt > KEPT_MAX:
        oldest = ACTION_ATTEMPT.key(of_namespace_id, number, row.attempt - KEPT_MAX)
        tx.delete(ACTION_ATTEMPT, oldest)


def forget_attempts(tx: Tx, of_namespace_id: int, number: int, row: ActionRunRow) -> None:
    """The run is forgotten, and its attempts with it."""
    for attempt in range(max(1, row.attempt - KEPT_MAX), row.attempt + 1):
        tx.delete(ACTION_ATTEMPT, ACTION_ATTEMPT.key(of_namespace_id, number, attempt))


def attempts_of(
    view: View, of_namespace_id: int, number: int, row: ActionRunRow
) -> list[ActionAttempt]:
    """Those that have begun, oldest first."""
    own = _own_attempt(row)
    kept = list(_kept(view, of_namespace_id, number)) if row.attempt > len(own) else []
    return [*kept, *own][-KEPT_MAX:]


def _kept(view: View, of_namespace_id: int, number: int) -> Iterator[ActionAttempt]:
    span = ACTION_ATTEMPT.range(of_namespace_id, number)
    for key, row in view.scan(ACTION_ATTEMPT, *span):
        yield ActionAttempt(
            ACTION_ATTEMPT.unpack(key)[2],
            row.worker_id,
            row.begun_at_ms,
            row.ended_at_ms,
            row.reason,
            row.error,
        )


def _own_attempt(row: ActionRunRow) -> list[ActionAttempt]:
    """The one that stands in the run's own row, if there is one."""
    if row.worker_id is None or row.is_reserved:
        return []
    begun_at_ms = _begun_at_ms(row)
    if not row.is_finished:
        return [ActionAttempt(row.attempt, row.worker_id, begun_at_ms, None, None, None)]
    return [
        ActionAttempt(
            row.attempt,
            row.worker_id,
            begun_at_ms,
            row.completed_at_ms,
            row.reason,
            _cut(row.error),
        )
    ]


def _begun_at_ms(row: ActionRunRow) -> int | None:
    """When it began; before that was kept, the start of the run is that of its first attempt."""
    return row.begun_at_ms or (row.started_at_ms if row.attempt == 1 else None)


def _cut(error: str | None) -> str | None:
    if error is None:
        return None
    return error.encode()[:ERROR_BYTES_MAX].decode("utf-8", "ignore")
