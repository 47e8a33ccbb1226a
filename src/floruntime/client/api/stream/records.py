"""Appending, reading and following records: what a web client has of streams, apart from groups."""

from __future__ import annotations

from floruntime.client.api.base.operation import Operation
from floruntime.client.api.stream.follow import Callback, StreamFollower, Subscription
from floruntime.client.api.stream.groups import StreamGroups
from floruntime.client.api.stream.positions import Position, optional_text
from floruntime.client.api.stream.writes import StreamAppends
from floruntime.core import defaults
from floruntime.core.errors import BadTypeError
from floruntime.core.limits import shown
from floruntime.core.stream import ReadResult, StreamRead


class StreamRecords(StreamAppends, StreamGroups):
    """Records and groups of streams.

    The name of a stream, a group or a consumer is 1 to 255 bytes of UTF-8 without control
    characters; any other name raises `BadRequestError`. A position is a `StreamID`, its text, `"0"`
    (the beginning) or `"$"` (after the last record). Every method takes `namespace` and
    `timeout_ms`, by default the client's own.
    """

    def read(
        self,
        stream: str,
        *,
        start: Position | None = None,
        end: Position | None = None,
        after: Position | None = None,
        offset: int | None = None,
        tail: bool = False,
        limit: int = defaults.RECORDS_LIMIT,
        partition: int | None = None,
        partition_key: str | None = None,
        block_ms: int = 0,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[ReadResult]:
        """Read records in id order, by default from the beginning.

        Give at most one of `start`, `after`, `offset` and `tail`. A stream that does not exist
        reads as empty.

        - `start`: begin with this position, included.
        - `after`: begin after this position.
        - `offset`: begin with this record of the partition (0 if none is named), counted from 0.
        - `tail`: show only records that are appended after the read began; use it with `block_ms`.
          Off by default.
        - `end`: stop at this position, included; by default at the last record.
        - `limit`: at most so many records, 1 to 1,000; default 10. An answer ends earlier when its
          payloads reach 4 MiB, but has one record at least.
        - `partition`: only records of this partition, or of the one that `partition_key` maps to;
          by default of all.
        - `block_ms`: how long to wait for the first record; 0, the default, does not wait, and
          300,000 is the longest.

        Raises `BadRequestError` if two beginnings are given, if a text is not a position, or if
        there is no such partition.
        """
        request = StreamRead(
            stream,
            optional_text("start", start),
            optional_text("end", end),
            optional_text("after", after),
            offset,
            tail,
            limit,
            partition,
            partition_key,
            block_ms,
        )
        return self._call(request, namespace, timeout_ms, block_ms)

    async def subscribe(
        self,
        stream: str,
        callback: Callback,
        *,
        start: Position = "$",
        partition: int | None = None,
        namespace: str | None = None,
    ) -> Subscription:
        """Call `callback`, a plain or an async function, with every record from `start` on.

        - `start`: `"$"`, the default, is now. The position is fixed when this call returns. Every
          record that is appended later is shown once, also across lost connections.
        - `partition`: its number, from 0; by default all.

        If the callback raises, the exception is logged, and the next record follows.

        Raises `BadRequestError` if `callback` is not a function, if a text is not a position, or if
        there is no such partition. Until the subscription has begun, it also raises what the
        connection raises. An error that ends it later is in `Subscription.error`.
        """
        if not callable(callback):
            raise BadTypeError(f"callback is {shown(callback)}; it must be a function")
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
        """Iterate over the records from `start` on, without end, also across lost connections.

        - `start`: `"$"`, the default, is the moment when `follow` is called.
          `await follower.start()` makes certain that the server has been asked for that position.
        - `partition`: its number, from 0; by default all.

        A step raises `BadRequestError` if there is no such partition. Until the follower has begun,
        a step also raises what the connection raises.
        """
        return StreamFollower(self._caller, stream, start, partition, namespace)
