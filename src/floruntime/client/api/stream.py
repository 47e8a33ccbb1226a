"""`client.stream`: append-only streams, as a person calls them.

What is done with records is in `stream_records`, with groups in `stream_groups`.
"""

from __future__ import annotations

from floruntime.client.api.operation import Operation
from floruntime.client.api.pages import as_page
from floruntime.client.api.stream_records import StreamRecords
from floruntime.client.api.stream_writes import StreamAdmin
from floruntime.core import defaults
from floruntime.core.stream import StreamGetInfo, StreamInfo, StreamList
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
