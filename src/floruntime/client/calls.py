"""The calls of one client: it connects for them, sends them, and retries those that did not run."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any, TypeVar

from floruntime.client.api.base.leases import Leases
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.client.link.call import Call, Wait
from floruntime.client.link.channel import PASSING, Channel, again
from floruntime.client.link.listeners import Listeners
from floruntime.client.link.reads import Reads, ReadsFrom
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.token import Token, check_token
from floruntime.client.link.tracing import Tracing, the_tracing
from floruntime.client.link.transports.protocol import Transport
from floruntime.client.link.waits import WAITS
from floruntime.core.carriers import carries, with_traceparent
from floruntime.core.errors import (
    FloError,
    NotConnectedError,
    OverloadedError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.limits import check_block, check_duration, check_read_namespace
from floruntime.core.types import Request

R = TypeVar("R")

EMBEDDED = ("memory:", "file:")
"""The beginnings of endpoints whose server runs in this process."""
FOREIGN_LOOP = (
    "this client is connected in another event loop (of another thread, perhaps): use it "
    "there, or make a client for each event loop"
)
FOREIGN_PROCESS = (
    "this client was connected in another process, before a fork: make a client in each process"
)
_kept_after_fork: list[Channel] = []
"""Channels that a forked child must keep: closing one would close its parent's link, too."""


class Calls:
    """A caller that sends. `connect()` connects; otherwise the first call does."""

    def __init__(
        self,
        transport: Transport,
        *,
        endpoint: str,
        namespace: str,
        timeout_ms: int,
        token: Token | None,
        retry: RetryPolicy,
        reads: ReadsFrom,
        max_staleness_ms: int | None,
    ) -> None:
        self.transport = transport
        self.endpoint = endpoint
        self.namespace = check_read_namespace(namespace)
        self.leases = Leases()
        self._timeout_ms = check_duration("timeout_ms", timeout_ms, low=1)
        self.token = check_token(token)
        self._retry = retry
        self.reads = Reads(reads, max_staleness_ms)
        self._channel: Channel | None = None
        self._opening: asyncio.Task[Channel] | None = None
        self._refusal: FloError | None = None
        self._is_closed = False
        self.connects: Listeners[[]] = Listeners()
        self.disconnects: Listeners[[FloError]] = Listeners()

    # Making calls

    def call(
        self,
        request: Request[R],
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
        block_ms: int = 0,
        wait: Wait | None = None,
        is_alone: bool = False,
    ) -> Operation[R]:
        """Send a request and return its typed answer. The options are those of `Ask`."""
        ask: Ask[R] = Ask(
            request,
            namespace=namespace,
            timeout_ms=timeout_ms,
            block_ms=block_ms,
            wait=wait,
            is_alone=is_alone,
        )
        return self.perform(ask)

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """Make one call.

        If the server certainly did not run it, because it was overloaded or shutting down, it is
        sent again with back-off until the call's time is up.
        """
        return Operation(self._run(ask))

    async def _run(self, ask: Ask[R]) -> R:
        check_block(ask.block_ms)
        tracing = the_tracing()
        if tracing is not None and carries(ask.request):
            return await self._traced(tracing, ask)
        return await self._waited_for(ask)

    async def _traced(self, tracing: Tracing, ask: Ask[R]) -> R:
        where = self.namespace if ask.namespace is None else ask.namespace
        with tracing.sending(ask.request, where) as traceparent:
            if traceparent is not None:
                ask.request = with_traceparent(ask.request, traceparent)
            return await self._waited_for(ask)

    async def _waited_for(self, ask: Ask[R]) -> R:
        waits = WAITS.get() if ask.block_ms else None
        if waits is None:
            return await self._until_answered(ask)
        with waits:
            return await self._until_answered(ask)

    async def _until_answered(self, ask: Ask[R]) -> R:
        loop = asyncio.get_running_loop()
        timeout_ms = ask.block_ms + (
            self._timeout_ms
            if ask.timeout_ms is None
            else check_duration("timeout_ms", ask.timeout_ms, low=1)
        )
        if self._channel_of(loop) is None and self.endpoint.startswith(EMBEDDED):
            await self._opened()  # a server that starts in this process takes the time it takes
        deadline_s = loop.time() + timeout_ms / 1000
        where = self.namespace if ask.namespace is None else ask.namespace
        attempt = 0
        while True:
            try:
                channel = self._channel_of(loop) or await self._opened_by(
                    deadline_s, ask, timeout_ms
                )
                call = Call(ask.request, where, ask.block_ms, loop.create_future())
                answer = await _attempt(channel, call, deadline_s, timeout_ms, ask)
                return ask.finished(answer)
            except (OverloadedError, UnavailableError) as error:
                delay_s = self._retry.delay_ms(attempt, random.random()) / 1000
                if error.ran != "no" or loop.time() + delay_s >= deadline_s:
                    raise
            await asyncio.sleep(delay_s)
            attempt += 1

    async def _opened_by(self, deadline_s: float, ask: Ask[Any], timeout_ms: int) -> Channel:
        try:
            async with asyncio.timeout_at(deadline_s):
                return await self._opened()
        except TimeoutError as error:
            if isinstance(error, FloError):
                raise
            raise RequestTimeoutError(
                f"{type(ask.request).__name__} was not sent within {timeout_ms} ms: there is no "
                f"connection to {self.endpoint} yet"
            ) from None

    # Being connected

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self._channel is not None and self._channel.is_connected

    @property
    def was_opened(self) -> bool:
        """Whether it is connected, or is connecting."""
        return self._channel is not None or self._opening is not None

    async def connect(self, wait_ms: int = 0) -> None:
        """Connect; also open a closed client again, and one that was refused.

        `wait_ms`: how long to keep trying if no server can be reached, or none takes a client.
        """
        check_duration("wait_ms", wait_ms)
        self._is_closed = False
        if self._refusal is not None:
            await self._drop()
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_ms / 1000
        attempt = 0
        while self._channel_of(loop) is None:
            try:
                await self._opened()
            except PASSING:
                delay_s = self._retry.delay_ms(attempt, random.random()) / 1000
                if loop.time() + delay_s >= until_s:
                    raise
                attempt += 1
                await asyncio.sleep(delay_s)

    async def close(self) -> None:
        """Fail all calls under way and release everything."""
        self._is_closed = True
        await self._drop()

    def _channel_of(self, loop: asyncio.AbstractEventLoop) -> Channel | None:
        """Return the channel if `loop` can use it.

        Raises `NotConnectedError` if it belongs to another event loop or process.
        """
        channel = self._channel
        if channel is None:
            return None
        if channel.process != os.getpid():
            raise NotConnectedError(FOREIGN_PROCESS)
        if channel.loop is loop:
            return channel if channel.is_open else None
        if not channel.loop.is_closed():
            raise NotConnectedError(FOREIGN_LOOP)
        self._channel = None  # it ended with its loop
        return None

    async def _opened(self) -> Channel:
        """Return the channel, which is opened once however many callers ask."""
        if self._is_closed:
            raise NotConnectedError("the client was closed; await connect() opens it again")
        if self._refusal is not None:
            raise again(self._refusal)
        loop = asyncio.get_running_loop()
        opening = self._opening
        if opening is None or opening.get_loop().is_closed():
            self._opening = opening = loop.create_task(self._open())
            opening.add_done_callback(self._opening_ended)
        elif opening.get_loop() is not loop:
            raise NotConnectedError(FOREIGN_LOOP)
        try:
            return await asyncio.shield(opening)  # others wait for it, too
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not opening.cancelled() or (task is not None and task.cancelling()):
                raise
            raise NotConnectedError("the client was closed") from None

    async def _open(self) -> Channel:
        channel = Channel(
            self.transport,
            self,
            endpoint=self.endpoint,
            namespace=self.namespace,
            token=self.token,
            timeout_s=self._timeout_ms / 1000,
            retry=self._retry,
            reads=self.reads,
        )
        await channel.open()
        self._channel = channel
        return channel

    def _opening_ended(self, opening: asyncio.Task[Channel]) -> None:
        if self._opening is opening:
            self._opening = None
        if not opening.cancelled():
            opening.exception()  # all callers have had the error, or have given up

    async def _drop(self) -> None:
        """Close the channel, if this is its event loop, or its event loop has ended."""
        loop = asyncio.get_running_loop()
        opening, self._opening = self._opening, None
        if opening is not None and opening.get_loop() is loop:
            opening.cancel()
            await asyncio.wait([opening])
        channel, self._refusal = self._channel, None
        if channel is None:
            return
        if channel.process != os.getpid():
            _kept_after_fork.append(channel)
        elif channel.loop is loop:
            self._channel = None
            await channel.close()
            return
        elif not channel.loop.is_closed():
            raise NotConnectedError(f"{FOREIGN_LOOP}; close it there, too")
        self._channel = None

    # What channels tell

    def connected(self) -> None:
        """The link is up, for the first time or again."""
        self.connects.tell()

    def disconnected(self, reason: FloError) -> None:
        """The link is lost."""
        self.disconnects.tell(reason)

    def ended(self, refusal: FloError) -> None:
        """The server refused the client for good."""
        self._refusal = refusal
        self.disconnects.tell(refusal)


async def _attempt(
    channel: Channel, call: Call, deadline_s: float, timeout_ms: int, ask: Ask[Any]
) -> Any:
    assert call.future is not None
    wait = ask.wait
    call.deadline_s = deadline_s
    call.on_late = None if wait is None else wait.on_late
    channel.submit(call)
    if ask.is_alone:
        channel.flush()
    if wait is not None:
        wait.attach(lambda: channel.end_wait(call))
    timer = channel.loop.call_at(deadline_s, channel.time_out, call, timeout_ms)
    try:
        return await call.future
    except asyncio.CancelledError:
        channel.abandon(call)
        raise
    finally:
        timer.cancel()
