"""Records of streams: appended, read, followed. All there is on a web client, beside groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floruntime.client.api.caller import Caller
from floruntime.client.api.follow import Callback, StreamFollower, Subscription
from floruntime.client.api.leases import LeaseMemory
from floruntime.client.api.stream_commands import Payload, Position, StreamCommands, position_text
from floruntime.client.api.stream_groups import StreamGroups
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.core.stream import AppendResult, ReadResult, StreamRead


class StreamRecords(StreamGroups):
    """Records and groups of streams. Every method takes `namespace`, by default the client's own.

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

        `"$"` is now; `await follower.start()` to be certain that the server has been asked.
        """
        return StreamFollower(self._caller, stream, start, partition, namespace)
