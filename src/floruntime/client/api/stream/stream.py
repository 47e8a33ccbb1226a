"""`client.stream`: append-only streams.

Methods for records are in `records.py`, those for consumer groups in `groups.py`.
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
    characters; any other name raises `BadRequestError`. A position is a `StreamID`, its text, `"0"`
    (the beginning) or `"$"` (after the last record). The client sends along the leases of the
    records that groups delivered to it (the last 100,000). Every method takes `namespace` and
    `timeout_ms`, by default the client's own.
    """

    def info(
        self, stream: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[StreamInfo]:
        """Return the stream's size and settings.

        Raises `NotFoundError` if there is no such stream.
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
        """List the namespace's streams by name, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
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
        """Requeue or delete all dead letters of a group that match, in a background job.

        - `operation`: `"requeue_dead"` or `"delete_dead"`.
        - `error_contains`: only dead letters whose last error contains this text; by default all.
        - `limit`: at most so many; by default all.
        - `dry_run`: only count; off by default.

        Records that become dead letters after this call are not touched. `client.jobs` shows the
        progress.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if there is no such
        operation.
        """
        chosen = choice("operation", operation, DeadBulkOperation)
        request = GroupBulk(stream, group, chosen, error_contains, limit, dry_run)
        return self._call(request, namespace, timeout_ms)
