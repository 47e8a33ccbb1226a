"""What a stream keeps: limits of age, count and size, and trimming by hand.

Everything up to the `floor` is deleted. An append that goes over a limit removes as many of the
oldest records as needed, so no reader ever sees more than the limits. Age is checked on reading; a
timer only frees the space, at most once a second. A larger cut finds its place through the marks
and deletes whole ranges, so it costs about the same for ten thousand records as for ten million.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.stream import StreamTrim, TrimResult
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.offsets import stretches
from floruntime.engine.stream.positions import parse_position
from floruntime.engine.stream.rows import (
    FOREVER,
    MARK,
    MARK_EVERY,
    OFFSET,
    PARTITION,
    RECORD,
    STREAM,
    U64_MAX,
    Id,
    RecordRow,
    StreamRow,
    StreamStateRow,
    before,
    check_not_engines,
    put_state,
    record_bytes,
    records_between,
    state_of,
    the_stream,
)
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import ensure_namespace

SWEEP_EVERY_MS = 1000
ROW_BY_ROW_MAX = 128


class Cut(NamedTuple):
    """Where a stream would begin: everything up to `floor` gone, and what was before that, ever."""

    ordinal: int
    bytes_before: int
    floor: Id


def aged_floor(stream: StreamRow, now_ms: int) -> Id:
    """The largest id that is too old at `now_ms`."""
    if stream.max_age_ms is None or stream.max_age_ms > now_ms:
        return 0, 0
    return now_ms - stream.max_age_ms, U64_MAX


def visible_floor(stream: StreamRow, state: StreamStateRow, now_ms: int) -> Id:
    """The largest id that a reader must not see."""
    if stream.max_age_ms is None:
        return state.floor_ms, state.floor_sequence
    return max(state.floor, aged_floor(stream, now_ms))


def cut_after(view: View, stream: StreamRow, state: StreamStateRow, id: Id) -> Cut:
    """The cut that takes everything up to `id`."""
    if id >= state.last:
        return Cut(state.next_ordinal, state.total_bytes, state.last)
    if id <= state.floor:
        return Cut(state.first_ordinal, state.first_bytes, state.floor)
    for _, row in records_between(view, stream.id, id):
        return Cut(row.ordinal, row.bytes_before, id)
    return Cut(state.next_ordinal, state.total_bytes, state.last)


def visible_cut(view: View, stream: StreamRow, state: StreamStateRow) -> Cut:
    """Where the stream begins for a reader now."""
    return cut_after(view, stream, state, visible_floor(stream, state, view.now_ms))


def find_ordinal(
    view: View, stream: StreamRow, state: StreamStateRow, ordinal: int
) -> tuple[Id, RecordRow] | None:
    """The first kept record whose ordinal is `ordinal` or more."""
    for id, row in records_between(view, stream.id, _mark_before(view, stream, state, ordinal)):
        if row.ordinal >= ordinal:
            return id, row
    return None


def _mark_before(view: View, stream: StreamRow, state: StreamStateRow, ordinal: int) -> Id:
    if ordinal - state.first_ordinal > MARK_EVERY:
        mark = view.get(MARK, MARK.key(stream.id, ordinal // MARK_EVERY * MARK_EVERY))
        if mark is not None:
            return max(before((mark.ms, mark.sequence)), state.floor)
    return state.floor


def _cut_to_count(view: View, stream: StreamRow, state: StreamStateRow, keep: int) -> Cut:
    last_gone = state.next_ordinal - keep - 1
    if last_gone < state.first_ordinal:
        return Cut(state.first_ordinal, state.first_bytes, state.floor)
    found = find_ordinal(view, stream, state, last_gone)
    assert found is not None, "a record below the last ordinal is kept"
    return _cut_through(*found)


def _cut_through(id: Id, row: RecordRow) -> Cut:
    return Cut(row.ordinal + 1, row.bytes_before + record_bytes(row), id)


def _cut_to_bytes(view: View, stream: StreamRow, state: StreamStateRow, keep: int) -> Cut:
    cut = Cut(state.first_ordinal, state.first_bytes, state.floor)
    bytes_gone = state.total_bytes - keep
    if bytes_gone <= state.first_bytes:
        return cut
    low = _last_mark_within(view, stream, state, bytes_gone)
    for id, row in records_between(view, stream.id, low):
        if row.bytes_before >= bytes_gone:
            break
        cut = _cut_through(id, row)
    return cut


def _last_mark_within(view: View, stream: StreamRow, state: StreamStateRow, bytes_gone: int) -> Id:
    """A position before the record that crosses `bytes_gone`, at most a few marks before it."""
    found = state.floor
    low, high = state.first_ordinal // MARK_EVERY + 1, state.next_ordinal // MARK_EVERY
    while low <= high:
        middle = (low + high) // 2
        mark = view.get(MARK, MARK.key(stream.id, middle * MARK_EVERY))
        if mark is not None and mark.bytes_before < bytes_gone:
            found, low = before((mark.ms, mark.sequence)), middle + 1
        else:
            high = middle - 1
    return max(found, state.floor)


def limits_cut(view: View, stream: StreamRow, state: StreamStateRow) -> Cut:
    """Where the stream must begin by its own limits."""
    cut = visible_cut(view, stream, state)
    if stream.max_records is not None:
        cut = max(cut, _cut_to_count(view, stream, state, stream.max_records))
    if stream.max_bytes is not None:
        cut = max(cut, _cut_to_bytes(view, stream, state, stream.max_bytes))
    return cut


def apply_cut(tx: Tx, stream: StreamRow, state: StreamStateRow, cut: Cut) -> None:
    """Take away everything before `cut`, in the store and in `state` (which the caller writes)."""
    assert state.first_ordinal <= cut.ordinal <= state.next_ordinal, "a cut is among what is kept"
    if cut.ordinal > state.first_ordinal:
        if cut.ordinal - state.first_ordinal <= ROW_BY_ROW_MAX:
            for id, row in list(records_between(tx, stream.id, state.floor, cut.floor)):
                _delete_record(tx, stream, id, row)
        else:
            _clear_before(tx, stream, cut)
    state.first_ordinal, state.first_bytes = cut.ordinal, cut.bytes_before
    state.floor_ms, state.floor_sequence = cut.floor


def _delete_record(tx: Tx, stream: StreamRow, id: Id, row: RecordRow) -> None:
    tx.delete(RECORD, RECORD.key(stream.id, *id))
    if row.ordinal % MARK_EVERY == 0:
        tx.delete(MARK, MARK.key(stream.id, row.ordinal))
    if stream.partitions > 1:
        tx.delete(OFFSET, OFFSET.key(stream.id, row.partition, row.offset))


def _clear_before(tx: Tx, stream: StreamRow, cut: Cut) -> None:
    if stream.partitions > 1:
        for partition in range(stream.partitions):
            first = first_offset_after(tx, stream, partition, cut.floor)
            first_kept = OFFSET.key(stream.id, partition, first)
            tx.clear(OFFSET, OFFSET.key(stream.id, partition, 0), first_kept)
    tx.clear(RECORD, RECORD.key(stream.id, 0, 0), RECORD.key(stream.id, *cut.floor) + b"\x00")
    tx.clear(MARK, MARK.key(stream.id, 0), MARK.key(stream.id, cut.ordinal))


def first_offset_after(view: View, stream: StreamRow, partition: int, id: Id) -> int:
    """The first offset of a partition (of several) whose record comes after `id`."""
    end = view.get(PARTITION, PARTITION.key(stream.id, partition))
    if end is None:
        return 0
    for low, high in stretches(end.gaps, end.next_offset):
        first = _first_within(view, stream, partition, id, low, high)
        if first < high:
            return first
    return end.next_offset


def _first_within(
    view: View, stream: StreamRow, partition: int, id: Id, low: int, high: int
) -> int:
    """The same among offsets without a gap; `high` where there is none."""
    while low < high:
        middle = (low + high) // 2
        at = view.get(OFFSET, OFFSET.key(stream.id, partition, middle))
        if at is None or tuple(at) <= id:
            low = middle + 1
        else:
            high = middle
    return low


def evict(tx: Tx, stream: StreamRow, state: StreamStateRow) -> None:
    """Take the oldest away until the count and size limits hold; what an append needs."""
    records_max = stream.max_records if stream.max_records is not None else limits.UINT_MAX
    bytes_max = stream.max_bytes if stream.max_bytes is not None else limits.UINT_MAX
    if not _is_over(state, records_max, bytes_max):
        return
    for id, row in records_between(tx, stream.id, state.floor, FOREVER):
        _delete_record(tx, stream, id, row)
        cut = _cut_through(id, row)
        state.first_ordinal, state.first_bytes = cut.ordinal, cut.bytes_before
        state.floor_ms, state.floor_sequence = id
        if not _is_over(state, records_max, bytes_max):
            return


def _is_over(state: StreamStateRow, records_max: int, bytes_max: int) -> bool:
    return (
        state.next_ordinal - state.first_ordinal > records_max
        or state.total_bytes - state.first_bytes > bytes_max
    )


# Age


def arm_retention(
    tx: Tx, stream: StreamRow, state: StreamStateRow, namespace_id: int, name: str
) -> None:
    """Set the timer that gives the space of aged records back, if one is needed and none is set."""
    if stream.max_age_ms is None or state.retention_due_ms:
        return
    for (ms, _), _ in records_between(tx, stream.id, state.floor):
        due_ms = max(ms + stream.max_age_ms, tx.now_ms + SWEEP_EVERY_MS)
        timers.set_timer(tx, due_ms, timers.STREAM_RETENTION, stream.id, data=(namespace_id, name))
        state.retention_due_ms = due_ms
        return


def disarm_retention(tx: Tx, stream: StreamRow, state: StreamStateRow) -> None:
    """Take that timer back."""
    if state.retention_due_ms:
        timers.cancel_timer(tx, state.retention_due_ms, timers.STREAM_RETENTION, stream.id)
        state.retention_due_ms = 0


def sweep(tx: Tx, due_ms: int, stream_id: int, item: int, data: Any) -> None:
    """Give back the space of what is too old, and look again when the next record will be."""
    namespace_id, name = data
    stream = tx.get(STREAM, STREAM.key(namespace_id, tail=name.encode()))
    if stream is None or stream.id != stream_id:
        return
    state = state_of(tx, stream).copy()
    if state.retention_due_ms == due_ms:
        apply_cut(tx, stream, state, visible_cut(tx, stream, state))
        tell_groups(tx, stream, state, namespace_id, name)
        state.retention_due_ms = 0
        arm_retention(tx, stream, state, namespace_id, name)
        put_state(tx, stream, state)


# What is gone leaves the groups


def tell_groups(
    tx: Tx,
    stream: StreamRow,
    state: StreamStateRow,
    namespace_id: int,
    name: str,
    *,
    delay_ms: int = 0,
    after: str = "",
) -> None:
    """Let the stream's groups drop what is gone, from the group `after` on; see
    `group/trimmed.py`.
    """
    if not state.groups_due_ms:
        due_ms = state.groups_due_ms = tx.now_ms + delay_ms
        data = (namespace_id, name, after)
        timers.set_timer(tx, due_ms, timers.GROUP_TRIMMED, stream.id, data=data)


# Trimming by hand


def trim(tx: Tx, request: StreamTrim) -> TrimResult:
    """Take away what any of the criteria names."""
    _check_trim(request)
    stream = the_stream(tx, request.stream)
    check_not_engines(request.stream, stream)
    state = state_of(tx, stream)
    begins = visible_cut(tx, stream, state)
    cut = max([begins, *_asked_cuts(tx, stream, state, request)])
    if not request.dry_run and cut.floor > state.floor:
        state = state.copy()
        apply_cut(tx, stream, state, cut)
        tell_groups(tx, stream, state, ensure_namespace(tx).id, request.stream)
        put_state(tx, stream, state)
    return TrimResult(cut.ordinal - begins.ordinal)


def _check_trim(request: StreamTrim) -> None:
    criteria = (request.max_records, request.before, request.max_age_ms, request.max_bytes)
    if all(criterion is None for criterion in criteria):
        raise BadRequestError(
            "trim needs at least one of max_records, before, max_age_ms and max_bytes"
        )
    limits.check_optional("max_records", request.max_records, 0, limits.UINT_MAX)
    limits.check_optional("max_bytes", request.max_bytes, 0, limits.UINT_MAX)
    limits.check_optional("max_age_ms", request.max_age_ms, 0, limits.DURATION_MS_MAX)


def _asked_cuts(tx: Tx, stream: StreamRow, state: StreamStateRow, request: StreamTrim) -> list[Cut]:
    cuts = []
    if request.max_records is not None:
        cuts.append(_cut_to_count(tx, stream, state, request.max_records))
    if request.max_bytes is not None:
        cuts.append(_cut_to_bytes(tx, stream, state, request.max_bytes))
    if request.max_age_ms is not None and request.max_age_ms <= tx.now_ms:
        cuts.append(cut_after(tx, stream, state, (tx.now_ms - request.max_age_ms, U64_MAX)))
    if request.before is not None:
        position = parse_position(request.before, state)
        floor = state.last if request.before == "$" else before(position)
        cuts.append(cut_after(tx, stream, state, floor))
    return cuts
