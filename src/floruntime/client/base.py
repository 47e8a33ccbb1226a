"""`BaseClient`: everything that a `FloClient` does, except making workers."""

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
from floruntime.core.limits import check_read_namespace
from floruntime.core.system import Backup, GetServerInfo, Ping, ServerInfo
from floruntime.core.types import Request

R = TypeVar("R")


class BaseClient:
    """A `FloClient` that makes no workers: workers stand on it themselves."""

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
        #: The caller that all parts of the client share.
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

    def __repr__(self) -> str:
        return f"<FloClient {self.endpoint}, namespace {self.namespace}>"

    @property
    def endpoint(self) -> str:
        """The endpoint that it connects to, without the options that an address adds."""
        return self.calls.endpoint

    @property
    def namespace(self) -> str:
        """The namespace of calls that name none."""
        return self._caller.namespace

    @property
    def staleness_ms(self) -> int:
        """How old the state behind the latest answer may have been, with `reads="local"`.

        The age is counted from the leader's last sign of life that the answering node had seen. It
        is 0 if the leader itself answered.
        """
        return self.calls.reads.staleness_ms

    def within(self, namespace: str) -> Self:
        """Return a client on the same connection with another default namespace.

        Raises `BadRequestError` if the name is invalid.
        """
        other = copy.copy(self)
        other._make_parts(Elsewhere(self.calls, check_read_namespace(namespace)))
        return other

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self.calls.is_connected

    async def connect(self, *, wait_ms: int = 0) -> Self:
        """Connect, and return the client. Connecting a second time does nothing.

        Calls connect automatically, but not after `close()`, nor once the server has permanently
        refused the client. `connect()` then tries again.

        `wait_ms`: how long to keep trying if no server can be reached yet; 0, the default, tries
        once.

        Raises `ConnectionFailedError` if there is no connection within the client's time-out (at
        once if the connection is refused), `UnauthorizedError` or `ForbiddenError` if the server
        refuses the token, and `NotConnectedError` if the client is connected in another event loop.
        """
        await self.calls.connect(wait_ms)
        return self

    async def close(self) -> None:
        """Close the client. Calls under way fail with `NotConnectedError`.

        A second close does nothing. If a forked child closes its parent's client, the parent's
        connection is not affected.

        Raises `NotConnectedError` if the client is connected in another event loop: close it there.
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
        """Call `listener`, a plain or an async function, whenever the connection is up.

        That includes every reconnection. Returns a function that removes the listener.

        Raises `BadRequestError` if `listener` is not a function. What the listener raises is
        logged.
        """
        return self.calls.connects.add(listener)

    def on_disconnect(
        self, listener: Callable[[FloError], Awaitable[Any] | Any]
    ) -> Callable[[], None]:
        """Call `listener`, a plain or an async function, whenever the connection is lost.

        It gets the reason. It is also called, with the refusal, when the server permanently refuses
        the client, but not for `close()`. Returns a function that removes the listener.

        Raises `BadRequestError` if `listener` is not a function. What the listener raises is
        logged.
        """
        return self.calls.disconnects.add(listener)

    def batch(self, *, namespace: str | None = None, timeout_ms: int | None = None) -> Batch:
        """Collect several writes, all or nothing: `async with client.batch() as b: b.kv.put(...)`.

        A batch takes at most 1,000 writes and 4 MiB. `namespace`, `timeout_ms`: by default the
        client's own.

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
        """Send a request of `floruntime.core` that no method sends. Returns its typed answer.

        `namespace`, `timeout_ms`: by default the client's own. `block_ms`: how long the request may
        wait at the server, in addition to its time-out; default 0, at most 300,000.

        Raises the `FloError` that the server or the connection gave.
        """
        where = self.namespace if namespace is None else namespace
        return self.calls.call(request, namespace=where, timeout_ms=timeout_ms, block_ms=block_ms)

    async def ping(self) -> float:
        """Return the time of a round trip to the server, in milliseconds.

        Raises what the connection raises.
        """
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        await self.calls.call(Ping())
        return (loop.time() - begun_s) * 1000

    def info(self) -> Operation[ServerInfo]:
        """Return facts about the running server: version, durability, limits, and its uptime.

        Raises what the connection raises.
        """
        return self.calls.call(GetServerInfo())

    def backup(self, directory: str, *, timeout_ms: int | None = None) -> Operation[str]:
        """Copy the server's state into a new `directory` on its machine. Returns the full path.

        `timeout_ms`: by default the client's own; a large state takes longer.

        Raises `BadRequestError` if the directory is not empty, or cannot be written.
        """
        return self.calls.call(Backup(directory), timeout_ms=timeout_ms)
