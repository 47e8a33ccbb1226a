"""Leases of a group that expire because a consumer died or hangs.

If the consumer is a plain reader, every record counts as attempted. A worker says that it is a
worker: it handles the records of a key one after the other. So records that wait behind another of
their key never began, and no attempt is counted for them. From the second loss on, a record that
did begin waits longer each time, by a varying delay, before it is delivered again. So if one record
ends each worker, its neighbours are delivered again without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from floruntime.core.backoff import lost_delay_ms
from floruntime.engine.state.tx import Tx
from floruntime.engine.stream.group.redelivery import give_back, kept_record, release
from floruntime.engine.stream.group.rows import (
    PENDING_RECORD,
    Mode,
    OpenGroup,
    PendingRecordRow,
    Standing,
    open_by_id,
)
from floruntime.engine.stream.rows import Id
from floruntime.engine.system import timers

RETURNS_PER_TIMER_MAX: Final = 100
LOOKED_AT_MAX: Final = 2_000
"""Deliveries among which what is in hand before a record is looked for."""


def lease_ran_out(tx: Tx, due_ms: int, group_id: int, item: int, data: Any) -> None:
    """Return what was handed out under this timer and is still held; a large rest next tick."""
    opened = open_by_id(tx, group_id)
    if opened is None:
        return
    rest = data[RETURNS_PER_TIMER_MAX:]
    if rest:
        timers.set_timer(tx, tx.now_ms, timers.GROUP_LEASE, group_id, item, data=rest)
    lost: list[tuple[Id, PendingRecordRow]] = []
    for ms, sequence in data[:RETURNS_PER_TIMER_MAX]:
        pending = tx.get(PENDING_RECORD, opened.pending_key((ms, sequence)))
        if pending is None or pending.standing != Standing.HELD or pending.timer != item:
            continue
        if pending.is_workers:
            lost.append(((ms, sequence), pending))
        else:
            give_back(opened, (ms, sequence), pending, Standing.EXPIRED)
    _return_lost(opened, sorted(lost, key=lambda each: each[0]))
    opened.save()
    opened.touch()


def _return_lost(opened: OpenGroup, lost: list[tuple[Id, PendingRecordRow]]) -> None:
    """Return what a worker held, in id order."""
    by_key = lost and opened.group.mode == Mode.KEY_SHARED
    fronts = _fronts(opened, lost) if by_key else {}
    for id, pending in lost:
        key = _key_of(opened, id) if by_key else None
        place = (pending.consumer, key)
        if key is not None and place in fronts:
            release(opened, id, pending, pending.consumer, due_ms=fronts[place])
            continue
        delay_ms = _delay_ms(opened, id, pending.attempt)
        waits = give_back(opened, id, pending, Standing.EXPIRED, delay_ms)
        fronts[place] = opened.tx.now_ms + (delay_ms if waits else 0)


def _delay_ms(opened: OpenGroup, id: Id, attempt: int) -> int:
    group = opened.group
    seed = f"{id[0]}-{id[1]}"
    return lost_delay_ms(group.retry_delay_ms, group.retry_delay_max_ms, attempt, seed)


def _fronts(
    opened: OpenGroup, lost: list[tuple[Id, PendingRecordRow]]
) -> dict[tuple[str, str | None], int]:
    """Which keys have a record in hand before those that are lost, by consumer; and from when on
    what is behind it may be handed out, so that it stays behind.
    """
    slots = {(pending.consumer, pending.slot) for _, pending in lost}
    ids = {id for id, _ in lost}
    youngest_ms = max(pending.delivered_at_ms for _, pending in lost)
    fronts: dict[tuple[str, str | None], int] = {}
    for id, pending in _pending_before(opened, lost[-1][0]):
        if id in ids or (pending.consumer, pending.slot) not in slots:
            continue
        if _was_held_at(opened, pending, youngest_ms):
            due_ms = opened.tx.now_ms if pending.standing == Standing.HELD else pending.due_ms
            fronts.setdefault((pending.consumer, _key_of(opened, id)), due_ms)
    return fronts


def _was_held_at(opened: OpenGroup, pending: PendingRecordRow, at_ms: int) -> bool:
    """Whether a worker had the record in hand when others were handed to it."""
    if not pending.is_workers or pending.delivered_at_ms > at_ms:
        return False
    if pending.standing == Standing.EXPIRED:
        return pending.delivered_at_ms + opened.group.ack_timeout_ms > at_ms
    return pending.standing == Standing.HELD


def _pending_before(opened: OpenGroup, last: Id) -> Iterator[tuple[Id, PendingRecordRow]]:
    start, end = PENDING_RECORD.range(opened.group.id)[0], opened.pending_key(last)
    for number, (key, pending) in enumerate(opened.tx.scan(PENDING_RECORD, start, end)):
        if number == LOOKED_AT_MAX:
            return
        _, ms, sequence = PENDING_RECORD.unpack(key)
        yield (ms, sequence), pending


def _key_of(opened: OpenGroup, id: Id) -> str | None:
    row = kept_record(opened, id)
    return None if row is None else row.partition_key
