"""Following a stream: an endless reader that goes on over lost connections.

It keeps the id it has seen up to and asks for what comes after it, so nothing is missed and nothing
comes twice. Once it has begun, trouble with the connection or the server is waited out with a
growing delay; every other error (the stream's partition is no more, say) ends it.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from floruntime.client.api.beginning import Beginning
from floruntime.client.api.caller import Caller
from floruntime.client.api.operation import Ask
from floruntime.client.api.positions import Position, position_text
from floruntime.core.errors import (
    ConnectionFailedError,
    FloError,
    NotConnectedError,
    OverloadedError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.stream import ReadResult, StreamRead, StreamRecord

log = logging.getLogger("floruntime.client")

BLOCK_MS = 30_000
RECORDS_PER_READ = 100
RETRY_MS_FIRST = 50
RETRY_MS_MAX = 2_000
OUTLASTED = (ConnectionFailedError, OverloadedError, RequestTimeoutError, UnavailableError)

Callback = Callable[[StreamRecord], Awaitable[Any] | Any]
Sleep = Callable[[float], Awaitable[None]]


class StreamFollower(AsyncIterator[StreamRecord]):
    """An endless iterator of records; `await aclose()` or leaving the loop ends it.

    Where it begins is fixed when it is made; `await start()` to be certain.
    """

    def __init__(
        self,
        caller: Caller,
        stream: str,
        start: Position,
        partition: int | None,
        namespace: str | None,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._caller = caller
        self._namespace = namespace
        self._request = StreamRead(
            stream, start=position_text("start", start), partition=partition, limit=1
        )
        self._ready: deque[StreamRecord] = deque()
        self._retry_ms = RETRY_MS_FIRST
        self._is_started = False
        self._is_closed = False
        self._sleep = sleep
        self._beginning = Beginning(self._begin)

    async def start(self) -> None:
        """Wait until the position is fixed: every record after it is shown. Raises what the call
        raises.
        """
        await self._beginning.settled()
        if not self._is_started:
            await self._begin()

    async def _begin(self) -> None:
        self._go_on_after(await self._read(block_ms=0))

    async def aclose(self) -> None:
        """End it; a further step ends the loop."""
        self._is_closed = True
        self._ready.clear()

    async def __anext__(self) -> StreamRecord:
        await self.start()
        while not self._ready:
            if self._is_closed:
                raise StopAsyncIteration
            await self._wait()
        return self._ready.popleft()

    async def _read(self, block_ms: int) -> ReadResult:
        request = msgspec.structs.replace(self._request, block_ms=block_ms)
        return await self._caller.perform(
            Ask(request, None, namespace=self._namespace, block_ms=block_ms)
        )

    async def _wait(self) -> None:
        try:
            self._go_on_after(await self._read(BLOCK_MS))
        except OUTLASTED:
            await self._sleep(self._retry_ms / 1000)
            self._retry_ms = min(self._retry_ms * 2, RETRY_MS_MAX)

    def _go_on_after(self, reply: ReadResult) -> None:
        self._retry_ms = RETRY_MS_FIRST
        self._is_started = True
        self._ready.extend(reply.records)
        self._request = msgspec.structs.replace(
            self._request, start=None, after=str(reply.next_after), limit=RECORDS_PER_READ
        )


class Subscription:
    """A running `subscribe`. The callback gets one record at a time, in order.

    An exception of the callback is logged and the next record follows: a record that must not be
    lost to a failing handler wants a consumer group. `error` is what ended it early, if anything.
    """

    def __init__(self, follower: StreamFollower, callback: Callback) -> None:
        self._follower = follower
        self._callback = callback
        self.error: FloError | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def is_active(self) -> bool:
        """Whether records still come."""
        return not self._task.done()

    async def close(self) -> None:
        """End it: no callback begins after this returns. A callback may close its own."""
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
        except NotConnectedError as error:  # the client was closed, and meant to be
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
