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
    """The consumer groups of streams. `group_read` creates a group and joins it where needed."""

    def group_info(
        self,
        stream: str,
        group: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupInfo]:
        """Return the group in its current state.

        Raises `NotFoundError` if there is no such group.
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
        """List the stream's groups by name, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `NotFoundError` if there is no such stream, `BadRequestError` if the cursor belongs
        to another listing.
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
        """Read records for this consumer: due redeliveries first, then new records.

        Each record is leased for the group's `ack_timeout_ms`. If there is no such group, it is
        created; if the consumer is not a member, it becomes one.

        - `limit`: at most so many records, 1 to 1,000; default 10. Fewer are returned if there are
          fewer, or if their payloads reach 4 MiB.
        - `block_ms`: how long to wait for the first record; 0, the default, does not wait, and
          300,000 is the longest.
        - `no_ack`: lease nothing, so that each record is delivered at most once; off by default.

        Raises `BadRequestError` if a value is out of these limits, or if the group has 1,000
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
        """List delivered records that are neither acked nor dead, by id, one page at a time.

        `consumer`: only the records of this member; by default of all. `limit`: 1 to 1,000; default
        100. `cursor`: that of the previous page; without it, the first page is returned.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if the cursor belongs to
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
        """List the dead letters, one page at a time, with `reason` and the last nack's `error`.

        A group keeps the latest 10,000. `limit`: 1 to 1,000; default 100. `cursor`: that of the
        previous page; without it, the first page is returned.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if the cursor belongs to
        another listing.
        """
        request = GroupDead(stream, group, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)
