"""`FloClient`: a client, and the workers that share its connection."""

from __future__ import annotations

from typing import Unpack

from floruntime.client.base import BaseClient
from floruntime.client.worker.action_worker import ActionWorker
from floruntime.client.worker.options import (
    ActionWorkerOptions,
    QueueWorkerOptions,
    StreamWorkerOptions,
)
from floruntime.client.worker.queue_worker import QueueWorker
from floruntime.client.worker.stream_worker import StreamWorker


class FloClient(BaseClient):
    """A client of one server: `async with FloClient("localhost:9000") as client: ...`.

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
    may be a function, plain or async, that is asked for one at each connection.

    The first call connects. One connection carries any number of calls at once; in a cluster there
    are others beside it, straight to those who lead what is asked, where they can be reached. After
    a lost one it connects again in the background; calls wait for that up to their time-out, and
    each write happens once.
    """

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
