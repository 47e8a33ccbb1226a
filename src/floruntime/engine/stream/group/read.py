"""Reading as a group: due redeliveries first, then parked records, then new ones.

`shared` gives each record to any member that asks. `exclusive` gives records only to the member
that joined first. `key_shared` gives a record to the member that has its slot of keys
(`key_shared.py`), and parks records of other members. Everything that one read delivers has one
lease number, one due time and one timer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from floruntime.core import limits
from floruntime.core.stream import GroupClaim, GroupRead, ReadResult, StreamID, StreamRecord
from floruntime.core.system import Delivery
from floruntime.engine.state.dispatch import RecallRule, WaitRule
from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.leases import extended
from floruntime.engine.state.tx import Topic, Tx
from floruntime.engine.stream.group.key_shared import slot_of, slots_of
from floruntime.engine.stream.group.live_members import swept_members
from floruntime.engine.stream.group.members import renew
from floruntime.engine.stream.group.redelivery import bury, drop, kept_record, let_go, unreturn
from floruntime.engine.stream.group.rows import (
    PARKED,
    PENDING_RECORD,
    PRIMITIVE,
    RETURNED,
    Mode,
    OpenGroup,
    PendingRecordRow,
    Standing,
    ensure_group,
    open_the_group,
)
from floruntime.engine.stream.retention import visible_floor
from floruntime.engine.stream.rows import (
    FOREVER,
    Id,
    RecordRow,
    as_record,
    external,
    find_stream,
    get_record,
    record_bytes,
    records_between,
    state_of,
)
from floruntime.engine.system import timers

DROPS_PER_READ_MAX: Final = 500
"""Records that the stream no longer keeps, and that one read drops; ticks drop the rest."""


class Handed(NamedTuple):
    """One record to hand out; `before` is its delivery so far, if it had any."""

    id: Id
    row: RecordRow
    before: PendingRecordRow | None


class Handout:
    """What one command hands out to one consumer; `close` writes it."""

    def __init__(
        self, opened: OpenGroup, consumer: str, limit: int, *, to_worker: bool = False
    ) -> None:
        self._opened = opened
        self._consumer = consumer
        self._to_worker = to_worker
        self._limit = limit
        self._bytes_left = limits.REPLY_BYTES_MAX
        self._items: list[Handed] = []
        self._is_closed_early = False

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken."""
        return len(self._items) >= self._limit or self._is_closed_early

    def takes(self, row: RecordRow) -> bool:
        """Whether this record fits; the first always does."""
        if len(self._items) >= self._limit:
            return False
        if self._items and len(row.payload) > self._bytes_left:
            self._is_closed_early = True
        return not self._is_closed_early

    def add(self, id: Id, row: RecordRow, before: PendingRecordRow | None = None) -> None:
        """Hand this record out."""
        self._items.append(Handed(id, row, before))
        self._bytes_left -= record_bytes(row)

    def items(self) -> list[Handed]:
        """What is to be handed out."""
        return self._items

    def records(self) -> list[StreamRecord]:
        """The records alone, for a reader who acks nothing."""
        return [as_record(self._opened.stream_name, id, row, 1) for id, row, _ in self._items]

    def close(self) -> list[StreamRecord]:
        """Write the deliveries and their timer; the records as the consumer gets them."""
        if not self._items:
            return []
        opened, tx = self._opened, self._opened.tx
        lease = tx.next_id()
        due_ms = extended(0, tx.now_ms, opened.group.ack_timeout_ms)
        records = [self._deliver(item, lease, due_ms) for item in self._items]
        ids = [item.id for item in self._items]
        timers.set_timer(tx, due_ms, timers.GROUP_LEASE, opened.group.id, lease, data=ids)
        tx.delivery = Delivery(PRIMITIVE, opened.group.id, [[*id, lease] for id in ids])
        return records

    def _deliver(self, item: Handed, lease: int, due_ms: int) -> StreamRecord:
        opened, tx, before = self._opened, self._opened.tx, item.before
        attempt, first_ms, error, slot, epoch = 1, tx.now_ms, None, 0, 0
        if before is not None:
            attempt, error = before.attempt + 1, before.error
            first_ms = before.first_delivered_at_ms
        else:
            opened.state.pending += 1
        if opened.group.mode == Mode.KEY_SHARED:
            slot = slot_of(item.id, item.row)
            epoch = slots_of(opened).hold(slot)
        pending = PendingRecordRow(
            self._consumer,
            lease,
            attempt,
            first_ms,
            tx.now_ms,
            due_ms,
            Standing.HELD,
            lease,
            len(self._items),
            slot,
            epoch,
            error,
            self._to_worker,
        )
        tx.put(PENDING_RECORD, opened.pending_key(item.id), pending)
        return as_record(opened.stream_name, item.id, item.row, attempt, lease)


def read(tx: Tx, request: GroupRead) -> ReadResult:
    """Hand out what there is for this consumer; makes the group and joins it where needed."""
    limits.check_limit(request.limit)
    limits.check_block(request.block_ms)
    limits.check_name("consumer", request.consumer)
    opened = ensure_group(tx, request.stream, request.group)
    renew(opened, request.consumer)
    to_worker = request.by_worker
    handout = Handout(opened, request.consumer, request.limit, to_worker=to_worker)
    if _may_read(opened, request.consumer):
        _take_returned(opened, handout, request.consumer)
        if opened.state.parked and not handout.is_full:
            _take_parked(opened, handout, request.consumer)
        if not handout.is_full:
            _take_new(opened, handout, request.consumer)
    records = _let_pass(opened, handout) if request.no_ack else handout.close()
    opened.save()
    return _result(opened, records, is_leased=not request.no_ack)


def _result(opened: OpenGroup, records: list[StreamRecord], *, is_leased: bool) -> ReadResult:
    last = records[-1].id if records else external(opened.state.cursor)
    lease_ms = opened.group.ack_timeout_ms if records and is_leased else 0
    return ReadResult(records, last, lease_ms)


def _may_read(opened: OpenGroup, consumer: str) -> bool:
    if opened.group.mode != Mode.EXCLUSIVE:
        return True
    return swept_members(opened.tx, opened.group)[0] == consumer


def _has_slot(opened: OpenGroup, consumer: str, id: Id, row: RecordRow) -> bool:
    if opened.group.mode != Mode.KEY_SHARED:
        return True
    return slots_of(opened).is_of(slot_of(id, row), consumer)


def _take_returned(opened: OpenGroup, handout: Handout, consumer: str) -> None:
    """What lost its holder and is due, the first due first."""
    drops_left = DROPS_PER_READ_MAX
    for id, pending in _due_returned(opened) if opened.state.returned else ():
        row = kept_record(opened, id)
        if row is None:
            drop(opened, id, pending)
            drops_left -= 1
            if not drops_left:
                return
        elif _has_slot(opened, consumer, id, row):
            if not handout.takes(row):
                return
            unreturn(opened, id, pending)
            handout.add(id, row, pending)


def _floor(opened: OpenGroup) -> Id:
    """The last id that nobody is handed any more."""
    state = state_of(opened.tx, opened.stream)
    return visible_floor(opened.stream, state, opened.tx.now_ms)


def _due_returned(opened: OpenGroup) -> Iterator[tuple[Id, PendingRecordRow]]:
    """Returned records that are due. Remembers where the first is: before it lie only tombstones.

    A later return is never due before what is already due, so the place only moves on.
    """
    tx, group_id = opened.tx, opened.group.id
    hint = ("returned", group_id)
    start = RETURNED.key(group_id, tx.hints.get(hint, 0), 0, 0)
    first_due_ms: int | None = None
    for key, _ in tx.scan(RETURNED, start, RETURNED.key(group_id, tx.now_ms + 1, 0, 0)):
        _, due_ms, ms, sequence = RETURNED.unpack(key)
        if first_due_ms is None:
            first_due_ms = tx.hints[hint] = due_ms
        pending = tx.get(PENDING_RECORD, opened.pending_key((ms, sequence)))
        if pending is not None:
            yield (ms, sequence), pending


def _take_parked(opened: OpenGroup, handout: Handout, consumer: str) -> None:
    """What others passed over for this consumer, each slot in id order."""
    book, tx = slots_of(opened), opened.tx
    drops_left = DROPS_PER_READ_MAX
    for slot in book.parked_of(consumer):
        for key, _ in tx.scan(PARKED, *PARKED.range(opened.group.id, slot)):
            _, _, ms, sequence = PARKED.unpack(key)
            row = kept_record(opened, (ms, sequence))
            if not drops_left or (row is not None and not handout.takes(row)):
                return
            book.unpark(slot, (ms, sequence))
            if row is None:
                drops_left -= 1
            else:
                handout.add((ms, sequence), row)


def _take_new(opened: OpenGroup, handout: Handout, consumer: str) -> None:
    """What nobody has been given, from the cursor on."""
    tx, stream, state = opened.tx, opened.stream, opened.state
    stream_state = state_of(tx, stream)
    low = max(state.cursor, visible_floor(stream, stream_state, tx.now_ms))
    if low >= stream_state.last:
        return
    by_key = opened.group.mode == Mode.KEY_SHARED
    for id, row in records_between(tx, stream.id, low, FOREVER):
        if by_key and not _is_mine_to_take(opened, consumer, id, row):
            if not slots_of(opened).park(slot_of(id, row), id):
                return
        else:
            if not handout.takes(row):
                return
            handout.add(id, row)
            state.has_delivered = True
        state.cursor_ms, state.cursor_sequence = id
        state.cursor_ordinal = row.ordinal + 1
        if handout.is_full:
            return


def _is_mine_to_take(opened: OpenGroup, consumer: str, id: Id, row: RecordRow) -> bool:
    """Whether the consumer has the record's slot, with nothing earlier of it still parked."""
    book, slot = slots_of(opened), slot_of(id, row)
    return book.is_of(slot, consumer) and not book.has_parked(slot)


def _let_pass(opened: OpenGroup, handout: Handout) -> list[StreamRecord]:
    """Hand out at most once: the records are done with as they leave."""
    for item in handout.items():
        if item.before is not None:
            opened.tx.delete(PENDING_RECORD, opened.pending_key(item.id))
            opened.state.pending -= 1
    return handout.records()


def claim(tx: Tx, request: GroupClaim) -> ReadResult:
    """Take over what has been pending for `min_idle_ms`; what was delivered too often dies."""
    limits.check_limit(request.limit)
    limits.check_duration("min_idle_ms", request.min_idle_ms)
    limits.check_name("consumer", request.consumer)
    opened = open_the_group(tx, request.stream, request.group)
    renew(opened, request.consumer)
    handout = Handout(opened, request.consumer, request.limit)
    if _may_read(opened, request.consumer):
        _take_idle(opened, handout, request)
    records = handout.close()
    opened.save()
    return _result(opened, records, is_leased=True)


def _take_idle(opened: OpenGroup, handout: Handout, request: GroupClaim) -> None:
    for id, pending in _idle(opened, request.min_idle_ms):
        if handout.is_full:
            return
        row = kept_record(opened, id)
        assert row is not None, "what lies above the floor is kept"
        if _has_slot(opened, request.consumer, id, row):
            if pending.attempt >= opened.group.max_deliver:
                bury(opened, id, pending)
            elif handout.takes(row):
                _take_over(opened, id, pending)
                handout.add(id, row, pending)


def _idle(opened: OpenGroup, min_idle_ms: int) -> Iterator[tuple[Id, PendingRecordRow]]:
    """Pending records whose last delivery is that long ago; a nack's delay is respected."""
    tx = opened.tx
    start = next_key(PENDING_RECORD.key(opened.group.id, *_floor(opened)))
    for key, pending in tx.scan(PENDING_RECORD, start, PENDING_RECORD.range(opened.group.id)[1]):
        is_delayed = pending.standing != Standing.HELD and pending.due_ms > tx.now_ms
        if tx.now_ms - pending.delivered_at_ms >= min_idle_ms and not is_delayed:
            _, ms, sequence = PENDING_RECORD.unpack(key)
            yield (ms, sequence), pending


def _take_over(opened: OpenGroup, id: Id, pending: PendingRecordRow) -> None:
    if pending.standing == Standing.HELD:
        let_go(opened, pending)
    else:
        unreturn(opened, id, pending)


def _topics(namespace: str, request: GroupRead) -> tuple[Topic]:
    return ((namespace, "stream", request.stream),)


def _has_records(result: ReadResult) -> bool:
    return bool(result.records)


def _memo(result: ReadResult) -> list[Any]:
    assert result.next_after is not None
    return [
        [[r.id.timestamp_ms, r.id.sequence, r.attempt, r.lease] for r in result.records],
        [result.next_after.timestamp_ms, result.next_after.sequence],
        result.lease_ms,
    ]


def _recall(tx: Tx, request: GroupRead | GroupClaim, memo: list[Any]) -> ReadResult:
    """The first answer again; records that the stream no longer keeps are missing from it."""
    stream = find_stream(tx, request.stream)
    records = []
    for ms, sequence, attempt, lease in memo[0] if stream is not None else ():
        assert stream is not None
        row = get_record(tx, stream.id, (ms, sequence))
        if row is not None:
            records.append(as_record(request.stream, (ms, sequence), row, attempt, lease))
    lease_ms = memo[2] if len(memo) > 2 else 0  # earlier versions kept none
    return ReadResult(records, StreamID(*memo[1]), lease_ms)


READ_WAIT: Final = WaitRule(_topics, _has_records, keeps_alive=True)
READ_RECALL: Final = RecallRule(_memo, _recall)
