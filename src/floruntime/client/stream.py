"""`client.stream`: append-only streams, as a person calls them; groups are in `stream_groups`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET, UnsetType

from floruntime.client.caller import Caller
from floruntime.client.follow import Callback, StreamFollower, Subscription
from floruntime.client.leases import LeaseMemory
from floruntime.client.stream_commands import Payload, Position, StreamCommands, position_text
from floruntime.client.stream_groups import StreamGroups
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.core.stream import (
    AppendResult,
    ReadResult,
    StreamGetInfo,
    StreamInfo,
    StreamList,
    StreamRead,
    TrimResult,
)
from floruntime.core.types import Page

__all__ = ["Stream", "StreamCommands", "Subscription"]


class Stream(StreamGroups):
    """The streams of one client. Every method takes `namespace`, by default the client's own.

    A position is a `StreamID`, its text, `"0"` (the beginning) or `"$"` (after the last).
    """

    def __init__(self, caller: Caller, leases: LeaseMemory | None = None) -> None:
        super().__init__(caller, StreamCommands(leases, getattr(caller, "namespace", None)))

    async def append(
        self,
        stream: str,
        payload: Payload,
        *,
        partition_key: str | None = None,
        partition: int | None = None,
        headers: Mapping[str, str] | None = None,
        namespace: str | None = None,
    ) -> AppendResult:
        """Add a record; a stream that does not exist is made, with one partition.

        A key always maps to the same partition (CRC-32 of its UTF-8, modulo the partitions). With
        neither key nor partition, records go round robin.
        """
        command = self.commands.append(
            stream, payload, partition_key=partition_key, partition=partition, headers=headers
        )
        return (await self._caller.call(command, namespace=namespace))[0]

    async def append_many(
        self,
        stream: str,
        payloads: Iterable[Payload],
        *,
        partition_key: str | None = None,
        partition: int | None = None,
        namespace: str | None = None,
    ) -> list[AppendResult]:
        """Add up to 1,000 records in one commit: all of them, or none."""
        command = self.commands.append_many(
            stream, payloads, partition_key=partition_key, partition=partition
        )
        return await self._caller.call(command, namespace=namespace)

    async def read(
        self,
        stream: str,
        *,
        start: Position | None = None,
        end: Position | None = None,
        after: Position | None = None,
        offset: int | None = None,
        tail: bool = False,
        limit: int = 10,
        partition: int | None = None,
        partition_key: str | None = None,
        block_ms: int = 0,
        namespace: str | None = None,
    ) -> ReadResult:
        """Up to `limit` records in id order, from the beginning unless told otherwise.

        An answer ends early, with one record at least, when its payloads reach 4 MiB.

        `start` and `end` are included, `after` is not. `offset` counts from 0 in a partition (0 if
        none is named). `tail` shows only what comes after the read began: give it `block_ms`. A
        stream that does not exist reads as empty.
        """
        request = StreamRead(
            stream,
            position_text("start", start),
            position_text("end", end),
            position_text("after", after),
            offset,
            tail,
            limit,
            partition,
            partition_key,
            block_ms,
        )
        return await self._caller.call(request, namespace=namespace, block_ms=block_ms)

    async def subscribe(
        self,
        stream: str,
        callback: Callback,
        *,
        start: Position = "$",
        partition: int | None = None,
        namespace: str | None = None,
    ) -> Subscription:
        """Call `callback` (a plain or an async function) with every record from `start` on.

        The position is fixed when this returns: whatever is appended later will be seen, once, over
        lost connections too. An exception of the callback is logged, and the next record follows.
        """
        if not callable(callback):
            raise BadRequestError(f"callback is {shown(callback)}; it must be a function")
        follower = self.follow(stream, start=start, partition=partition, namespace=namespace)
        await follower.start()
        return Subscription(follower, callback)

    def follow(
        self,
        stream: str,
        *,
        start: Position = "$",
        partition: int | None = None,
        namespace: str | None = None,
    ) -> StreamFollower:
        """An endless iterator of the records from `start` on, over lost connections too.

        `"$"` is the moment of its first step; `await follower.start()` takes it earlier.
        """
        return StreamFollower(self._caller, stream, start, partition, namespace)

    async def create(
        self,
        stream: str,
        *,
        partitions: int = 1,
        max_age_ms: int | None = None,
        max_records: int | None = None,
        max_bytes: int | None = None,
        namespace: str | None = None,
    ) -> StreamInfo:
        """Make a stream. Again with the same settings is fine, with others a `ConflictError`.

        `size_bytes`, which `max_bytes` limits, counts payloads, headers and partition keys.
        """
        command = self.commands.create(
            stream,
            partitions=partitions,
            max_age_ms=max_age_ms,
            max_records=max_records,
            max_bytes=max_bytes,
        )
        return await self._caller.call(command, namespace=namespace)

    async def alter(
        self,
        stream: str,
        *,
        max_age_ms: int | UnsetType | None = UNSET,
        max_records: int | UnsetType | None = UNSET,
        max_bytes: int | UnsetType | None = UNSET,
        namespace: str | None = None,
    ) -> StreamInfo:
        """Set limits (`None`: no such limit), which hold at once; what is not named stays."""
        command = self.commands.alter(
            stream, max_age_ms=max_age_ms, max_records=max_records, max_bytes=max_bytes
        )
        return await self._caller.call(command, namespace=namespace)

    async def info(self, stream: str, *, namespace: str | None = None) -> StreamInfo:
        """The stream's size and settings. `NotFoundError` where there is none."""
        return await self._caller.call(StreamGetInfo(stream), namespace=namespace)

    async def list(
        self, *, limit: int = 100, cursor: str | None = None, namespace: str | None = None
    ) -> Page[StreamInfo]:
        """A page of the namespace's streams, by name."""
        reply = await self._caller.call(StreamList(limit, cursor), namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def trim(
        self,
        stream: str,
        *,
        max_records: int | None = None,
        before: Position | None = None,
        max_age_ms: int | None = None,
        max_bytes: int | None = None,
        dry_run: bool = False,
        namespace: str | None = None,
    ) -> TrimResult:
        """Take away the oldest records: all that any of the criteria names (one at least).

        `before` takes what has a smaller id; `dry_run` only counts.
        """
        command = self.commands.trim(
            stream,
            max_records=max_records,
            before=before,
            max_age_ms=max_age_ms,
            max_bytes=max_bytes,
            dry_run=dry_run,
        )
        return await self._caller.call(command, namespace=namespace)

    async def delete(
        self, stream: str, *, force: bool = False, namespace: str | None = None
    ) -> bool:
        """Delete a stream with its groups; whether it existed. One that holds records: `force`."""
        return await self._caller.call(
            self.commands.delete(stream, force=force), namespace=namespace
        )
