"""The writes of `client.stream` but those of groups, which a batch takes, too."""

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
    """Adding records."""

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
        """Add a record. A stream that does not exist is made, with one partition.

        `payload`: at most the server's `value_bytes_max` (1 MiB unless configured).
        `partition_key`: a name (1 to 255 bytes) that always maps to the same partition (CRC-32 of
        its UTF-8, modulo the partitions). `partition`: its number, from 0. With neither, the
        default, records go round robin. `headers`: up to 64 texts by name, 16 KiB together; none
        unless given.

        Raises `BadRequestError` on a value out of these limits, a partition that there is not, or
        a record that the stream's `max_bytes` can never hold; `StorageFullError` where the server's
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
        """Add 1 to 1,000 records in one commit: all, or none. Their places, in order.

        `partition_key` and `partition` are as for `append`; with neither, the default, the records
        go round robin.

        Raises `BadRequestError` and `StorageFullError` as `append` does.
        """
        request = StreamAppend(stream, as_payloads(payloads), partition_key, partition)
        return self._call(request, namespace, timeout_ms)


class StreamAdmin(Part):
    """Making, changing and deleting streams."""

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
        """Make a stream. Again with the same settings is fine.

        `partitions`: 1 to 256, 1 unless given; they never change. `max_age_ms`, `max_records`,
        `max_bytes`: what is beyond one of these limits is removed, the oldest first; by default
        there is none. Bytes are those of payloads, headers and partition keys.

        Raises `ConflictError` where the stream exists with other settings, `BadRequestError` on a
        setting out of its limits.
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
        """Set the limits that are named, which hold at once; the others stay.

        `max_age_ms`, `max_records`, `max_bytes`: at least 1; `None` means no such limit. What is
        not named stays as it is.

        Raises `NotFoundError` where there is no such stream, `BadRequestError` on a limit below 1.
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
        """Remove the oldest records: all that any of the criteria names. How many went.

        `max_records`, `max_bytes`: keep so many. `max_age_ms`: remove what is older. `before`:
        remove what has a smaller id. One of them at least is needed; those that are not given
        remove nothing. `dry_run` only counts; off by default.

        Raises `NotFoundError` where there is no such stream, `BadRequestError` without any
        criterion.
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

        `force`: also one that holds records; off by default.

        Raises `ConflictError` where it holds records and `force` is not given.
        """
        return self._call(StreamDelete(stream, force), namespace, timeout_ms)
