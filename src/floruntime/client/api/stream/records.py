"""Records of streams: appended, read, followed. All there is on a web client, beside groups."""

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
    characters; another one is a `BadRequestError`. A position is a `StreamID`, its text, `"0"` (the
    beginning) or `"$"` (after the last). Every method takes `namespace` and `timeout_ms`, by
    default the client's own.
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
        """Records in id order, from the beginning unless told otherwise.

        One of these says where it begins: `start` (included), `after` (not included), `offset`
        (counts from 0 in a partition, 0 if none is named), or `tail`, off by default, which shows
        only what comes after the read began: give it `block_ms`. `end` (included) says where it
        ends; by default at the last record. `limit`: at most so many, 1 to 1,000, 10 unless given;
        an answer ends earlier, with one record at least, at 4 MiB of payloads. `partition`, or the
        one that `partition_key` maps to; by default all. `block_ms`: how long to wait for the first
        record; 0, the default, does not wait, 300,000 is the longest. A stream that does not exist
        reads as empty.

        Raises `BadRequestError` where two beginnings are given, on a text that is no position, and
        on a partition that there is not.
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

        `start`: `"$"`, the default, is now. The position is fixed when this returns: whatever is
        appended later will be seen, once, over lost connections too. `partition`: its number, from
        0; by default all. An exception of the callback is logged, and the next record follows.

        Raises `BadRequestError` on a callback that is none, a text that is no position, a partition
        that there is not, and what the connection raises until it has begun. What ends it later is
        in `Subscription.error`.
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
        """An endless iterator of the records from `start` on, over lost connections too.

        `start`: `"$"`, the default, is when `follow` is called (`await follower.start()` to be
        certain that the server has been asked). `partition`: its number, from 0; by default all.

        A step raises `BadRequestError` on a partition that there is not, and what the connection
        raises until it has begun.
        """
        return StreamFollower(self._caller, stream, start, partition, namespace)
