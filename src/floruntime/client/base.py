"""One connection, any number of concurrent calls: what a `FloClient` is, but for its workers."""

from __future__ import annotations

import asyncio
import copy
import os
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from floruntime.client.api.action.action import Action
from floruntime.client.api.base.caller import Caller, Elsewhere
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.batch import Batch
from floruntime.client.api.cluster import Cluster
from floruntime.client.api.console import Console
from floruntime.client.api.jobs import Jobs
from floruntime.client.api.kv.kv import Kv
from floruntime.client.api.namespaces import Namespaces
from floruntime.client.api.queue.queue import Queue
from floruntime.client.api.stream.stream import Stream
from floruntime.client.api.tokens import Tokens
from floruntime.client.api.worker.worker import Worker
from floruntime.client.api.workflow.workflow import Workflow
from floruntime.client.calls import Calls
from floruntime.client.link.address import address_in, read_address
from floruntime.client.link.reads import ReadsFrom
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.token import Token
from floruntime.client.link.transports.opening import open_transport
from floruntime.client.link.transports.protocol import Transport
from floruntime.core import defaults
from floruntime.core.errors import FloError
from floruntime.core.limits import check_namespace
from floruntime.core.system import Backup, GetServerInfo, Ping, ServerInfo
from floruntime.core.types import Request

R = TypeVar("R")


class BaseClient:
    """A `FloClient` that makes no workers; they stand on it themselves."""

    def __init__(
        self,
        endpoint: str = defaults.LEFT_OUT,
        *,
        namespace: str = defaults.Unsaid(defaults.NAMESPACE),
        timeout_ms: int = defaults.TIMEOUT_MS,
        token: Token | None = None,
        tls: bool | ssl.SSLContext | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 # frozen
        transport: Transport | None = None,
        reads: ReadsFrom = defaults.READS,
        max_staleness_ms: int | None = None,
    ) -> None:
        is_left_out = endpoint is defaults.LEFT_OUT
        address = address_in(os.environ) if is_left_out else read_address(endpoint)
        self.tls = tls = address.tls.context() if tls is None and address.tls else tls
        #: What its parts stand on.
        self.calls = calls = self._new_calls(
            transport or open_transport(address.endpoint, tls),
            endpoint=address.endpoint,
            namespace=defaults.unless_said(namespace, address.namespace),
            timeout_ms=timeout_ms,
            token=address.token if token is None else token,
            retry=retry,
            reads=reads,
            max_staleness_ms=max_staleness_ms,
        )
        self._make_parts(calls)

    def _make_parts(self, calls: Caller) -> None:
        self._caller = calls
        self.kv = Kv(calls)
        self.queue = Queue(calls)
        self.stream = self.streams = Stream(calls)
        self.action = Action(calls)
        self.worker = Worker(calls)
        self.workflow = Workflow(calls)
        self.jobs = Jobs(calls)
        self.namespaces = Namespaces(calls)
        self.tokens = Tokens(calls)
        self.console = Console(calls)
        self.cluster = Cluster(calls)

    def _new_calls(self, transport: Transport, **options: Any) -> Calls:
        return Calls(transport, **options)

    @property
    def endpoint(self) -> str:
        """What it is connected to, as it was given, but for what an address says beside."""
        return self.calls.endpoint

    @property
    def namespace(self) -> str:
        """Where calls go that name no other."""
        return self._caller.namespace

    @property
    def staleness_ms(self) -> int:
        """With `reads="local"`: how old the state may have been that the latest answer came from.

        Counted from the last sign of the leader that the node which answered had heard; 0 where the
        leader itself answered.
        """
        return self.calls.reads.staleness_ms

    def within(self, namespace: str) -> Self:
        """This client, on the same connection, with another namespace for calls that name none.

        Raises `BadRequestError` on a name that cannot be.
        """
        other = copy.copy(self)
        other._make_parts(Elsewhere(self.calls, check_namespace(namespace)))
        return other

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self.calls.is_connected

    async def connect(self, *, wait_ms: int = 0) -> Self:
        """Connect, and give the client. A second time does nothing.

        `wait_ms`: for how long to try where no server is to be reached (yet); 0, the default, tries
        once.

        Calls do it by themselves, but not after `close()`, nor once the server has refused the
        client for good: `connect()` then tries once more.

        Raises `ConnectionFailedError` if there is no connection within the client's time-out (at
        once if it is refused), `UnauthorizedError` or `ForbiddenError` where the server refuses the
        token, and `NotConnectedError` where it is connected in another event loop.
        """
        await self.calls.connect(wait_ms)
        return self

    async def close(self) -> None:
        """Close. Calls under way fail with `NotConnectedError`. A second time does nothing.

        A child of a fork that closes its parent's client leaves the parent's connection alone.

        Raises `NotConnectedError` where it is connected in another event loop: close it there.
        """
        await self.calls.close()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def on_connect(self, listener: Callable[[], Awaitable[Any] | Any]) -> Callable[[], None]:
        """Call `listener`, a plain or an async function, whenever the connection is up: the first
        time and again. Gives a function that ends this.

        Raises `BadRequestError` on what is no function. What the listener raises is logged.
        """
        return self.calls.connects.add(listener)

    def on_disconnect(
        self, listener: Callable[[FloError], Awaitable[Any] | Any]
    ) -> Callable[[], None]:
        """Call `listener`, a plain or an async function, with the reason whenever the connection is
        lost, and with the refusal when the server refuses the client for good; not for `close()`.
        Gives a function that ends this.

        Raises `BadRequestError` on what is no function. What the listener raises is logged.
        """
        return self.calls.disconnects.add(listener)

    def batch(self, *, namespace: str | None = None, timeout_ms: int | None = None) -> Batch:
        """Several writes, all or nothing: `async with client.batch() as b: b.kv.put(...)`.

        `namespace`, `timeout_ms`: the client's own unless given. At most 1,000 writes and 4 MiB.

        The end of the block raises what any of the writes raises, with `.index`; then none of them
        happened.
        """
        return Batch(self._caller, namespace=namespace, timeout_ms=timeout_ms)

    def call(
        self,
        request: Request[R],
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
        block_ms: int = 0,
    ) -> Operation[R]:
        """Send a request as it travels (`floruntime.core`); its typed answer.

        For what no method sends. `namespace`, `timeout_ms`: the client's own unless given.
        `block_ms`: how long the request may wait at the server, beside its time-out; 0 unless
        given, 300,000 at most.

        Raises the `FloError` that the server or the connection gave.
        """
        where = self.namespace if namespace is None else namespace
        return self.calls.call(request, namespace=where, timeout_ms=timeout_ms, block_ms=block_ms)

    async def ping(self) -> float:
        """The time that a round trip to the server takes, in milliseconds.

        Raises what the connection raises.
        """
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        await self.calls.call(Ping())
        return (loop.time() - begun_s) * 1000

    def info(self) -> Operation[ServerInfo]:
        """The running server: version, durability, limits, time since its start.

        Raises what the connection raises.
        """
        return self.calls.call(GetServerInfo())

    def backup(self, directory: str, *, timeout_ms: int | None = None) -> Operation[str]:
        """Copy the running server's state into `directory`, new on its machine; the full path.

        `timeout_ms`: the client's own unless given; a large state takes longer.

        Raises `BadRequestError` where the directory has something in it, or cannot be written.
        """
        return self.calls.call(Backup(directory), timeout_ms=timeout_ms)
