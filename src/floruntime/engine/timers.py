"""The time index: every lease, delay, TTL and retention as one row, ordered by due time.

A timer is named by `(due_ms, kind, owner_id, item)`; whoever sets one can cancel it by that name.
Firing deletes the row and calls the handler of its kind within a `Tick` command; a handler judges
by the state it finds, so a timer that fires late or for nothing does no harm.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.core.errors import InternalServerError
from floruntime.engine.keyspace import Table
from floruntime.engine.registry import TIMERS
from floruntime.engine.tx import Tx

TIMER: Final[Table[Any]] = Table(b"tm", Any, due_ms="u64", kind="u8", owner_id="u64", item="u64")

# Kinds. Assigned once, never reused.
KV_EXPIRY = 1
KV_FORGET = 2
KV_TRIM_CHANGES = 3
QUEUE_LEASE = 16
QUEUE_DUE = 17
QUEUE_DEDUP = 18
QUEUE_FORGET = 19
QUEUE_TRIM_DEAD = 20
STREAM_RETENTION = 32
GROUP_LEASE = 33
GROUP_DUE = 34
GROUP_CONSUMER = 35
GROUP_FORGET = 36
RECLAIM = 48
TOKEN_FORGET = 52
ACTION_RUN = 64
ACTION_KEY = 65
ACTION_SETTLED = 66
ACTION_DELETE = 67
WORKER_FORGET = 68
WORKFLOW_RUN = 80
WORKFLOW_KEY = 81
WORKFLOW_CACHE = 82
WORKFLOW_TRIGGER = 83

PER_TICK_MAX = 1000
"""Timers that one tick fires at most; a further tick follows at once."""


def set_timer(
    tx: Tx, due_ms: int, kind: int, owner_id: int, item: int = 0, data: Any = None
) -> None:
    """Fire `kind` at `due_ms`. Setting the same timer again replaces its data."""
    tx.put(TIMER, TIMER.key(due_ms, kind, owner_id, item), (data,))
    if due_ms < tx.hints.get("timers", 0):
        tx.hints["timers"] = due_ms
    tx.on_timer_set(due_ms)


def cancel_timer(tx: Tx, due_ms: int, kind: int, owner_id: int, item: int = 0) -> None:
    """Take the timer back. One that is not there does no harm."""
    tx.delete(TIMER, TIMER.key(due_ms, kind, owner_id, item))


def fire_due(tx: Tx, count_max: int = PER_TICK_MAX) -> bool:
    """Fire what is due by `tx.now_ms`, earliest first. Answers whether more is due."""
    start = TIMER.key(tx.hints.get("timers", 0), 0, 0, 0)
    due: list[tuple[bytes, Any]] = []
    for key, row in tx.scan(TIMER, start, TIMER.key(tx.now_ms + 1, 0, 0, 0)):
        if len(due) == count_max:
            return _fire(tx, due, more=True)
        due.append((key, row[0]))
    return _fire(tx, due, more=False)


def _fire(tx: Tx, due: list[tuple[bytes, Any]], *, more: bool) -> bool:
    for key, _ in due:
        tx.delete(TIMER, key)
    # Everything up to the last one fired is gone: the next scan need not pass its tombstones.
    tx.hints["timers"] = TIMER.unpack(due[-1][0])[0] if more else tx.now_ms
    for key, data in due:
        due_ms, kind, owner_id, item = TIMER.unpack(key)
        handler = TIMERS.get(kind)
        if handler is None:
            raise InternalServerError(
                f"timer of unknown kind {kind}; was this data written by a newer server?"
            )
        handler(tx, due_ms, owner_id, item, data)
    return more


def first_due(tx: Tx, until_ms: int) -> int | None:
    """The earliest due time before `until_ms`, if there is one."""
    start = TIMER.key(tx.hints.get("timers", 0), 0, 0, 0)
    for key, _ in tx.scan(TIMER, start, TIMER.key(until_ms, 0, 0, 0)):
        return TIMER.unpack(key)[0]
    return None
