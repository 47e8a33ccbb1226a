"""Following a stream, with an iterator or with a callback.

A follower keeps the id of the last record that it has seen and asks for what comes after it. So it
misses no record and shows none twice.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.endless import Endless
from floruntime.client.api.stream.positions import Position, position_text
from floruntime.core.errors import FloError, NotConnectedError
from floruntime.core.stream import ReadResult, StreamRead, StreamRecord

log = logging.getLogger("floruntime.client")

RECORDS_PER_READ = 100

Callback = Callable[[StreamRecord], Awaitable[Any] | Any]


class StreamFollower(Endless[StreamRecord, ReadResult]):
    """An endless iterator of records. `await aclose()` or leaving the loop ends it.

    Its starting position is asked for when it is made; `await start()` makes certain that it is
    fixed.
    """

    def __init__(
        self,
        caller: Caller,
        stream: str,
        start: Position,
        partition: int | None,
        namespace: str | None,
    ) -> None:
        self._read = StreamRead(
            stream, start=position_text("start", start), partition=partition, limit=1
        )
        super().__init__(caller, namespace, has_position=False)

    def _request(self, block_ms: int) -> StreamRead:
        return msgspec.structs.replace(self._read, block_ms=block_ms)

    def _taken(self, reply: ReadResult) -> Sequence[StreamRecord]:
        self._read = msgspec.structs.replace(
            self._read, start=None, after=str(reply.next_after), limit=RECORDS_PER_READ
        )
        return reply.records


class Subscription:
    """A running `subscribe`. The callback gets one record at a time, in order.

    If the callback raises, the exception is logged and the next record follows. If a failing
    handler must not lose a record, use a consumer group. `error` is what ended the subscription
    early, if anything.
    """

    def __init__(self, follower: StreamFollower, callback: Callback) -> None:
        self._follower = follower
        self._callback = callback
        self.error: FloError | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def is_active(self) -> bool:
        """Whether records still arrive."""
        return not self._task.done()

    async def close(self) -> None:
        """End the subscription: no callback begins afterwards. A callback may close its own."""
        await self._follower.aclose()
        if self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self) -> None:
        try:
            async for record in self._follower:
                await self._hand_over(record)
        except NotConnectedError as error:  # an expected end if somebody has closed the client
            self.error = error
            log.info("subscription ended: %s", error)
        except FloError as error:
            self.error = error
            log.error("subscription ended: %s", error)

    async def _hand_over(self, record: StreamRecord) -> None:
        try:
            outcome = self._callback(record)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception:
            log.exception("subscription callback failed on record %s", record.id)
