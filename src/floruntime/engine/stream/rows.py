"""The rows of streams, and how a stream, its state and its records are found.

A record's key is its id, so reading a whole stream is one scan, however many partitions it has.
Each record also has its `ordinal` (how many records came before it, ever) and `bytes_before`. So
count and size between any two ids are differences, each found with one seek. Sparse marks lead from
an ordinal to an id. A stream with several partitions has one more row per record, which leads from
partition and offset to the id. With one partition, the offset is the ordinal, except for gaps, and
needs no row.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from floruntime.core import limits
from floruntime.core.errors import ForbiddenError, NotFoundError
from floruntime.core.stream import StreamID, StreamRecord
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table, next_key
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system.namespaces import ensure_namespace, namespace_id

Id = tuple[int, int]
"""A record id inside the engine: milliseconds and sequence. `(0, 0)` is before every record."""

Gap = tuple[int, int]
"""Offsets that were never given (`offsets.py`): the first, and the first that was given again."""
Gaps = tuple[Gap, ...]

BEGINNING: Final[Id] = (0, 0)
U64_MAX: Final = 2**64 - 1
FOREVER: Final[Id] = (U64_MAX, U64_MAX)
MARK_EVERY: Final = 128


class StreamRow(Value, frozen=True):
    """What a stream was told to be. `None`: no such limit. `is_engines`: nobody else writes it."""

    id: int
    partitions: int
    max_age_ms: int | None
    max_records: int | None
    max_bytes: int | None
    is_engines: bool = False


class StreamStateRow(msgspec.Struct, array_like=True):
    """How a stream stands. Copied before it is changed.

    `floor`: the last id that retention or a trim took away; nothing at or below it is kept.
    `turn`: the partition of the next record without partition or key. `groups_due_ms`: when groups
    are to drop what is gone; 0 if they have. `gaps`: of the offsets, where there is one partition.
    """

    last_ms: int = 0
    last_sequence: int = 0
    next_ordinal: int = 0
    total_bytes: int = 0
    first_ordinal: int = 0
    first_bytes: int = 0
    floor_ms: int = 0
    floor_sequence: int = 0
    turn: int = 0
    retention_due_ms: int = 0
    groups_due_ms: int = 0
    gaps: Gaps = ()

    @property
    def last(self) -> Id:
        """The last id given, `BEGINNING` where there was none."""
        return self.last_ms, self.last_sequence

    @property
    def floor(self) -> Id:
        """The last id taken away."""
        return self.floor_ms, self.floor_sequence

    def copy(self) -> StreamStateRow:
        """A state to change."""
        return self.__copy__()  # type: ignore[no-any-return,attr-defined]  # msgspec's own


class RecordRow(Value, frozen=True):
    partition: int
    offset: int
    ordinal: int
    bytes_before: int
    payload: bytes
    headers: dict[str, str]
    partition_key: str | None
    traceparent: str | None = None


class MarkRow(Value, frozen=True):
    """The id of the record at a multiple of `MARK_EVERY`, and the bytes before it."""

    ms: int
    sequence: int
    bytes_before: int


class PartitionRow(Value, frozen=True):
    next_offset: int
    gaps: Gaps = ()


STREAM: Final[Table[StreamRow]] = Table(
    b"st", StreamRow, tail="name", cached=True, namespace_id="u64"
)
STREAM_STATE: Final[Table[StreamStateRow]] = Table(
    b"ss", StreamStateRow, cached=True, stream_id="u64"
)
RECORD: Final[Table[RecordRow]] = Table(b"sr", RecordRow, stream_id="u64", ms="u64", sequence="u64")
MARK: Final[Table[MarkRow]] = Table(b"sm", MarkRow, stream_id="u64", ordinal="u64")
PARTITION: Final[Table[PartitionRow]] = Table(
    b"sp", PartitionRow, cached=True, stream_id="u64", partition="u16"
)
OFFSET: Final[Table[Id]] = Table(
    b"so", tuple[int, int], stream_id="u64", partition="u16", offset="u64"
)


def holds_streams(view: View, namespace_id: int) -> bool:
    streams = view.scan(STREAM, *STREAM.range(namespace_id))
    return any(not stream.is_engines for _, stream in streams)


def find_stream(view: View, name: str) -> StreamRow | None:
    """The stream of that name, if it exists."""
    tail = limits.check_name("stream", name)
    return view.get(STREAM, STREAM.key(namespace_id(view), tail=tail))


def the_stream(view: View, name: str) -> StreamRow:
    """The stream of that name. Raises `NotFoundError`."""
    stream = find_stream(view, name)
    if stream is None:
        raise NotFoundError(f"stream {limits.shown(name)} does not exist")
    return stream


def ensure_stream(tx: Tx, name: str) -> StreamRow:
    """The stream of that name; made with one partition and no limits if it does not exist."""
    key = STREAM.key(ensure_namespace(tx).id, tail=limits.check_name("stream", name))
    stream = tx.get(STREAM, key)
    if stream is None:
        check_not_engines(name, None)
        stream = StreamRow(tx.next_id(), 1, None, None, None)
        tx.put(STREAM, key, stream)
    elif stream.is_engines:
        check_not_engines(name, stream)
    return stream


def check_not_engines(name: str, stream: StreamRow | None) -> None:
    """Refuse to make or change what the engine alone writes; one that a person has made before that
    name was the engine's stays theirs.
    """
    if name == limits.AUDIT_STREAM and (stream is None or stream.is_engines):
        raise ForbiddenError(f"stream {name!r} is the engine's own; it can be read, not written")


def state_of(view: View, stream: StreamRow) -> StreamStateRow:
    """How the stream stands. Shared: copy it to change it."""
    return view.get(STREAM_STATE, STREAM_STATE.key(stream.id)) or StreamStateRow()


def put_state(tx: Tx, stream: StreamRow, state: StreamStateRow) -> None:
    """Write how the stream stands."""
    tx.put(STREAM_STATE, STREAM_STATE.key(stream.id), state)


def before(id: Id) -> Id:
    """The id just before `id`."""
    ms, sequence = id
    if sequence:
        return ms, sequence - 1
    return (ms - 1, U64_MAX) if ms else BEGINNING


def external(id: Id) -> StreamID:
    """The id as callers see it."""
    return StreamID(*id)


def external_or_none(id: Id) -> StreamID | None:
    """The id as callers see it, `None` for the beginning."""
    return None if id == BEGINNING else StreamID(*id)


def internal(id: StreamID) -> Id:
    """A caller's id. Raises nothing: an id beyond the range is simply not there."""
    return min(max(id.timestamp_ms, 0), U64_MAX), min(max(id.sequence, 0), U64_MAX)


def records_between(
    view: View, stream_id: int, low: Id, high: Id = FOREVER
) -> Iterator[tuple[Id, RecordRow]]:
    """Records with `low < id <= high`, in id order."""
    start = next_key(RECORD.key(stream_id, *low))
    end = next_key(RECORD.key(stream_id, *high))
    for key, row in view.scan(RECORD, start, end):
        _, ms, sequence = RECORD.unpack(key)
        yield (ms, sequence), row


def get_record(view: View, stream_id: int, id: Id) -> RecordRow | None:
    """The record of that id, if it is kept."""
    return view.get(RECORD, RECORD.key(stream_id, *id))


def record_bytes(row: RecordRow) -> int:
    """What a record counts for in `size_bytes`: its payload, headers and partition key."""
    size = len(row.payload)
    if row.headers:
        size += sum(len(name.encode()) + len(value.encode()) for name, value in row.headers.items())
    if row.partition_key is not None:
        size += len(row.partition_key.encode())
    return size


def as_record(
    stream: str, id: Id, row: RecordRow, attempt: int = 0, lease: int = 0
) -> StreamRecord:
    """A stored record as callers see it."""
    return StreamRecord(
        StreamID(*id),
        row.offset,
        row.partition,
        stream,
        row.payload,
        row.headers,
        row.partition_key,
        id[0],
        attempt,
        lease,
        traceparent=row.traceparent,
    )


def partition_of_key(key: str, partitions: int) -> int:
    """The partition of a key: CRC-32 of its UTF-8, modulo the number of partitions."""
    return zlib.crc32(limits.check_name("partition_key", key)) % partitions
