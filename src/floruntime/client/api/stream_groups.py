"""The consumer groups of `client.stream`."""

from __future__ import annotations

from floruntime.client.api.caller import Caller
from floruntime.client.api.stream_commands import Position, RecordIds, StreamCommands
from floruntime.core.stream import (
    GroupAckResult,
    GroupDead,
    GroupGetInfo,
    GroupInfo,
    GroupList,
    GroupPending,
    GroupRead,
    PendingEntry,
    ReadResult,
    StreamRecord,
)
from floruntime.core.types import Page


class StreamGroups:
    """Groups by stream and name. A group's read makes it, and joins it, where needed."""

    def __init__(self, caller: Caller, commands: StreamCommands) -> None:
        self._caller = caller
        self.commands = commands

    async def group_create(
        self,
        stream: str,
        group: str,
        *,
        start: Position = "0",
        mode: str = "shared",
        ack_timeout_ms: int = 30_000,
        max_deliver: int = 10,
        consumer_timeout_ms: int = 30_000,
        namespace: str | None = None,
    ) -> GroupInfo:
        """Make a group (and its stream where there is none).

        Again with the same settings is fine, with others (`start` is one) a `ConflictError`.

        `shared` hands each record to any member, `exclusive` all to the first, `key_shared` all of
        one partition key to one member at a time.
        """
        command = self.commands.group_create(
            stream,
            group,
            start=start,
            mode=mode,
            ack_timeout_ms=ack_timeout_ms,
            max_deliver=max_deliver,
            consumer_timeout_ms=consumer_timeout_ms,
        )
        return await self._caller.call(command, namespace=namespace)

    async def group_join(
        self, stream: str, group: str, consumer: str, *, namespace: str | None = None
    ) -> GroupInfo:
        """Become a member of the group, which is made where there is none."""
        command = self.commands.group_join(stream, group, consumer)
        return await self._caller.call(command, namespace=namespace)

    async def group_leave(
        self, stream: str, group: str, consumer: str, *, namespace: str | None = None
    ) -> bool:
        """Leave, handing back at once what is pending; whether it was a member."""
        command = self.commands.group_leave(stream, group, consumer)
        return await self._caller.call(command, namespace=namespace)

    async def group_delete(self, stream: str, group: str, *, namespace: str | None = None) -> bool:
        """Delete the group; whether it existed."""
        return await self._caller.call(
            self.commands.group_delete(stream, group), namespace=namespace
        )

    async def group_seek(
        self, stream: str, group: str, *, start: Position, namespace: str | None = None
    ) -> GroupInfo:
        """Let the group go on at `start`; what is pending is dropped, dead letters stay."""
        command = self.commands.group_seek(stream, group, start=start)
        return await self._caller.call(command, namespace=namespace)

    async def group_info(
        self, stream: str, group: str, *, namespace: str | None = None
    ) -> GroupInfo:
        """The group as it stands. `NotFoundError` where there is none."""
        return await self._caller.call(GroupGetInfo(stream, group), namespace=namespace)

    async def group_list(
        self,
        stream: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> Page[GroupInfo]:
        """A page of the stream's groups, by name."""
        reply = await self._caller.call(GroupList(stream, limit, cursor), namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def group_read(
        self,
        stream: str,
        *,
        group: str,
        consumer: str,
        limit: int = 10,
        block_ms: int = 0,
        no_ack: bool = False,
        namespace: str | None = None,
    ) -> ReadResult:
        """What there is for this consumer: due redeliveries first, then new records.

        Fewer than `limit` come when there are fewer, or when their payloads reach 4 MiB. Each is
        leased for the group's `ack_timeout_ms`. `no_ack` is at most once: nothing
        is leased and nothing comes again.
        """
        request = GroupRead(stream, group, consumer, limit, block_ms, no_ack)
        result = await self._caller.call(request, namespace=namespace, block_ms=block_ms)
        self.commands.remember(namespace, stream, group, result.records)
        return result

    async def group_ack(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        namespace: str | None = None,
    ) -> GroupAckResult:
        """These are done with. `stale`: those that somebody else has by now."""
        command = self.commands.group_ack(
            stream, ids, group=group, consumer=consumer, namespace=namespace
        )
        return await self._caller.call(command, namespace=namespace)

    async def group_nack(
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
    ) -> GroupAckResult:
        """These failed: deliver them again after `delay_ms`. `release` counts no attempt."""
        command = self.commands.group_nack(
            stream,
            ids,
            group=group,
            consumer=consumer,
            delay_ms=delay_ms,
            error=error,
            release=release,
            namespace=namespace,
        )
        return await self._caller.call(command, namespace=namespace)

    async def group_touch(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        extend_ms: int = 30_000,
        namespace: str | None = None,
    ) -> GroupAckResult:
        """Let leases that are still held run out `extend_ms` from now."""
        command = self.commands.group_touch(
            stream,
            ids,
            group=group,
            consumer=consumer,
            extend_ms=extend_ms,
            namespace=namespace,
        )
        return await self._caller.call(command, namespace=namespace)

    async def group_pending(
        self,
        stream: str,
        group: str,
        *,
        consumer: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> Page[PendingEntry]:
        """A page of what was delivered and is neither acked nor dead, in id order."""
        request = GroupPending(stream, group, consumer, limit, cursor)
        reply = await self._caller.call(request, namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def group_dead(
        self,
        stream: str,
        group: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> Page[StreamRecord]:
        """A page of the dead letters, with `reason` and the last nack's `error`."""
        reply = await self._caller.call(
            GroupDead(stream, group, limit, cursor), namespace=namespace
        )
        return Page(reply.items, reply.cursor)

    async def group_claim(
        self,
        stream: str,
        *,
        group: str,
        consumer: str,
        min_idle_ms: int,
        limit: int = 10,
        namespace: str | None = None,
    ) -> ReadResult:
        """Take over records whose last delivery is `min_idle_ms` ago, each as a new delivery."""
        command = self.commands.group_claim(
            stream, group=group, consumer=consumer, min_idle_ms=min_idle_ms, limit=limit
        )
        result = await self._caller.call(command, namespace=namespace)
        self.commands.remember(namespace, stream, group, result.records)
        return result
