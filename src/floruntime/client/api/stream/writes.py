"""The writes of `client.stream` that a batch takes, too, except those of groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET, UnsetType

from floruntime.client.api.base.caller import Part, first
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import JsonPayload, as_payload, as_payloads, named
from floruntime.client.api.stream.positions import Position, optional_text
from floruntime.core.stream import (
    AppendResult,
    StreamAlter,
    StreamAppend,
    StreamCreate,
    StreamDelete,
    StreamInfo,
    StreamTrim,
    TrimResult,
)


class StreamAppends(Part):
    """Appending records."""

    def append(
        self,
        stream: str,
        payload: JsonPayload,
        *,
        partition_key: str | None = None,
        partition: int | None = None,
        headers: Mapping[str, str] | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[AppendResult]:
        """Append a record. A stream that does not exist is created, with one partition.

        - `payload`: at most the server's `value_bytes_max` (1 MiB unless configured).
        - `partition_key`: a name of 1 to 255 bytes. The same key always maps to the same partition
          (CRC-32 of its UTF-8, modulo the number of partitions).
        - `partition`: the partition's number, from 0. With neither a partition nor a key, the
          default, records go to the partitions in turn.
        - `headers`: up to 64 texts by name, together 16 KiB; none by default.

        Raises `BadRequestError` if a value is out of these limits, if there is no such partition,
        or if the record is larger than the stream's `max_bytes`; `StorageFullError` if the server's
        disk is nearly full.
        """
        request = StreamAppend(
            stream, [as_payload(payload)], partition_key, partition, named("headers", headers)
        )
        return self._call_for(first, request, namespace, timeout_ms)

    def append_many(
        self,
        stream: str,
        payloads: Iterable[JsonPayload],
        *,
        partition_key: str | None = None,
        partition: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[list[AppendResult]]:
        """Append 1 to 1,000 records in one commit: all, or none. Returns their places, in order.

        `partition_key` and `partition` are those of `append`. With neither, the default, the
        records go to the partitions in turn.

        Raises `BadRequestError` and `StorageFullError` as `append` does.
        """
        request = StreamAppend(stream, as_payloads(payloads), partition_key, partition)
        return self._call(request, namespace, timeout_ms)


class StreamAdmin(Part):
    """Creating, changing and deleting streams."""

    def create(
        self,
        stream: str,
        *,
        partitions: int = 1,
        max_age_ms: int | None = None,
        max_records: int | None = None,
        max_bytes: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[StreamInfo]:
        """Create a stream. Creating it again with the same settings changes nothing.

        - `partitions`: 1 to 256; default 1. The number never changes.
        - `max_age_ms`, `max_records`, `max_bytes`: records beyond one of these limits are removed,
          the oldest first; by default there are no limits. Bytes are those of payloads, headers and
          partition keys.

        Raises `ConflictError` if the stream exists with other settings, `BadRequestError` if a
        setting is out of its limits.
        """
        request = StreamCreate(stream, partitions, max_age_ms, max_records, max_bytes)
        return self._call(request, namespace, timeout_ms)

    def alter(
        self,
        stream: str,
        *,
        max_age_ms: int | UnsetType | None = UNSET,
        max_records: int | UnsetType | None = UNSET,
        max_bytes: int | UnsetType | None = UNSET,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[StreamInfo]:
        """Change limits of a stream, which apply at once.

        `max_age_ms`, `max_records`, `max_bytes`: at least 1; `None` removes the limit. A limit that
        is left out stays as it is.

        Raises `NotFoundError` if there is no such stream, `BadRequestError` if a limit is below 1.
        """
        given = {"max_age_ms": max_age_ms, "max_records": max_records, "max_bytes": max_bytes}
        unchanged = [name for name, value in given.items() if value is UNSET]
        age_ms, records, size_bytes = (
            None if isinstance(value, UnsetType) else value for value in given.values()
        )
        request = StreamAlter(stream, age_ms, records, size_bytes, unchanged)
        return self._call(request, namespace, timeout_ms)

    def trim(
        self,
        stream: str,
        *,
        max_records: int | None = None,
        before: Position | None = None,
        max_age_ms: int | None = None,
        max_bytes: int | None = None,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[TrimResult]:
        """Remove the oldest records that any of the criteria names. Returns how many were removed.

        - `max_records`, `max_bytes`: keep at most so many.
        - `max_age_ms`: remove records that are older.
        - `before`: remove records with a smaller id.
        - `dry_run`: only count; off by default.

        Give at least one criterion. A criterion that is left out removes nothing.

        Raises `NotFoundError` if there is no such stream, `BadRequestError` without any criterion.
        """
        at = optional_text("before", before)
        request = StreamTrim(stream, max_records, at, max_age_ms, max_bytes, dry_run)
        return self._call(request, namespace, timeout_ms)

    def delete(
        self,
        stream: str,
        *,
        force: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Delete a stream with its groups. Returns whether it existed.

        `force`: delete it even if it holds records; off by default.

        Raises `ConflictError` if it holds records and `force` is not given.
        """
        return self._call(StreamDelete(stream, force), namespace, timeout_ms)
