"""Reading a stream: from a position, an offset or the tail, of one partition or of all.

Reading a stream that does not exist is empty, and waits until there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, GapError
from floruntime.core.stream import ReadResult, StreamID, StreamRead, StreamRecord
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.tx import Topic, View
from floruntime.engine.stream.offsets import check_is_known, skipped
from floruntime.engine.stream.positions import choose_partition, parse_position, parse_start
from floruntime.engine.stream.retention import find_ordinal, first_offset_after, visible_floor
from floruntime.engine.stream.rows import (
    BEGINNING,
    FOREVER,
    OFFSET,
    PARTITION,
    Id,
    PartitionRow,
    RecordRow,
    StreamRow,
    StreamStateRow,
    as_record,
    before,
    external,
    find_stream,
    get_record,
    record_bytes,
    records_between,
    state_of,
)
from floruntime.engine.system import eras


class Span(NamedTuple):
    """What is asked for: ids with `low < id <= high`, of one partition or (`None`) of all."""

    low: Id
    high: Id
    partition: int | None


def read(view: View, request: StreamRead) -> ReadResult:
    """The first records of what is asked for, in id order."""
    _check_read(request)
    _check_history(view, request.after)
    stream = find_stream(view, request.stream)
    if stream is None:
        _check_positions(request)
        if request.offset is not None:
            check_is_known(view, (), 0, request.offset)
        return ReadResult([], external(BEGINNING))
    state = state_of(view, stream)
    span = _span_of(view, stream, state, request)
    if span is None:
        return ReadResult([])
    records = take(request.stream, _rows_in(view, stream, state, span), request.limit)
    return ReadResult(records, records[-1].id if records else external(span.low))


def _check_read(request: StreamRead) -> None:
    limits.check_limit(request.limit)
    limits.check_block(request.block_ms)
    starts = {
        "start": request.start is not None,
        "after": request.after is not None,
        "offset": request.offset is not None,
        "tail": request.tail,
    }
    given = [name for name, is_given in starts.items() if is_given]
    if len(given) > 1:
        raise BadRequestError(f"{' and '.join(given)} exclude each other; give one of them")
    limits.check_optional("offset", request.offset, 0, limits.UINT_MAX)
    limits.check_optional("partition", request.partition, 0, limits.PARTITIONS_MAX - 1)
    if request.partition_key is not None:
        limits.check_name("partition_key", request.partition_key)


def _check_history(view: View, after: str | None) -> None:
    """Refuse to go on behind a record of another history."""
    if after not in (None, "0", "$") and eras.is_lost_time(
        view, StreamID.parse(after).timestamp_ms
    ):
        raise GapError(f"the position {after} {eras.told(view)}; start again")


def _check_positions(request: StreamRead) -> None:
    for text in (request.start, request.after, request.end):
        if text is not None:
            parse_position(text, StreamStateRow())


def _span_of(
    view: View, stream: StreamRow, state: StreamStateRow, request: StreamRead
) -> Span | None:
    """The ids asked for; `None` where the offset asked for does not exist yet."""
    partition = choose_partition(stream, request.partition, request.partition_key)
    high = FOREVER if request.end is None else parse_position(request.end, state)
    if request.offset is not None:
        partition = partition or 0
        low = _low_of_offset(view, stream, state, partition, request.offset)
        return None if low is None else Span(low, high, partition)
    return Span(_low_of(state, request), high, partition)


def _low_of(state: StreamStateRow, request: StreamRead) -> Id:
    if request.tail:
        return state.last
    if request.after is not None:
        return parse_position(request.after, state)
    return BEGINNING if request.start is None else parse_start(request.start, state)


def _low_of_offset(
    view: View, stream: StreamRow, state: StreamStateRow, partition: int, offset: int
) -> Id | None:
    if stream.partitions == 1:
        next_offset = state.next_ordinal + skipped(state.gaps)
        check_is_known(view, state.gaps, next_offset, offset)
        found = find_ordinal(view, stream, state, offset - skipped(state.gaps, offset))
        return None if found is None else before(found[0])
    end = view.get(PARTITION, PARTITION.key(stream.id, partition)) or PartitionRow(0)
    check_is_known(view, end.gaps, end.next_offset, offset)
    if offset >= end.next_offset:
        return None
    start, stop = OFFSET.key(stream.id, partition, offset), OFFSET.range(stream.id, partition)[1]
    for _, (ms, sequence) in view.scan(OFFSET, start, stop):
        return before((ms, sequence))  # of that offset, or the first that is kept behind it
    return BEGINNING


def _rows_in(
    view: View, stream: StreamRow, state: StreamStateRow, span: Span
) -> Iterator[tuple[Id, RecordRow]]:
    low = max(span.low, visible_floor(stream, state, view.now_ms))
    if low >= span.high:
        return iter(())
    if span.partition is None or stream.partitions == 1:
        return records_between(view, stream.id, low, span.high)
    return _rows_of_partition(view, stream, span.partition, low, span.high)


def _rows_of_partition(
    view: View, stream: StreamRow, partition: int, low: Id, high: Id
) -> Iterator[tuple[Id, RecordRow]]:
    first = first_offset_after(view, stream, partition, low)
    start = OFFSET.key(stream.id, partition, first)
    for _, (ms, sequence) in view.scan(OFFSET, start, OFFSET.range(stream.id, partition)[1]):
        if (ms, sequence) > high:
            return
        row = get_record(view, stream.id, (ms, sequence))
        if row is not None:
            yield (ms, sequence), row


def take(name: str, rows: Iterator[tuple[Id, RecordRow]], limit: int) -> list[StreamRecord]:
    """The first `limit` records, fewer (but one) where they grow too large for one answer."""
    records: list[StreamRecord] = []
    bytes_left = limits.REPLY_BYTES_MAX
    for id, row in rows:
        if records and bytes_left < len(row.payload):
            break
        records.append(as_record(name, id, row))
        bytes_left -= record_bytes(row)
        if len(records) == limit or bytes_left <= 0:
            break
    return records


def _topics(namespace: str, request: StreamRead) -> tuple[Topic]:
    return ((namespace, "stream", request.stream),)


def _has_records(result: ReadResult) -> bool:
    return bool(result.records)


def _pin(view: View, request: StreamRead) -> StreamRead:
    """The request with `tail` and `$` replaced by the id they mean now."""
    stream = find_stream(view, request.stream)
    last = state_of(view, stream).last if stream is not None else BEGINNING
    if request.tail or "$" in (request.start, request.after):
        after = str(external(last))
    elif stream is None and request.after is not None:
        after = "0"  # whatever a stream made from now on holds is new
    else:
        return request
    return msgspec.structs.replace(request, tail=False, start=None, after=after)


def _gone(request: StreamRead) -> GapError | None:
    """Who goes on behind a record must hear that there is nothing any more that it is before."""
    if request.offset is None and request.after in (None, "0", "$"):
        return None
    place = f"offset {request.offset}" if request.after is None else f"record {request.after}"
    return GapError(
        f"stream {limits.shown(request.stream)} was deleted with its namespace while this waited "
        f"behind {place}; start again"
    )


READ_WAIT: Final = WaitRule(_topics, _has_records, begin=_pin, gone=_gone)
