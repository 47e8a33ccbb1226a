"""The consumer groups of `client.stream`."""

from __future__ import annotations

from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.stream.group_writes import GroupWrites
from floruntime.core import defaults
from floruntime.core.stream import (
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


class StreamGroups(GroupWrites):
    """Groups by stream and name. A group's read makes it, and joins it, where needed."""

    def group_info(
        self,
        stream: str,
        group: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupInfo]:
        """The group as it stands.

        Raises `NotFoundError` where there is none.
        """
        return self._call(GroupGetInfo(stream, group), namespace, timeout_ms)

    def group_list(
        self,
        stream: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[GroupInfo]]:
        """A page of the stream's groups, by name.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `NotFoundError` where there is no such stream, `BadRequestError` on a cursor of
        another listing.
        """
        request = GroupList(stream, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def group_read(
        self,
        stream: str,
        *,
        group: str,
        consumer: str,
        limit: int = defaults.RECORDS_LIMIT,
        block_ms: int = 0,
        no_ack: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[ReadResult]:
        """What there is for this consumer: due redeliveries first, then new records.

        Each is leased for the group's `ack_timeout_ms`. `limit`: at most so many, 1 to 1,000, 10
        unless given; fewer come when there are fewer, or when their payloads reach 4 MiB.
        `block_ms`: how long to wait for the first one; 0, the default, does not wait, 300,000 is
        the longest. `no_ack`: at most once, nothing is leased and nothing comes again; off by
        default.

        Raises `BadRequestError` on a value out of these limits, or where the group has 1,000
        members already.
        """
        request = GroupRead(stream, group, consumer, limit, block_ms, no_ack)
        remembered = self._remembering(namespace, stream, group)
        return self._call_for(remembered, request, namespace, timeout_ms, block_ms)

    def group_pending(
        self,
        stream: str,
        group: str,
        *,
        consumer: str | None = None,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[PendingEntry]]:
        """A page of what was delivered and is neither acked nor dead, in id order.

        `consumer`: what this member has; by default what all have. `limit`: 1 to 1,000, 100 unless
        given. `cursor`: that of the page before; without one it begins at the first.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a cursor of
        another listing.
        """
        request = GroupPending(stream, group, consumer, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def group_dead(
        self,
        stream: str,
        group: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[StreamRecord]]:
        """A page of the dead letters, with `reason` and the last nack's `error`.

        A group keeps the latest 10,000. `limit`: 1 to 1,000, 100 unless given. `cursor`: that of
        the page before; without one it begins at the first.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a cursor of
        another listing.
        """
        request = GroupDead(stream, group, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)
