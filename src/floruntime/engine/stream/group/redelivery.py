"""How a delivery ends without an ack: it is nacked, given back, or its lease expires.

The record waits in RETURNED for its next delivery. After `max_deliver` deliveries it goes to the
group's dead letters. A record that the stream no longer keeps is dropped.
"""

from __future__ import annotations

from typing import Any

import msgspec

from floruntime.core.backoff import retry_delay_ms
from floruntime.core.system import Delivery
from floruntime.engine.state.tx import Tx
from floruntime.engine.stream.group.key_shared import slots_of
from floruntime.engine.stream.group.rows import (
    PENDING_RECORD,
    RETURNED,
    DeadRecordRow,
    Mode,
    OpenGroup,
    PendingRecordRow,
    Standing,
    open_by_id,
    put_dead,
)
from floruntime.engine.stream.retention import visible_floor
from floruntime.engine.stream.rows import Id, RecordRow, get_record, state_of
from floruntime.engine.system import timers


def let_go(opened: OpenGroup, pending: PendingRecordRow) -> None:
    """In a `key_shared` group: the slot's owner holds one record less."""
    if opened.group.mode == Mode.KEY_SHARED and pending.standing == Standing.HELD:
        slots_of(opened).let_go(pending)


def kept_record(opened: OpenGroup, id: Id) -> RecordRow | None:
    """The record, if the stream still shows it."""
    tx, stream = opened.tx, opened.stream
    if id <= visible_floor(stream, state_of(tx, stream), tx.now_ms):
        return None
    return get_record(tx, stream.id, id)


def drop(opened: OpenGroup, id: Id, pending: PendingRecordRow) -> None:
    """Forget a delivery: it is settled, dead, or of a record that is gone."""
    opened.tx.delete(PENDING_RECORD, opened.pending_key(id))
    opened.state.pending -= 1
    if pending.standing != Standing.HELD:
        unreturn(opened, id, pending)
    else:
        let_go(opened, pending)


def unreturn(opened: OpenGroup, id: Id, pending: PendingRecordRow) -> None:
    """The record no longer waits for its next delivery."""
    opened.tx.delete(RETURNED, RETURNED.key(opened.group.id, pending.due_ms, *id))
    opened.state.returned -= 1


def give_back(
    opened: OpenGroup, id: Id, pending: PendingRecordRow, standing: Standing, delay_ms: int = 0
) -> bool:
    """Let the record be delivered again after `delay_ms`, or else as the group says. Answers false
    if it is dead instead.
    """
    assert pending.standing == Standing.HELD, "what is given back was held"
    if pending.attempt >= opened.group.max_deliver:
        bury(opened, id, pending)
        return False
    let_go(opened, pending)
    group = opened.group
    delay_ms = delay_ms or retry_delay_ms(
        group.retry_delay_ms,
        group.retry_backoff,
        group.retry_delay_max_ms,
        pending.attempt,
        f"{id[0]}-{id[1]}",
    )
    due_ms = opened.tx.now_ms + delay_ms
    _put_returned(opened, id, msgspec.structs.replace(pending, standing=standing, due_ms=due_ms))
    if delay_ms:
        timers.set_timer(opened.tx, due_ms, timers.GROUP_DUE, opened.group.id)
    return True


def release(
    opened: OpenGroup, id: Id, pending: PendingRecordRow, consumer: str, due_ms: int = 0
) -> None:
    """Hand a held record back, its delivery not counted: at once, or from `due_ms` on, for which
    there is a timer.
    """
    assert pending.standing == Standing.HELD, "what is handed back was held"
    let_go(opened, pending)
    _put_returned(
        opened,
        id,
        msgspec.structs.replace(
            pending,
            standing=Standing.RELEASED,
            due_ms=max(due_ms, opened.tx.now_ms),
            consumer=consumer,
            attempt=pending.attempt - 1,
        ),
    )


def _put_returned(opened: OpenGroup, id: Id, pending: PendingRecordRow) -> None:
    opened.tx.put(PENDING_RECORD, opened.pending_key(id), pending)
    opened.tx.put(RETURNED, RETURNED.key(opened.group.id, pending.due_ms, *id), 1)
    opened.state.returned += 1


def bury(opened: OpenGroup, id: Id, pending: PendingRecordRow) -> None:
    """Move the record to the dead letters, a copy of it: the stream may be trimmed."""
    drop(opened, id, pending)
    row = kept_record(opened, id)
    if row is None:
        return
    dead = DeadRecordRow(
        *id,
        row.partition,
        row.offset,
        row.payload,
        row.headers,
        row.partition_key,
        pending.attempt,
        "max_attempts",
        pending.error,
        pending.first_delivered_at_ms,
        pending.delivered_at_ms,
        row.traceparent,
    )
    put_dead(opened, dead)


def returned_is_due(tx: Tx, due_ms: int, group_id: int, item: int, data: Any) -> None:
    """A delay is over: ask those who wait."""
    opened = open_by_id(tx, group_id)
    if opened is not None:
        opened.touch()


def hand_back(tx: Tx, delivery: Delivery) -> None:
    """Release what went to a connection that was gone."""
    opened = open_by_id(tx, delivery.owner_id)
    if opened is None:
        return
    for ms, sequence, lease in delivery.items:
        pending = tx.get(PENDING_RECORD, opened.pending_key((ms, sequence)))
        if pending is not None and pending.held.is_out_as(lease):
            release(opened, (ms, sequence), pending, consumer="")
    opened.save()
    opened.touch()
