"""Streams and consumer groups: the requests, and the answers."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from floruntime.core import defaults
from floruntime.core.errors import BadRequestError
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.types import Command, PayloadValue, Query, Value

_ID_BYTES = 16


class StreamID(msgspec.Struct, array_like=True, frozen=True, order=True, gc=False):
    """The position of a record in its stream. Ids sort in append order; `parse` undoes `str()`."""

    timestamp_ms: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.timestamp_ms}-{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> StreamID:
        """Return the id written as `text`, such as `1703350800000-0`. Raises `BadRequestError`."""
        left, dash, right = text.partition("-")
        digits = dash and left.isascii() and left.isdigit() and right.isascii() and right.isdigit()
        if not digits or max(int(left[:21]), int(right[:21])) >= 2**64 or len(text) > 41:
            raise BadRequestError(
                f"stream id {text[:60]!r} must look like '1703350800000-0' "
                "(milliseconds, a dash, a sequence number)"
            )
        return cls(int(left), int(right))

    def to_bytes(self) -> bytes:
        """Return 16 bytes that sort as ids do: both 64-bit numbers, the highest byte first."""
        return self.timestamp_ms.to_bytes(8) + self.sequence.to_bytes(8)

    @classmethod
    def from_bytes(cls, data: bytes) -> StreamID:
        """Return the id that `to_bytes` wrote. Raises `BadRequestError`."""
        if len(data) != _ID_BYTES:
            raise BadRequestError(f"a stream id has {_ID_BYTES} bytes, not {len(data)}")
        return cls(int.from_bytes(data[:8]), int.from_bytes(data[8:]))

    @classmethod
    def from_sequence(cls, sequence: int) -> StreamID:
        """Return the id with time 0 and this sequence number."""
        return cls(0, sequence)

    @classmethod
    def from_timestamp(cls, timestamp_ms: int) -> StreamID:
        """Return the first id of a moment, given in epoch milliseconds."""
        return cls(timestamp_ms, 0)


class AppendResult(Value, frozen=True):
    """The place of a new record: its id, its offset in its partition, and its time."""

    id: StreamID
    offset: int
    partition: int
    timestamp_ms: int

    @property
    def sequence(self) -> int:
        """Another name for `offset`."""
        return self.offset


class StreamRecord(PayloadValue, frozen=True):
    """One record. `attempt` and `lease` are 0 if it was read without a group.

    `reason` and `error` (the text of its last nack) are set for dead letters only. `traceparent`:
    the trace in which it was appended (`core/trace.py`).
    """

    id: StreamID
    offset: int
    partition: int
    stream: str
    payload: bytes
    headers: dict[str, str]
    partition_key: str | None
    timestamp_ms: int
    attempt: int = 0
    lease: int = 0
    reason: str | None = None
    error: str | None = None
    traceparent: str | None = None

    @property
    def sequence(self) -> int:
        """Another name for `offset`."""
        return self.offset

    @property
    def timestamp(self) -> int:
        """Another name for `timestamp_ms`."""
        return self.timestamp_ms

    @property
    def tier(self) -> int:
        """Always 0: there is one kind of storage."""
        return 0


class ReadResult(Value, frozen=True):
    """Records in id order. `next_after` is the id after which a follower continues.

    `lease_ms`: how long the leases of a group's records last; 0 without leases.
    """

    records: list[StreamRecord]
    next_after: StreamID | None = None
    lease_ms: int = 0

    def __iter__(self) -> Iterator[StreamRecord]:
        return iter(self.records)


class StreamInfo(Value, frozen=True):
    """A stream's size and retention. `first_id`, `last_id`: `None` before its first record."""

    name: str
    partitions: int
    count: int
    size_bytes: int
    first_id: StreamID | None
    last_id: StreamID | None
    max_age_ms: int | None
    max_records: int | None
    max_bytes: int | None

    @property
    def bytes_size(self) -> int:
        """Another name for `size_bytes`."""
        return self.size_bytes


class StreamListReply(Value, frozen=True):
    items: list[StreamInfo]
    cursor: str | None


class TrimResult(Value, frozen=True):
    """`removed`: how many records were removed (with `dry_run`: would be removed)."""

    removed: int


class GroupInfo(Value, frozen=True):
    """A consumer group. `lag`: records that it has not been given yet.

    `trigger_of`: the workflow whose trigger reads through this group, or empty. Such a group
    belongs to the engine and can only be looked at.
    """

    name: str
    mode: str
    consumers: list[str]
    pending: int
    lag: int
    last_delivered_id: StreamID | None
    ack_timeout_ms: int = defaults.ACK_TIMEOUT_MS
    max_deliver: int = defaults.MAX_DELIVER
    consumer_timeout_ms: int = defaults.CONSUMER_TIMEOUT_MS
    dead: int = 0
    retry_delay_ms: int = 0
    retry_backoff: str = defaults.RETRY_BACKOFF
    retry_delay_max_ms: int = defaults.RETRY_DELAY_MAX_MS
    trigger_of: str = ""


class GroupListReply(Value, frozen=True):
    items: list[GroupInfo]
    cursor: str | None


class GroupAckResult(Value, frozen=True):
    """Like `AckResult`, for record ids."""

    done: list[StreamID]
    stale: list[StreamID]


class PendingEntry(Value, frozen=True):
    """A record that was delivered and not yet acked."""

    id: StreamID
    consumer: str
    attempt: int
    lease: int
    delivered_at_ms: int
    expires_at_ms: int


class PendingReply(Value, frozen=True):
    items: list[PendingEntry]
    cursor: str | None


class DeadReply(Value, frozen=True):
    items: list[StreamRecord]
    cursor: str | None


class StreamAppend(Command[list[AppendResult]], tag=64, frozen=True):
    """Append one or several payloads in one commit. The headers go with each payload."""

    stream: str
    payloads: list[bytes]
    partition_key: str | None = None
    partition: int | None = None
    headers: dict[str, str] = {}
    traceparent: str | None = None


class StreamRead(Query[ReadResult], tag=65, frozen=True):
    """Positions are text: an id, `0` or `$`. `tail`: only records appended after the read began."""

    stream: str
    start: str | None = None
    end: str | None = None
    after: str | None = None
    offset: int | None = None
    tail: bool = False
    limit: int = defaults.RECORDS_LIMIT
    partition: int | None = None
    partition_key: str | None = None
    block_ms: int = 0


class StreamCreate(Command[StreamInfo], tag=66, frozen=True):
    stream: str
    partitions: int = 1
    max_age_ms: int | None = None
    max_records: int | None = None
    max_bytes: int | None = None


class StreamAlter(Command[StreamInfo], tag=67, frozen=True):
    """`None` means no such limit. The settings whose names are in `unchanged` stay as they are."""

    stream: str
    max_age_ms: int | None
    max_records: int | None
    max_bytes: int | None
    unchanged: list[str] = []


class StreamGetInfo(Query[StreamInfo], tag=68, frozen=True):
    stream: str


class StreamList(Query[StreamListReply], tag=69, frozen=True):
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class StreamTrim(Command[TrimResult], tag=70, frozen=True):
    """`before`: a position; records with smaller ids are removed."""

    stream: str
    max_records: int | None = None
    before: str | None = None
    max_age_ms: int | None = None
    max_bytes: int | None = None
    dry_run: bool = False


class StreamDelete(Command[bool], tag=71, frozen=True):
    stream: str
    force: bool = False


class GroupCreate(Command[GroupInfo], tag=72, frozen=True):
    stream: str
    group: str
    start: str = defaults.GROUP_START
    mode: str = defaults.GROUP_MODE
    ack_timeout_ms: int = defaults.ACK_TIMEOUT_MS
    max_deliver: int = defaults.MAX_DELIVER
    consumer_timeout_ms: int = defaults.CONSUMER_TIMEOUT_MS
    retry_delay_ms: int = 0
    retry_backoff: str = defaults.RETRY_BACKOFF
    retry_delay_max_ms: int = defaults.RETRY_DELAY_MAX_MS


class GroupConfigure(Command[GroupInfo], tag=194, frozen=True):
    """`None` keeps the current setting. A group's start and mode cannot be changed."""

    stream: str
    group: str
    ack_timeout_ms: int | None = None
    max_deliver: int | None = None
    consumer_timeout_ms: int | None = None
    retry_delay_ms: int | None = None
    retry_backoff: str | None = None
    retry_delay_max_ms: int | None = None


class GroupJoin(Command[GroupInfo], tag=73, frozen=True):
    stream: str
    group: str
    consumer: str


class GroupLeave(Command[bool], tag=74, frozen=True):
    stream: str
    group: str
    consumer: str


class GroupDelete(Command[bool], tag=75, frozen=True):
    stream: str
    group: str


class GroupSeek(Command[GroupInfo], tag=76, frozen=True):
    stream: str
    group: str
    start: str


class GroupGetInfo(Query[GroupInfo], tag=77, frozen=True):
    stream: str
    group: str


class GroupList(Query[GroupListReply], tag=78, frozen=True):
    stream: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class GroupRead(Command[ReadResult], tag=79, frozen=True):
    """Read records for a consumer of a group.

    `by_worker`: the caller handles the records of a key one after the other. If it dies, then of
    the records that it leaves behind only the first of each key counts as attempted, and waits
    before it is delivered again.
    """

    stream: str
    group: str
    consumer: str
    limit: int = defaults.RECORDS_LIMIT
    block_ms: int = 0
    no_ack: bool = False
    by_worker: bool = False


class GroupAck(Command[GroupAckResult], tag=80, frozen=True):
    """`leases` has an entry for each of `ids`; 0 means: no lease known, trust the caller."""

    stream: str
    group: str
    ids: list[StreamID]
    leases: list[int]
    consumer: str | None = None


class GroupNack(Command[GroupAckResult], tag=81, frozen=True):
    """`release`: give the records back at once, without counting an attempt."""

    stream: str
    group: str
    ids: list[StreamID]
    leases: list[int]
    consumer: str | None = None
    delay_ms: int = 0
    error: str | None = None
    release: bool = False


class GroupTouch(Command[GroupAckResult], tag=82, frozen=True):
    stream: str
    group: str
    ids: list[StreamID]
    leases: list[int]
    consumer: str | None = None
    extend_ms: int = defaults.EXTEND_MS


class GroupPending(Query[PendingReply], tag=83, frozen=True):
    stream: str
    group: str
    consumer: str | None = None
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class GroupDead(Query[DeadReply], tag=84, frozen=True):
    stream: str
    group: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class GroupClaim(Command[ReadResult], tag=85, frozen=True):
    stream: str
    group: str
    consumer: str
    min_idle_ms: int
    limit: int = defaults.RECORDS_LIMIT


class GroupDeadRequeue(Command[int], tag=88, frozen=True):
    """Deliver dead letters again, with attempts counted from 0. Answers how many there were."""

    stream: str
    group: str
    ids: list[StreamID]


class GroupDeadDelete(Command[int], tag=89, frozen=True):
    stream: str
    group: str
    ids: list[StreamID]


class GroupBulk(Command[BulkJob], tag=97, frozen=True):
    """Requeue or delete all dead letters of a group that match, in a background job."""

    stream: str
    group: str
    operation: DeadBulkOperation
    error_contains: str | None = None
    limit: int | None = None
    dry_run: bool = False
