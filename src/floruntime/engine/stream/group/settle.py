"""Settling: ack, nack and touch, fenced by lease numbers (`engine/state/leases.py`).

Still held: done. Ran out but nobody else has it: an ack is accepted. Delivered again since, or
unknown: stale. Repeated by the same holder within five minutes: done, from what is remembered under
its lease. Lease 0 is a caller who never read the record and is believed, unless it names a consumer
that does not hold it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.stream import GroupAck, GroupAckResult, GroupNack, GroupTouch, StreamID
from floruntime.engine.state.leases import MEMORY, Told, extended, is_stale
from floruntime.engine.state.tx import Tx
from floruntime.engine.stream.group.members import renew_if_member
from floruntime.engine.stream.group.redelivery import drop, give_back, release
from floruntime.engine.stream.group.rows import (
    PENDING_RECORD,
    SETTLED,
    PendingRecordRow,
    SettledRow,
    Standing,
    open_the_group,
)
from floruntime.engine.stream.rows import Id, internal
from floruntime.engine.system import timers


class Settling:
    """One command that settles records: what it finds, and what it must write at its end."""

    def __init__(self, tx: Tx, request: GroupAck | GroupNack | GroupTouch) -> None:
        limits.check_many("ids", len(request.ids))
        if len(request.leases) != len(request.ids):
            raise BadRequestError(
                f"leases has {len(request.leases)} items beside {len(request.ids)} ids; "
                "each id needs one"
            )
        limits.check_numbers("leases", request.leases, 0)
        if request.consumer is not None:
            limits.check_name("consumer", request.consumer)
        self.tx = tx
        self.opened = open_the_group(tx, request.stream, request.group)
        self.consumer = request.consumer
        self.told = Told[StreamID]()
        self._settled: dict[int, list[Id]] = {}
        self._freed: Counter[tuple[int, int, int]] = Counter()
        self._holders: set[str] = set()

    def find(self, id: Id, lease: int) -> PendingRecordRow | None:
        """The delivery of `id`, if the caller may settle it."""
        pending = self.tx.get(PENDING_RECORD, self.opened.pending_key(id))
        if pending is None or is_stale(lease, pending.lease):
            return None
        if self.consumer is not None and pending.consumer != self.consumer:
            return None
        return pending

    def is_held(self, pending: PendingRecordRow) -> bool:
        """Whether its lease still runs."""
        return pending.held.stands(self.tx.now_ms)

    def was_settled(self, id: Id, lease: int) -> bool:
        """Whether the same holder settled it before."""
        if not lease:
            return any(id in ids for ids in self._settled.values())
        if id in self._settled.get(lease, ()):
            return True
        row = self.tx.get(SETTLED, SETTLED.key(self.opened.group.id, lease))
        if row is None or not MEMORY.has(row.at_ms, self.tx.now_ms):
            return False
        return id in row.ids

    def note_settled(self, id: Id, pending: PendingRecordRow) -> None:
        """Remember that this holder settled it."""
        self._settled.setdefault(pending.lease, []).append(id)

    def note_freed(self, pending: PendingRecordRow) -> None:
        """Its timer has nothing more to do for it."""
        self._holders.add(pending.consumer)
        if pending.standing == Standing.HELD:
            self._freed[pending.due_ms, pending.timer, pending.timer_count] += 1

    def close(self) -> GroupAckResult:
        """Write what is remembered, cancel timers that have nothing left, and answer."""
        group_id = self.opened.group.id
        for (due_ms, timer, timer_count), freed in self._freed.items():
            if freed == timer_count:
                timers.cancel_timer(self.tx, due_ms, timers.GROUP_LEASE, group_id, timer)
        for lease, ids in self._settled.items():
            self._remember(SETTLED.key(group_id, lease), lease, ids)
        for holder in sorted(self._holders):
            renew_if_member(self.opened, holder)
        self.opened.save()
        return GroupAckResult(self.told.done, self.told.stale)

    def _remember(self, key: bytes, lease: int, ids: list[Id]) -> None:
        tx = self.tx
        before = tx.get(SETTLED, key)
        if before is None:
            forget_ms = MEMORY.ends_ms(tx.now_ms)
            timers.set_timer(tx, forget_ms, timers.GROUP_FORGET, self.opened.group.id, lease)
        else:
            ids = before.ids + ids
        tx.put(SETTLED, key, SettledRow(tx.now_ms, ids))


def forget_settled(tx: Tx, due_ms: int, group_id: int, lease: int, data: Any) -> None:
    """Drop what is remembered under a lease, once its last settling is long enough ago."""
    key = SETTLED.key(group_id, lease)
    row = tx.get(SETTLED, key)
    if row is None:
        return
    if MEMORY.has(row.at_ms, tx.now_ms):
        timers.set_timer(tx, MEMORY.ends_ms(row.at_ms), timers.GROUP_FORGET, group_id, lease)
    else:
        tx.delete(SETTLED, key)


def ack(tx: Tx, request: GroupAck) -> GroupAckResult:
    """The records are done with and never come back."""
    settling = Settling(tx, request)
    for stream_id, lease in zip(request.ids, request.leases, strict=True):
        id = internal(stream_id)
        pending = settling.find(id, lease)
        if pending is not None:
            settling.note_freed(pending)
            settling.note_settled(id, pending)
            drop(settling.opened, id, pending)
            settling.told.add(stream_id, True)
        else:
            settling.told.add(stream_id, settling.was_settled(id, lease))
    return settling.close()


def nack(tx: Tx, request: GroupNack) -> GroupAckResult:
    """The records failed: deliver them again after `delay_ms`, or count them as dead."""
    limits.check_duration("delay_ms", request.delay_ms)
    limits.check_error_text(request.error)
    if request.release and (request.delay_ms or request.error is not None):
        raise BadRequestError("release hands back at once: it takes neither delay_ms nor error")
    settling = Settling(tx, request)
    for stream_id, lease in zip(request.ids, request.leases, strict=True):
        id = internal(stream_id)
        pending = settling.find(id, lease)
        if pending is None:
            settling.told.add(stream_id, settling.was_settled(id, lease))
        elif settling.is_held(pending):
            settling.note_freed(pending)
            _nack_one(settling, id, pending, request)
            settling.told.add(stream_id, True)
        else:
            settling.told.add(stream_id, pending.standing in (Standing.NACKED, Standing.RELEASED))
    settling.opened.touch()
    return settling.close()


def _nack_one(settling: Settling, id: Id, pending: PendingRecordRow, request: GroupNack) -> None:
    if request.release:
        release(settling.opened, id, pending, pending.consumer)
        return
    failed = msgspec.structs.replace(pending, error=request.error)
    if not give_back(settling.opened, id, failed, Standing.NACKED, request.delay_ms):
        settling.note_settled(id, pending)


def touch(tx: Tx, request: GroupTouch) -> GroupAckResult:
    """Let the leases run for `extend_ms` from now, or for longer where they do so already."""
    limits.check_duration("extend_ms", request.extend_ms, low=1)
    settling = Settling(tx, request)
    due_ms = extended(0, tx.now_ms, request.extend_ms)
    longer: dict[Id, PendingRecordRow] = {}
    for stream_id, lease in zip(request.ids, request.leases, strict=True):
        id = internal(stream_id)
        pending = settling.find(id, lease)
        is_held = pending is not None and settling.is_held(pending)
        if pending is not None and is_held and pending.due_ms < due_ms:
            longer[id] = pending
        settling.told.add(stream_id, is_held)
    _extend(settling, longer, due_ms)
    return settling.close()


def _extend(settling: Settling, held: dict[Id, PendingRecordRow], due_ms: int) -> None:
    """Put the touched deliveries under a timer of their own."""
    if not held:
        return
    tx, opened = settling.tx, settling.opened
    timer = tx.next_id()
    for id, pending in held.items():
        settling.note_freed(pending)
        extended = msgspec.structs.replace(
            pending, due_ms=due_ms, timer=timer, timer_count=len(held)
        )
        tx.put(PENDING_RECORD, opened.pending_key(id), extended)
    timers.set_timer(tx, due_ms, timers.GROUP_LEASE, opened.group.id, timer, data=list(held))
