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
