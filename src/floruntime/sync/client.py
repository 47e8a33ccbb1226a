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

    Its parts are `kv`, `queue`, `stream` (also `streams`), `action`, `worker`, `workflow`,
    `namespaces`, `tokens` and `console`; `help(client.kv)` shows the calls of one. Any call may
    raise a `FloError`. A `BadRequestError` names the value that can never be right, and what would
    be right. `.ran` is "no" if the call certainly took no effect.

    `endpoint` is one of these:

    - `host:port`; the port is 9000 by default.
    - `ws://host:port/ws`, or `wss://` for TLS.
    - `memory://`: a server inside this process, in memory.
    - `file:PATH`: a server inside this process, on that data directory.
    - An address with more options, `flo://TOKEN@host:9000/namespace?tls=1&ca=ca.pem` (`flos://` for
      TLS). Options that are given as arguments win.

    Without an endpoint, the environment decides: `FLO_URL` holds such an address. What the address
    leaves open comes from `FLO_HOST`, `FLO_NAMESPACE`, `FLO_TOKEN`, `FLO_TLS`, `FLO_TLS_CA`,
    `FLO_CLIENT_CERT` and `FLO_CLIENT_KEY`. Without any of them it is `localhost:9000`.

    - `namespace`: the namespace of calls that name none; default `default`.
    - `timeout_ms`: how long a call may take, in addition to its own `block_ms`; default 5,000.
    - `token`: needed once the server has tokens; none by default. It may also be a function, plain
      or async, that is called for a token at each connection.
    - `tls`: `True`, or an `ssl.SSLContext`; no TLS by default.
    - `retry`: the pauses between attempts to connect again; by default from 50 ms to 2 s.
    - `transport`: replaces the endpoint's own transport.
    - `reads`: `"linearizable"`, the default, or `"local"`. In a cluster, `"local"` lets any node
      answer reads (of keys and streams, lists, infos, histories) from its own copy. The answer may
      be old, but never older than what this client has already seen; `staleness_ms` tells its age.
    - `max_staleness_ms`: with `"local"`, the leader answers if the copy may be older than this; by
      default any age will do.

    The first call connects. One connection carries any number of calls at once. In a cluster, the
    client also connects directly to the nodes that lead what it asks for, if it can reach them.
    After a lost connection it connects again in the background. Calls wait for that up to their
    time-out, and each write happens once.
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
        """The endpoint that it connects to, without the options that an address adds."""
        return self._of.endpoint

    @property
    def namespace(self) -> str:
        """The namespace of calls that name none."""
        return self._of.namespace

    @property
    def staleness_ms(self) -> int:
        """How old the state behind the latest answer may have been, with `reads="local"`.

        The age is counted from the leader's last sign of life that the answering node had seen. It
        is 0 if the leader itself answered.
        """
        return self._of.staleness_ms

    def within(self, namespace: str) -> Self:
        """Return a client on the same connection with another default namespace.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._elsewhere(lambda: self._of.within(namespace))

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self._of.is_connected

    def connect(self, *, wait_ms: int = 0) -> Self:
        """Connect, and return the client. Connecting a second time does nothing.

        Calls connect automatically, but not after `close()`, nor once the server has permanently
        refused the client. `connect()` then tries again.

        `wait_ms`: how long to keep trying if no server can be reached yet; 0, the default, tries
        once.

        Raises `ConnectionFailedError` if there is no connection within the client's time-out (at
        once if the connection is refused), `UnauthorizedError` or `ForbiddenError` if the server
        refuses the token, and `NotConnectedError` if the client is connected in another event loop.
        """
        self._bridge.run(self._of.connect(wait_ms=wait_ms))
        return self

    def close(self) -> None:
        """Close the client. Calls under way fail with `NotConnectedError`.

        A second close does nothing. If a forked child closes its parent's client, the parent's
        connection is not affected.

        Raises `NotConnectedError` if the client is connected in another event loop: close it there.
        """
        self._bridge.run(self._of.close())

    def on_connect(self, listener: Callable[[], Awaitable[Any] | Any]) -> Callable[[], None]:
        """Call `listener` whenever the connection is up.

        That includes every reconnection. Returns a function that removes the listener.

        Raises `BadRequestError` if `listener` is not a function. What the listener raises is
        logged.
        """
        return self._bridge.listen("connect", listener)

    def on_disconnect(
        self, listener: Callable[[FloError], Awaitable[Any] | Any]
    ) -> Callable[[], None]:
        """Call `listener` whenever the connection is lost.

        It gets the reason. It is also called, with the refusal, when the server permanently refuses
        the client, but not for `close()`. Returns a function that removes the listener.

        Raises `BadRequestError` if `listener` is not a function. What the listener raises is
        logged.
        """
        return self._bridge.listen("disconnect", listener)

    def batch(self, *, namespace: str | None = None, timeout_ms: int | None = None) -> Batch:
        """Collect several writes, all or nothing: `with client.batch() as b: b.kv.put(...)`.

        A batch takes at most 1,000 writes and 4 MiB. `namespace`, `timeout_ms`: by default the
        client's own.

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
        """Send a request of `floruntime.core` that no method sends. Returns its typed answer.

        `namespace`, `timeout_ms`: by default the client's own. `block_ms`: how long the request may
        wait at the server, in addition to its time-out; default 0, at most 300,000.

        Raises the `FloError` that the server or the connection gave.
        """
        return self._bridge.run(
            self._of.call(request, namespace=namespace, timeout_ms=timeout_ms, block_ms=block_ms)
        )

    def ping(self) -> float:
        """Return the time of a round trip to the server, in milliseconds.

        Raises what the connection raises.
        """
        return self._bridge.run(self._of.ping())

    def info(self) -> ServerInfo:
        """Return facts about the running server: version, durability, limits, and its uptime.

        Raises what the connection raises.
        """
        return self._bridge.run(self._of.info())

    def backup(self, directory: str, *, timeout_ms: int | None = None) -> str:
        """Copy the server's state into a new `directory` on its machine. Returns the full path.

        `timeout_ms`: by default the client's own; a large state takes longer.

        Raises `BadRequestError` if the directory is not empty, or cannot be written.
        """
        return self._bridge.run(self._of.backup(directory, timeout_ms=timeout_ms))

    def new_action_worker(self, **options: Unpack[ActionWorkerOptions]) -> ActionWorker:
        """Make an `ActionWorker` on this client's connection.

        The options are those of `ActionWorker`, without the endpoint. It works in the client's
        namespace by default, and does not close the client when it ends.

        Raises `BadRequestError` if an option is out of its limits.
        """
        return ActionWorker(self, **options)

    def new_queue_worker(self, **options: Unpack[QueueWorkerOptions]) -> QueueWorker:
        """Make a `QueueWorker` on this client's connection.

        The options are those of `QueueWorker`, without the endpoint. It works in the client's
        namespace by default, and does not close the client when it ends.

        Raises `BadRequestError` if an option is out of its limits.
        """
        return QueueWorker(self, **options)

    def new_stream_worker(self, **options: Unpack[StreamWorkerOptions]) -> StreamWorker:
        """Make a `StreamWorker` on this client's connection.

        The options are those of `StreamWorker`, without the endpoint. It works in the client's
        namespace by default, and does not close the client when it ends.

        Raises `BadRequestError` if an option is out of its limits.
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
