"""The time index: every lease, delay, TTL and retention is one row, ordered by due time.

A timer is named by `(due_ms, kind, owner_id, item)`; the code that sets one can cancel it by that
name. Firing deletes the row and calls the handler of its kind within a `Tick` command. A handler
acts on the state that it finds, so a timer that fires late or needlessly does no harm.

If a handler fails, which is a bug, its tick has changed nothing. The server then fires timers one
by one and postpones those that fail, so that they do not delay others. A postponed timer is stored
under its later time, and its handler still gets its first due time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from floruntime.core.errors import InternalServerError
from floruntime.engine.state.dispatch import rules_of
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View

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
CONSOLE_CODE = 112
CONSOLE_SESSION = 113
HTTP_ONCE = 115
ACTION_RUN = 64
ACTION_KEY = 65
ACTION_SETTLED = 66
ACTION_DELETE = 67
WORKER_FORGET = 68
ACTION_KEY_FREE = 72
ACTION_LIMITS = 73
ACTION_FREE = 74
ACTION_SCHEDULE = 75
WORKFLOW_RUN = 80
WORKFLOW_KEY = 81
WORKFLOW_CACHE = 82
WORKFLOW_TRIGGER = 83
WORKFLOW_TARGET = 84
WORKFLOW_BODY = 85
WORKFLOW_GROUP = 86
WORKFLOW_GROUP_LEFT = 87
GROUP_TRIMMED = 120
WORKFLOW_COMPENSATION = 88
JOB_STEP = 100
JOB_FORGET = 101
WORKFLOW_OLD_RUNS = 104
ACTION_OLD_RUNS = 105
WORKFLOW_RESUME = 89


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


def fire_due(tx: Tx, count_max: int) -> bool:
    """Fire what is due by `tx.now_ms`, earliest first. Answers whether more is due."""
    due: list[tuple[bytes, Any]] = []
    for key, row in _until(tx, tx.now_ms + 1):
        if len(due) == count_max:
            return _fire(tx, due, more=True)
        due.append((key, row))
    return _fire(tx, due, more=False)


def postpone_first(tx: Tx, delay_ms: int) -> None:
    """Fire the earliest timer that is due `delay_ms` from now, if there is one."""
    for key, row in _until(tx, tx.now_ms + 1):
        first_due_ms, kind, owner_id, item = name_of(key, row)
        later_ms = tx.now_ms + delay_ms
        tx.delete(TIMER, key)
        tx.put(TIMER, TIMER.key(later_ms, kind, owner_id, item), (row[0], first_due_ms))
        tx.on_timer_set(later_ms)
        return


def _until(tx: Tx, end_ms: int) -> Iterator[tuple[bytes, Any]]:
    """The timers due before `end_ms`, earliest first."""
    start = TIMER.key(tx.hints.get("timers", 0), 0, 0, 0)
    return tx.scan(TIMER, start, TIMER.key(end_ms, 0, 0, 0))


def count_due(view: View, until_ms: int, count_max: int) -> int:
    """How many timers are due by `until_ms`, counted up to `count_max`."""
    found = view.scan(TIMER, TIMER.range()[0], TIMER.key(until_ms + 1, 0, 0, 0))
    return sum(1 for _ in islice(found, count_max))


def _fire(tx: Tx, due: list[tuple[bytes, Any]], *, more: bool) -> bool:
    for key, _ in due:
        tx.delete(TIMER, key)
    # Everything up to the last one fired is gone: the next scan need not pass its tombstones.
    tx.hints["timers"] = TIMER.unpack(due[-1][0])[0] if more else tx.now_ms
    rules = rules_of(tx).timers
    for key, row in due:
        due_ms, kind, owner_id, item = name_of(key, row)
        handler = rules.get(kind)
        if handler is None:
            raise InternalServerError(
                f"timer of unknown kind {kind}; was this data written by a newer server?"
            )
        handler(tx, due_ms, owner_id, item, row[0])
    return more


def name_of(key: bytes, row: Any) -> tuple[int, int, int, int]:
    """What a timer is called: first due time, kind, owner, item."""
    due_ms, kind, owner_id, item = TIMER.unpack(key)
    return (row[1] if len(row) == 2 else due_ms), kind, owner_id, item


def is_set(view: View, due_ms: int, kind: int, owner_id: int, item: int = 0) -> bool:
    """Whether there is a timer of this name. Costly where there is none; for `flo verify`."""
    if view.get(TIMER, TIMER.key(due_ms, kind, owner_id, item)) is not None:
        return True
    name = due_ms, kind, owner_id, item
    return any(name_of(key, row) == name for key, row in view.scan(TIMER, *TIMER.range()))


def first_due(tx: Tx, until_ms: int) -> int | None:
    """The earliest due time before `until_ms`, if there is one."""
    for key, _ in _until(tx, until_ms):
        return TIMER.unpack(key)[0]
    return None
