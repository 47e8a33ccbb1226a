"""`client.stream`: append-only streams, as a person calls them.

What is done with records is in `stream_records`, with groups in `stream_groups`.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from floruntime.client.api.follow import Subscription
from floruntime.client.api.stream_commands import Position, StreamCommands
from floruntime.client.api.stream_records import StreamRecords
from floruntime.core.stream import StreamGetInfo, StreamInfo, StreamList, TrimResult
from floruntime.core.types import Page

__all__ = ["Stream", "StreamCommands", "Subscription"]


class Stream(StreamRecords):
    """The streams of one client. Every method takes `namespace`, by default the client's own.

    A position is a `StreamID`, its text, `"0"` (the beginning) or `"$"` (after the last).
    """

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
        """Set limits (`None`: no such limit), which hold at once; what is not named stays.

        `NotFoundError` where there is no such stream.
        """
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
        """Delete a stream with its groups; whether it existed.

        `ConflictError` where it holds records, unless `force`.
        """
        return await self._caller.call(
            self.commands.delete(stream, force=force), namespace=namespace
        )
