"""Builds the commands of streams, by the names and arguments of `client.stream`.

Nothing here talks to a server: `client.stream` and `client.batch()` share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET, UnsetType

from floruntime.client.api.caller import as_bytes
from floruntime.client.api.leases import LeaseMemory
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.core.stream import (
    GroupAck,
    GroupClaim,
    GroupCreate,
    GroupDelete,
    GroupJoin,
    GroupLeave,
    GroupNack,
    GroupSeek,
    GroupTouch,
    StreamAlter,
    StreamAppend,
    StreamCreate,
    StreamDelete,
    StreamID,
    StreamRecord,
    StreamTrim,
)

Payload = bytes | bytearray | memoryview | str
Position = StreamID | str
RecordId = StreamID | str | StreamRecord
RecordIds = RecordId | Iterable[RecordId]
"""One id (or its text, or the record), or several."""


def position_text(field: str, position: Position | None) -> str | None:
    """A position as it travels: an id's text, `0` or `$`."""
    if position is None or position in ("0", "$"):
        return position
    if isinstance(position, StreamID):
        return str(position)
    if isinstance(position, str):
        return str(StreamID.parse(position))
    raise BadRequestError(f"{field} is {position!r}; it must be a StreamID, its text, '0' or '$'")


def id_of(item: RecordId) -> StreamID:
    """The id that `item` is, or has."""
    if isinstance(item, StreamRecord):
        return item.id
    if isinstance(item, StreamID):
        return item
    if isinstance(item, str):
        return StreamID.parse(item)
    raise BadRequestError(f"{item!r} is no record id; give a StreamID, its text or a record")


def _listed(ids: RecordIds) -> list[RecordId]:
    return [ids] if isinstance(ids, (StreamID, str, StreamRecord)) else list(ids)


def _as_dict(headers: Mapping[str, str] | None) -> dict[str, str]:
    if headers is not None and not isinstance(headers, Mapping):
        raise BadRequestError(f"headers is {shown(headers)}; it must be a dict of names and texts")
    return dict(headers or {})


class StreamCommands:
    """The writes of `client.stream` but `group_read`.

    `leases` is the client's own memory, `namespace` the one that calls without a namespace mean.
    """

    def __init__(self, leases: LeaseMemory | None = None, namespace: str | None = None) -> None:
        self._leases = leases if leases is not None else LeaseMemory()
        self._namespace = namespace

    def append(
        self,
        stream: str,
        payload: Payload,
        *,
        partition_key: str | None = None,
        partition: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> StreamAppend:
        """Answered with a list of one result."""
        return StreamAppend(
            stream, [as_bytes(payload)], partition_key, partition, _as_dict(headers)
        )

    def append_many(
        self,
        stream: str,
        payloads: Iterable[Payload],
        *,
        partition_key: str | None = None,
        partition: int | None = None,
    ) -> StreamAppend:
        if isinstance(payloads, (bytes, bytearray, memoryview, str)):
            raise BadRequestError("payloads must be a list of payloads, not one payload")
        return StreamAppend(stream, [as_bytes(one) for one in payloads], partition_key, partition)

    def create(
        self,
        stream: str,
        *,
        partitions: int = 1,
        max_age_ms: int | None = None,
        max_records: int | None = None,
        max_bytes: int | None = None,
    ) -> StreamCreate:
        return StreamCreate(stream, partitions, max_age_ms, max_records, max_bytes)

    def alter(
        self,
        stream: str,
        *,
        max_age_ms: int | UnsetType | None = UNSET,
        max_records: int | UnsetType | None = UNSET,
        max_bytes: int | UnsetType | None = UNSET,
    ) -> StreamAlter:
        given = {"max_age_ms": max_age_ms, "max_records": max_records, "max_bytes": max_bytes}
        unchanged = [name for name, value in given.items() if value is UNSET]
        age_ms, records, size_bytes = (
            None if isinstance(value, UnsetType) else value for value in given.values()
        )
        return StreamAlter(stream, age_ms, records, size_bytes, unchanged)

    def trim(
        self,
        stream: str,
        *,
        max_records: int | None = None,
        before: Position | None = None,
        max_age_ms: int | None = None,
        max_bytes: int | None = None,
        dry_run: bool = False,
    ) -> StreamTrim:
        at = position_text("before", before)
        return StreamTrim(stream, max_records, at, max_age_ms, max_bytes, dry_run)

    def delete(self, stream: str, *, force: bool = False) -> StreamDelete:
        return StreamDelete(stream, force)

    def group_create(
        self,
        stream: str,
        group: str,
        *,
        start: Position = "0",
        mode: str = "shared",
        ack_timeout_ms: int = 30_000,
        max_deliver: int = 10,
        consumer_timeout_ms: int = 30_000,
    ) -> GroupCreate:
        at = position_text("start", start) or "0"
        return GroupCreate(
            stream, group, at, mode, ack_timeout_ms, max_deliver, consumer_timeout_ms
        )

    def group_join(self, stream: str, group: str, consumer: str) -> GroupJoin:
        return GroupJoin(stream, group, consumer)

    def group_leave(self, stream: str, group: str, consumer: str) -> GroupLeave:
        return GroupLeave(stream, group, consumer)

    def group_delete(self, stream: str, group: str) -> GroupDelete:
        return GroupDelete(stream, group)

    def group_seek(self, stream: str, group: str, *, start: Position) -> GroupSeek:
        return GroupSeek(stream, group, position_text("start", start) or "0")

    def group_ack(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        namespace: str | None = None,
    ) -> GroupAck:
        held = self._held(namespace, stream, group, ids)
        return GroupAck(stream, group, *held, consumer)

    def group_nack(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        delay_ms: int = 0,
        error: str | None = None,
        release: bool = False,
        namespace: str | None = None,
    ) -> GroupNack:
        held = self._held(namespace, stream, group, ids)
        return GroupNack(stream, group, *held, consumer, delay_ms, error, release)

    def group_touch(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        extend_ms: int = 30_000,
        namespace: str | None = None,
    ) -> GroupTouch:
        held = self._held(namespace, stream, group, ids)
        return GroupTouch(stream, group, *held, consumer, extend_ms)

    def group_claim(
        self, stream: str, *, group: str, consumer: str, min_idle_ms: int, limit: int = 10
    ) -> GroupClaim:
        return GroupClaim(stream, group, consumer, min_idle_ms, limit)

    def remember(
        self, namespace: str | None, stream: str, group: str, records: Iterable[StreamRecord]
    ) -> None:
        """These records came under their leases."""
        namespace = namespace or self._namespace
        for record in records:
            if record.lease:
                self._leases.remember((namespace, stream, group, record.id), record.lease)

    def _held(
        self, namespace: str | None, stream: str, group: str, ids: RecordIds
    ) -> tuple[list[StreamID], list[int]]:
        items = _listed(ids)
        leases = [self._lease_of(namespace, stream, group, item) for item in items]
        return [id_of(item) for item in items], leases

    def _lease_of(self, namespace: str | None, stream: str, group: str, item: RecordId) -> int:
        if isinstance(item, StreamRecord) and item.lease:
            return item.lease
        return self._leases.get((namespace or self._namespace, stream, group, id_of(item)))
