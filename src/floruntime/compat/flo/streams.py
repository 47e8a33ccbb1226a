"""`client.stream` with the interface of that SDK: group and consumer are positional arguments."""

from __future__ import annotations

from floruntime.client.api.stream.positions import Position, RecordIds
from floruntime.client.base import BaseClient
from floruntime.compat.flo.options import (
    StreamAppendOptions,
    StreamGroupAckOptions,
    StreamGroupJoinOptions,
    StreamGroupNackOptions,
    StreamGroupReadOptions,
    StreamInfoOptions,
    StreamReadOptions,
    StreamTrimOptions,
    keywords,
)
from floruntime.compat.flo.results import ClaimResult
from floruntime.core.errors import BadRequestError
from floruntime.core.stream import AppendResult, ReadResult, StreamID, StreamInfo


class StreamOperations:
    """Streams of one client."""

    def __init__(self, client: BaseClient) -> None:
        self._stream = client.stream

    async def append(
        self, stream: str, payload: bytes, options: StreamAppendOptions | None = None
    ) -> AppendResult:
        """Append a record."""
        given = keywords(options, StreamAppendOptions)
        return await self._stream.append(stream, payload, **given)

    async def read(self, stream: str, options: StreamReadOptions | None = None) -> ReadResult:
        """Read records, by default from the beginning."""
        return await self._stream.read(stream, **keywords(options, StreamReadOptions))

    async def info(self, stream: str, options: StreamInfoOptions | None = None) -> StreamInfo:
        """Return the stream's size."""
        return await self._stream.info(stream, **keywords(options, StreamInfoOptions))

    async def trim(self, stream: str, options: StreamTrimOptions | None = None) -> None:
        """Remove the oldest records."""
        await self._stream.trim(stream, **keywords(options, StreamTrimOptions))

    async def group_join(
        self,
        stream: str,
        group: str,
        consumer: str,
        options: StreamGroupJoinOptions | None = None,
    ) -> None:
        """Become a member of the group."""
        given = keywords(options, StreamGroupJoinOptions)
        await self._stream.group_join(stream, group, consumer, **given)

    async def group_leave(
        self,
        stream: str,
        group: str,
        consumer: str,
        options: StreamGroupJoinOptions | None = None,
    ) -> None:
        """Leave the group and give back pending records."""
        given = keywords(options, StreamGroupJoinOptions)
        await self._stream.group_leave(stream, group, consumer, **given)

    async def group_read(
        self,
        stream: str,
        group: str,
        consumer: str,
        options: StreamGroupReadOptions | None = None,
    ) -> ReadResult:
        """Read records for this consumer."""
        given = keywords(options, StreamGroupReadOptions)
        return await self._stream.group_read(stream, group=group, consumer=consumer, **given)

    async def group_ack(
        self,
        stream: str,
        group: str,
        ids: RecordIds,
        options: StreamGroupAckOptions | None = None,
    ) -> None:
        """Acknowledge these records: their work is done."""
        given = keywords(options, StreamGroupAckOptions)
        await self._stream.group_ack(stream, ids, group=group, **given)

    async def group_nack(
        self,
        stream: str,
        group: str,
        ids: RecordIds,
        options: StreamGroupNackOptions | None = None,
    ) -> None:
        """Report that these records failed, so that they are delivered again."""
        given = keywords(options, StreamGroupNackOptions)
        await self._stream.group_nack(stream, ids, group=group, **given)

    async def group_claim(
        self,
        stream: str,
        group: str,
        consumer: str,
        min_idle_ms: int,
        start_id: Position | None = None,
        count: int = 10,
    ) -> ClaimResult:
        """Take over up to `count` records whose last delivery is `min_idle_ms` ago, oldest first.

        `start_id` is not needed: a record that was taken over is no longer idle. Any value but the
        beginning raises `BadRequestError`.
        """
        if start_id not in (None, "0", StreamID(0, 0)):
            raise BadRequestError(f"start_id is {start_id}; claims begin with the oldest record")
        result = await self._stream.group_claim(
            stream, group=group, consumer=consumer, min_idle_ms=min_idle_ms, limit=count
        )
        return ClaimResult(result.records, None, len(result.records) < count)
