"""`client.stream`: append-only streams, as a person calls them.

What is done with records is in `stream_records`, with groups in `stream_groups`.
"""

from __future__ import annotations

from floruntime.client.api.base.choices import choice
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.stream.records import StreamRecords
from floruntime.client.api.stream.writes import StreamAdmin
from floruntime.core import defaults
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.stream import GroupBulk, StreamGetInfo, StreamInfo, StreamList
from floruntime.core.types import Page


class Stream(StreamRecords, StreamAdmin):
    """The streams of one client.

    The name of a stream, a group or a consumer is 1 to 255 bytes of UTF-8 without control
    characters; another one is a `BadRequestError`. A position is a `StreamID`, its text, `"0"` (the
    beginning) or `"$"` (after the last). The client sends along the leases of the records that it
    was given by groups (the last 100,000). Every method takes `namespace` and `timeout_ms`, by
    default the client's own.
    """

    def info(
        self, stream: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[StreamInfo]:
        """The stream's size and settings.

        Raises `NotFoundError` where there is none.
        """
        return self._call(StreamGetInfo(stream), namespace, timeout_ms)

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[StreamInfo]]:
        """A page of the namespace's streams, by name.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._call_for(as_page, StreamList(limit, cursor), namespace, timeout_ms)

    def bulk(
        self,
        stream: str,
        group: str,
        operation: DeadBulkOperation | str,
        *,
        error_contains: str | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[BulkJob]:
        """Requeue or delete all dead letters of a group that match, by a job: a piece per tick.

        `operation`: `"requeue_dead"` or `"delete_dead"`. `error_contains`: only those whose last
        error has this text in it; by default all. `limit`: at most so many; by default all.
        `dry_run`: only count; off by default. What dies later is left alone. `client.jobs` tells
        how far it is.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on an operation that
        there is not.
        """
        chosen = choice("operation", operation, DeadBulkOperation)
        request = GroupBulk(stream, group, chosen, error_contains, limit, dry_run)
        return self._call(request, namespace, timeout_ms)
