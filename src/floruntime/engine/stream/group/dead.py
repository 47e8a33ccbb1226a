"""Dead letters of groups: copies of records that were delivered too often.

They stand in the order in which they died. A second table finds them by the record's id; letters of
before that was kept are looked for one by one, and there are at most 10,000 of a group. A letter is
requeued as a fresh redelivery of its record, so one whose record the stream no longer keeps stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core import limits
from floruntime.core.stream import (
    DeadReply,
    GroupDead,
    GroupDeadDelete,
    GroupDeadRequeue,
    StreamID,
    StreamRecord,
)
from floruntime.engine.state.pages import page_by_key
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.group.redelivery import kept_record
from floruntime.engine.stream.group.rows import (
    DEAD_ID,
    DEAD_RECORD,
    GROUP_STATE,
    PENDING_RECORD,
    RETURNED,
    DeadRecordRow,
    OpenGroup,
    PendingRecordRow,
    Standing,
    open_the_group,
    remove_dead,
    the_group,
)
from floruntime.engine.stream.rows import Id, internal


def requeue(tx: Tx, request: GroupDeadRequeue) -> int:
    """Let records that died be delivered again, attempts at 0; how many there were."""
    limits.check_many("ids", len(request.ids))
    opened = open_the_group(tx, request.stream, request.group)
    requeued = sum([requeue_one(opened, number) for number in _numbers(opened, request.ids)])
    if requeued:
        opened.save()
        opened.touch()
    return requeued


def delete(tx: Tx, request: GroupDeadDelete) -> int:
    """Delete dead letters; how many there were."""
    limits.check_many("ids", len(request.ids))
    opened = open_the_group(tx, request.stream, request.group)
    deleted = sum([delete_one(opened, number) for number in _numbers(opened, request.ids)])
    if deleted:
        opened.save()
    return deleted


def delete_one(opened: OpenGroup, number: int) -> bool:
    """Delete one dead letter. The caller saves the group."""
    row = opened.tx.get(DEAD_RECORD, DEAD_RECORD.key(opened.group.id, number))
    if row is not None:
        remove_dead(opened, number, row)
    return row is not None


def requeue_one(opened: OpenGroup, number: int) -> bool:
    """Requeue one dead letter. The caller saves the group, and touches it."""
    tx = opened.tx
    row = tx.get(DEAD_RECORD, DEAD_RECORD.key(opened.group.id, number))
    if row is None or kept_record(opened, (row.ms, row.sequence)) is None:
        return False
    remove_dead(opened, number, row)
    key = opened.pending_key((row.ms, row.sequence))
    if tx.get(PENDING_RECORD, key) is None:  # else it is delivered again, after a seek
        tx.put(PENDING_RECORD, key, _fresh(tx, row))
        tx.put(RETURNED, RETURNED.key(opened.group.id, tx.now_ms, row.ms, row.sequence), 1)
        opened.state.pending += 1
        opened.state.returned += 1
    return True


def _fresh(tx: Tx, row: DeadRecordRow) -> PendingRecordRow:
    return PendingRecordRow(
        "",
        0,
        0,
        row.first_delivered_at_ms,
        row.last_delivered_at_ms,
        tx.now_ms,
        Standing.RELEASED,
        0,
        0,
        error=row.error,
    )


def _numbers(opened: OpenGroup, ids: list[StreamID]) -> list[int]:
    """The numbers of the letters of these records, each once."""
    wanted = dict.fromkeys(internal(id) for id in ids)
    group_id, tx = opened.group.id, opened.tx
    found = {id: tx.get(DEAD_ID, DEAD_ID.key(group_id, *id)) for id in wanted}
    if None in found.values() and opened.state.dead_found < opened.state.dead:
        for number, row in letters(tx, group_id, opened.state.dead_floor):
            id: Id = row.ms, row.sequence
            if id in found and found[id] is None:
                found[id] = number
    return [number for number in found.values() if number is not None]


def letters(view: View, group_id: int, first: int) -> Iterator[tuple[int, DeadRecordRow]]:
    """The dead letters from this number on, the first to die first."""
    start, end = DEAD_RECORD.key(group_id, first), DEAD_RECORD.range(group_id)[1]
    for key, row in view.scan(DEAD_RECORD, start, end):
        yield DEAD_RECORD.unpack(key)[1], row


def list_dead(view: View, request: GroupDead) -> DeadReply:
    """The dead letters, the first to die first."""
    _, group = the_group(view, request.stream, request.group)

    def shown(key: bytes, row: DeadRecordRow) -> StreamRecord:
        return _dead_record(request.stream, row)

    state = view.get(GROUP_STATE, GROUP_STATE.key(group.id))
    first = 0 if state is None else state.dead_floor
    span = DEAD_RECORD.key(group.id, first), DEAD_RECORD.range(group.id)[1]
    page = page_by_key(
        view,
        "dead",
        DEAD_RECORD,
        group.id,
        request,
        shown,
        span=span,
        size_of=_payload_bytes,
    )
    return DeadReply(*page)


def _payload_bytes(record: StreamRecord) -> int:
    return len(record.payload)


def _dead_record(stream: str, row: DeadRecordRow) -> StreamRecord:
    return StreamRecord(
        StreamID(row.ms, row.sequence),
        row.offset,
        row.partition,
        stream,
        row.payload,
        row.headers,
        row.partition_key,
        row.ms,
        attempt=row.attempt,
        reason=row.reason,
        error=row.error,
        traceparent=row.traceparent,
    )
