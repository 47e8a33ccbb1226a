"""Removes from a stream's groups what the stream no longer keeps, a bounded number per tick.

A trim only moves the stream's floor, so its cost does not depend on what is pending. A timer of the
stream then drops from each of its groups what was delivered, or is parked, up to that floor. Until
that timer has come, such a record is hidden from everybody and never delivered.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.group.key_shared import slots_of
from floruntime.engine.stream.group.redelivery import drop
from floruntime.engine.stream.group.rows import (
    GROUP,
    PARKED,
    PENDING_RECORD,
    SLOTS,
    GroupRow,
    SlotsRow,
    group_state,
    open_by_id,
)
from floruntime.engine.stream.retention import tell_groups, visible_floor
from floruntime.engine.stream.rows import STREAM, Id, put_state, state_of

DROPS_PER_TICK_MAX: Final = 500
"""Records that one step drops, a group that is looked at counting as one."""
COUNTED_MAX: Final = 1_000
"""Gone records that are counted for what a group shows of itself; more than that for a moment."""


def drop_gone(tx: Tx, due_ms: int, stream_id: int, item: int, data: Any) -> None:
    """Take a step, and leave what is left to the next tick."""
    namespace_id, name, after = data
    stream = tx.get(STREAM, STREAM.key(namespace_id, tail=name.encode()))
    if stream is None or stream.id != stream_id:
        return
    state = state_of(tx, stream).copy()
    if state.groups_due_ms != due_ms:
        return
    floor = visible_floor(stream, state, tx.now_ms)
    state.groups_due_ms = 0
    rest = _drop_from_groups(tx, stream.id, floor, after)
    if rest is not None:
        tell_groups(tx, stream, state, namespace_id, name, after=rest)
    put_state(tx, stream, state)


def _drop_from_groups(tx: Tx, stream_id: int, floor: Id, after: str) -> str | None:
    """Drop so many; the group behind which to go on, `None` if nothing is left."""
    start = GROUP.key(stream_id, tail=after.encode())
    left = DROPS_PER_TICK_MAX
    for key, group in tx.scan(GROUP, start, GROUP.range(stream_id)[1]):
        name = GROUP.tail_of(key).decode()
        if left <= 0:
            return name
        dropped = _drop_from(tx, group, floor, left)
        left -= dropped + 1
        if left < 0:
            return name  # it has more
    return None


def _drop_from(tx: Tx, group: GroupRow, floor: Id, count_max: int) -> int:
    pending = list(islice(_gone(tx, group, floor), count_max))
    parked = list(islice(_gone_parked(tx, group, floor), count_max - len(pending)))
    opened = open_by_id(tx, group.id) if pending or parked else None
    if opened is None:
        return 0
    for id, row in pending:
        drop(opened, id, row)
    for slot, id in parked:
        slots_of(opened).unpark(slot, id)
    opened.save()
    opened.touch()
    return len(pending) + len(parked)


def _gone(view: View, group: GroupRow, floor: Id) -> Any:
    """What is pending of records up to `floor`."""
    start, end = PENDING_RECORD.range(group.id)[0], next_key(PENDING_RECORD.key(group.id, *floor))
    for key, row in view.scan(PENDING_RECORD, start, end):
        _, ms, sequence = PENDING_RECORD.unpack(key)
        yield (ms, sequence), row


def _gone_parked(tx: Tx, group: GroupRow, floor: Id) -> Any:
    if not group_state(tx, group).parked:
        return
    slots = (tx.get(SLOTS, SLOTS.key(group.id)) or SlotsRow()).slots
    for slot in sorted(slot for slot, found in slots.items() if found.parked):
        end = next_key(PARKED.key(group.id, slot, *floor))
        for key, _ in tx.scan(PARKED, PARKED.key(group.id, slot, 0, 0), end):
            _, _, ms, sequence = PARKED.unpack(key)
            yield slot, (ms, sequence)


def kept_pending(view: View, group: GroupRow, floor: Id) -> int:
    """How many records are pending that the stream still keeps."""
    count = group_state(view, group).pending
    return count - sum(1 for _ in islice(_gone(view, group, floor), min(count, COUNTED_MAX)))
