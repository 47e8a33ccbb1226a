"""`FloClient`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, Unpack

from floruntime.client.base import R
from floruntime.client.client import FloClient as AsyncFloClient
from floruntime.client.link.reads import ReadsFrom
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.token import Token
from floruntime.client.link.transports.protocol import Transport
from floruntime.client.worker.options import (
    ActionWorkerOptions,
    QueueWorkerOptions,
    StreamWorkerOptions,
)
from floruntime.core import defaults
from floruntime.core.errors import FloError
from floruntime.core.system import ServerInfo
from floruntime.core.types import Request
from floruntime.sync.action import Action
from floruntime.sync.action_worker import ActionWorker
from floruntime.sync.batch import Batch
from floruntime.sync.bridge import Bridge
from floruntime.sync.cluster import Cluster
from floruntime.sync.console import Console
from floruntime.sync.jobs import Jobs
from floruntime.sync.kv import Kv
from floruntime.sync.namespaces import Namespaces
from floruntime.sync.queue import Queue
from floruntime.sync.queue_worker import QueueWorker
from floruntime.sync.standing import ClientOf
from floruntime.sync.stream import Stream
from floruntime.sync.stream_worker import StreamWorker
from floruntime.sync.tokens import Tokens
from floruntime.sync.worker import Worker
from floruntime.sync.workflow import Workflow


class FloClient(ClientOf):
    """A client of one server: `with FloClient("localhost:9000") as client: ...`.

    What it can do is in its parts, `kv`, `queue`, `stream` (also `streams`), `action`, `worker`,
    `workflow`, `namespaces`, `tokens` and `console`: `help(client.kv)` shows the calls of one. Any
    of them may raise a `FloError`: a `BadRequestError` names the value that can never be right, and
    what would be; `.ran` tells whether what was asked was certainly not done ("no").

    `endpoint`: `host:port` (port 9000 unless told), `ws://` or `wss://host:port/ws`, `memory://` (a
    server of its own inside the process) or `file:PATH` (the whole server inside the process on
    that data directory); or one address for all of it,
    `flo://TOKEN@host:9000/namespace?tls=1&ca=ca.pem` (`flos://` for TLS), where options that are
    given here win. Without an endpoint the environment says it: `FLO_URL`, such an address, and
    what that leaves open `FLO_HOST`, `FLO_NAMESPACE`, `FLO_TOKEN`, `FLO_TLS`, `FLO_TLS_CA`,
    `FLO_CLIENT_CERT`, `FLO_CLIENT_KEY`; else it is `localhost:9000`. `namespace`: where calls work
    that name no other. `timeout_ms`: how long a call may take, beside its own `block_ms`. `token`:
    who one is, once the server has tokens. `tls`: `True`, or an `ssl.SSLContext`. `retry`: the
    pauses before it connects again. `transport`: stands in for the endpoint's own. `reads`: in a
    cluster, `"local"` lets any node answer from its own copy what only reads (of keys and streams,
    lists, infos, histories), perhaps an old state, but never one behind what this client has seen;
    `staleness_ms` tells how old. `max_staleness_ms`: what may be older is asked of the leader.

    By default: namespace `default`, 5,000 ms, no token, no TLS, pauses from 50 ms to 2 s, reads
    `"linearizable"`, however stale with `"local"`. `token`
    may be a function that is asked for one at each connection.

    The first call connects. One connection carries any number of calls at once; in a cluster there
    are others beside it, straight to those who lead what is asked, where they can be reached. After
    a lost one it connects again in the background; calls wait for that up to their time-out, and
    each write happens once.
    """

    def __init__(
        self,
        endpoint: str = defaults.LEFT_OUT,
        *,
        namespace: str = defaults.Unsaid(defaults.NAMESPACE),
        timeout_ms: int = defaults.TIMEOUT_MS,
        token: Token | None = None,
        tls: bool | ssl.SSLContext | None = None,
        retry: RetryPolicy = RetryPolicy(),
        transport: Transport | None = None,
        reads: ReadsFrom = defaults.READS,
        max_staleness_ms: int | None = None,
    ) -> None:
        super().__init__(
            Bridge(
                lambda: AsyncFloClient(
                    endpoint,
                    namespace=namespace,
                    timeout_ms=timeout_ms,
                    token=token,
                    tls=tls,
                    retry=retry,
                    transport=transport,
                    reads=reads,
                    max_staleness_ms=max_staleness_ms,
                )
            )
        )

    def _make_parts(self, bridge: Bridge) -> None:
        self.kv = Kv(bridge)
        self.queue = Queue(bridge)
        self.stream = self.streams = Stream(bridge)
        self.action = Action(bridge)
        self.worker = Worker(bridge)
        self.workflow = Workflow(bridge)
        self.jobs = Jobs(bridge)
        self.namespaces = Namespaces(bridge)
        self.tokens = Tokens(bridge)
        self.console = Console(bridge)
        self.cluster = Cluster(bridge)

    @property
    def endpoint(self) -> str:
        """What it is connected to, as it was given, but for what an address says beside."""
        return self._of.endpoint

    @property
    def namespace(self) -> str:
        """Where calls go that name no other."""
        return self._of.namespace

    @property
    def staleness_ms(self) -> int:
        """With `reads="local"`: how old the state may have been that the latest answer came from.

        Counted from the last sign of the leader that the node which answered had heard; 0 where the
        leader itself answered.
        """
        return self._of.staleness_ms

    def within(self, namespace: str) -> Self:
        """This client, on the same connection, with another namespace for calls that name none.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._elsewhere(lambda: self._of.within(namespace))

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self._of.is_connected

    def connect(self, *, wait_ms: int = 0) -> Self:
        """Connect, and give the client. A second time does nothing.

        `wait_ms`: for how long to try where no server is to be reached (yet); 0, the default, tries
        once.

        Calls do it by themselves, but not after `close()`, nor once the server has refused the
        client for good: `connect()` then tries once more.

        Raises `ConnectionFailedError` if there is no connection within the client's time-out (at
        once if it is refused), `UnauthorizedError` or `ForbiddenError` where the server refuses the
        token, and `NotConnectedError` where it is connected in another event loop.
        """
        self._bridge.run(self._of.connect(wait_ms=wait_ms))
        return self

    def close(self) -> None:
        """Close. Calls under way fail with `NotConnectedError`. A second time does nothing.

        A child of a fork that closes its parent's client leaves the parent's connection alone.

        Raises `NotConnectedError` where it is connected in another event loop: close it there.
        """
        self._bridge.run(self._of.close())

    def on_connect(self, listener: Callable[[], Awaitable[Any] | Any]) -> Callable[[], None]:
        """Call `listener` whenever the connection is up: the first
        time and again. Gives a function that ends this.

        Raises `BadRequestError` on what is no function. What the listener raises is logged.
        """
        return self._bridge.listen("connect", listener)

    def on_disconnect(
        self, listener: Callable[[FloError], Awaitable[Any] | Any]
    ) -> Callable[[], None]:
        """Call `listener` with the reason whenever the connection is
        lost, and with the refusal when the server refuses the client for good; not for `close()`.
        Gives a function that ends this.

        Raises `BadRequestError` on what is no function. What the listener raises is logged.
        """
        return self._bridge.listen("disconnect", listener)

    def batch(self, *, namespace: str | None = None, timeout_ms: int | None = None) -> Batch:
        """Several writes, all or nothing: `with client.batch() as b: b.kv.put(...)`.

        `namespace`, `timeout_ms`: the client's own unless given. At most 1,000 writes and 4 MiB.

        The end of the block raises what any of the writes raises, with `.index`; then none of them
        happened.
        """
        return Batch(self._bridge, self._of.batch(namespace=namespace, timeout_ms=timeout_ms))

    def call(
        self,
        request: Request[R],
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
        block_ms: int = 0,
    ) -> R:
        """Send a request as it travels (`floruntime.core`); its typed answer.

        For what no method sends. `namespace`, `timeout_ms`: the client's own unless given.
        `block_ms`: how long the request may wait at the server, beside its time-out; 0 unless
        given, 300,000 at most.

        Raises the `FloError` that the server or the connection gave.
        """
        return self._bridge.run(
            self._of.call(request, namespace=namespace, timeout_ms=timeout_ms, block_ms=block_ms)
        )

    def ping(self) -> float:
        """The time that a round trip to the server takes, in milliseconds.

        Raises what the connection raises.
        """
        return self._bridge.run(self._of.ping())

    def info(self) -> ServerInfo:
        """The running server: version, durability, limits, time since its start.

        Raises what the connection raises.
        """
        return self._bridge.run(self._of.info())

    def backup(self, directory: str, *, timeout_ms: int | None = None) -> str:
        """Copy the running server's state into `directory`, new on its machine; the full path.

        `timeout_ms`: the client's own unless given; a large state takes longer.

        Raises `BadRequestError` where the directory has something in it, or cannot be written.
        """
        return self._bridge.run(self._of.backup(directory, timeout_ms=timeout_ms))

    def new_action_worker(self, **options: Unpack[ActionWorkerOptions]) -> ActionWorker:
        """An `ActionWorker` on this client's connection; options as there, but for the endpoint.

        It works in the client's namespace unless told, and leaves the client open when it ends.

        Raises `BadRequestError` on an option out of its limits.
        """
        return ActionWorker(self, **options)

    def new_queue_worker(self, **options: Unpack[QueueWorkerOptions]) -> QueueWorker:
        """A `QueueWorker` on this client's connection; options as there, but for the endpoint.

        It works in the client's namespace unless told, and leaves the client open when it ends.

        Raises `BadRequestError` on an option out of its limits.
        """
        return QueueWorker(self, **options)

    def new_stream_worker(self, **options: Unpack[StreamWorkerOptions]) -> StreamWorker:
        """A `StreamWorker` on this client's connection; options as there, but for the endpoint.

        It works in the client's namespace unless told, and leaves the client open when it ends.

        Raises `BadRequestError` on an option out of its limits.
        """
        return StreamWorker(self, **options)

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
