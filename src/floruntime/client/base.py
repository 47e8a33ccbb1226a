"""One connection, any number of concurrent calls: what a `FloClient` is, but for its workers."""

from __future__ import annotations

import asyncio
import random
import ssl
from types import TracebackType
from typing import Any, Self, TypeVar

from floruntime.client.api.action import Action
from floruntime.client.api.batch import Batch
from floruntime.client.api.kv import Kv
from floruntime.client.api.leases import Leases
from floruntime.client.api.namespaces import Namespaces
from floruntime.client.api.operation import Ask, Operation
from floruntime.client.api.queue import Queue
from floruntime.client.api.stream import Stream
from floruntime.client.api.tokens import Tokens
from floruntime.client.api.worker import Worker
from floruntime.client.api.workflow import Workflow
from floruntime.client.link.call import Call, Wait
from floruntime.client.link.channel import Channel
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.transports.opening import open_transport
from floruntime.client.link.transports.protocol import Transport
from floruntime.client.link.waits import WAITS
from floruntime.core import defaults
from floruntime.core.errors import NotConnectedError, OverloadedError, UnavailableError
from floruntime.core.limits import check_block, check_duration, check_namespace
from floruntime.core.system import GetServerInfo, Ping, ServerInfo
from floruntime.core.types import Request

R = TypeVar("R")


class BaseClient:
    """A `FloClient` that makes no workers; they stand on it themselves."""

    def __init__(
        self,
        endpoint: str,
        *,
        namespace: str = defaults.NAMESPACE,
        timeout_ms: int = defaults.TIMEOUT_MS,
        token: str | None = None,
        tls: bool | ssl.SSLContext | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 # frozen
        transport: Transport | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.namespace = check_namespace(namespace)
        self._timeout_ms = check_duration("timeout_ms", timeout_ms, low=1)
        self._token = token
        self._tls = tls
        self._retry = retry
        self._transport = transport or open_transport(endpoint, tls)
        self._channel: Channel | None = None
        self._connecting = asyncio.Lock()
        #: What it remembers of its deliveries, so that settling by id alone is fenced.
        self.leases = Leases()
        self.kv = Kv(self)
        self.queue = Queue(self)
        self.stream = self.streams = Stream(self)
        self.action = Action(self)
        self.worker = Worker(self)
        self.workflow = Workflow(self)
        self.namespaces = Namespaces(self)
        self.tokens = Tokens(self)

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self._channel is not None and self._channel.is_connected

    async def connect(self) -> Self:
        """Connect once; a second time does nothing. The client itself.

        Raises `ConnectionFailedError` if there is no connection within `timeout_ms` (at once if it
        is refused), and the server's refusal of the token.
        """
        async with self._connecting:
            if self._channel is None:
                channel = self._new_channel()
                await channel.open()
                self._channel = channel
        return self

    def _new_channel(self) -> Channel:
        return Channel(
            self._transport,
            endpoint=self.endpoint,
            namespace=self.namespace,
            token=self._token,
            timeout_s=self._timeout_ms / 1000,
            retry=self._retry,
        )

    async def close(self) -> None:
        """Close. Calls under way fail with `NotConnectedError`. Doing it twice does nothing."""
        async with self._connecting:
            channel, self._channel = self._channel, None
            if channel is not None:
                await channel.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def call(
        self,
        request: Request[R],
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
        block_ms: int = 0,
        wait: Wait | None = None,
    ) -> Operation[R]:
        """Send a request as it travels; its typed answer. What the methods of all parts do.

        `namespace`, `timeout_ms`: the client's own unless given. `block_ms`: how long the request
        may wait at the server, 0 unless given; it is added to the time-out. `wait` can end that
        early; by default nothing does.

        Raises the `FloError` that the server or the connection gave.
        """
        return self.perform(
            Ask(
                request,
                None,
                namespace=namespace,
                timeout_ms=timeout_ms,
                block_ms=block_ms,
                wait=wait,
            )
        )

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """Make one call. What the server certainly did not run because it was overloaded or
        shutting down is sent again, with back-off, while the call's time lasts.

        Raises the `FloError` that the server or the connection gave.
        """
        return Operation(self._run(ask))

    async def _run(self, ask: Ask[R]) -> R:
        check_block(ask.block_ms)
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
        deadline_s = loop.time() + timeout_ms / 1000
        where = self.namespace if ask.namespace is None else ask.namespace
        attempt = 0
        while True:
            call = Call(ask.request, where, ask.block_ms, loop.create_future())
            try:
                return ask.finished(await self._attempt(call, deadline_s, timeout_ms, ask.wait))
            except (OverloadedError, UnavailableError) as error:
                delay_s = self._retry.delay_ms(attempt, random.random()) / 1000
                if error.ran != "no" or loop.time() + delay_s >= deadline_s:
                    raise
            await asyncio.sleep(delay_s)
            attempt += 1

    async def _attempt(
        self, call: Call, deadline_s: float, timeout_ms: int, wait: Wait | None
    ) -> Any:
        channel = self._channel
        if channel is None:
            raise NotConnectedError(
                "the client is not connected: use `async with` or await connect() first"
            )
        assert call.future is not None
        channel.submit(call)
        if wait is not None:
            wait.attach(lambda: channel.end_wait(call))
        timer = call.future.get_loop().call_at(deadline_s, channel.time_out, call, timeout_ms)
        try:
            return await call.future
        except asyncio.CancelledError:
            channel.abandon(call)
            raise
        finally:
            timer.cancel()

    def batch(self, *, namespace: str | None = None, timeout_ms: int | None = None) -> Batch:
        """Several writes, all or nothing: `async with client.batch() as b: b.kv.put(...)`.

        `namespace`, `timeout_ms`: the client's own unless given. At most 1,000 writes and 4 MiB.

        The end of the block raises what any of the writes raises, with `.index`; then none of them
        happened.
        """
        return Batch(self, namespace=namespace, timeout_ms=timeout_ms)

    async def ping(self) -> float:
        """The time that a round trip to the server takes, in milliseconds.

        Raises what the connection raises.
        """
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        await self.call(Ping())
        return (loop.time() - begun_s) * 1000

    def info(self) -> Operation[ServerInfo]:
        """The running server: version, durability, limits, time since its start.

        Raises what the connection raises.
        """
        return self.call(GetServerInfo())
