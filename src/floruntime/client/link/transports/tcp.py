"""TCP, with TLS or without, to one server or to any of several nodes of a cluster."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from floruntime.client.link.endpoint import TcpEndpoint, parse_endpoint
from floruntime.client.link.transports.protocol import Link, OnBodies, OnClose
from floruntime.client.link.transports.sockets import SocketLink, connect_socket
from floruntime.core.errors import FloError
from floruntime.core.framing import PREAMBLE, FrameReader, frames
from floruntime.core.limits import ANSWER_FRAME_BYTES_MAX

EACH_S = 1.0
"""How long one of several nodes is tried before the next one."""
NODES_MAX = 64
"""The most nodes of a cluster that are remembered."""
QUIET_MS_MAX = 20_000
"""The longest time that a link is silent."""


class TcpTransport:
    """TCP, with TLS where a context is given.

    Of several endpoints, the first that answers is taken. Each new link tries first the endpoint
    after that of the last link, so an endpoint that does not answer is skipped.
    """

    quiet_ms_max = QUIET_MS_MAX

    def __init__(self, endpoints: Sequence[TcpEndpoint], tls: ssl.SSLContext | None) -> None:
        self._given = list(dict.fromkeys(endpoints))
        self._learned: list[TcpEndpoint] = []
        self._tls = tls
        self._next = 0

    async def prepare(self) -> None:
        """TCP needs nothing."""

    @property
    def nodes_total(self) -> int:
        """How many nodes are known."""
        return len(self._given) + len(self._learned)

    def learn(self, nodes: Sequence[str]) -> None:
        """Remember where other nodes of the cluster are reached, as one of them told."""
        learned = [endpoint for node in nodes[:NODES_MAX] for endpoint in _understood(node)]
        self._learned = [endpoint for endpoint in learned if endpoint not in self._given]

    def at(self, node: str) -> TcpTransport | None:
        """A transport to `node` alone; `None` if that is no HOST:PORT."""
        endpoints = _understood(node)
        return TcpTransport(endpoints, self._tls) if endpoints else None

    async def connect(self, on_bodies: OnBodies, on_close: OnClose) -> Link:
        """Open a link to the first endpoint that answers. Raises `OSError`."""
        endpoints = self._given + self._learned
        if len(endpoints) == 1:
            self._next = 1
            return await self._connect(endpoints[0], on_bodies, on_close)
        start = self._next % len(endpoints)
        errors: list[str] = []
        for number in [*range(start, len(endpoints)), *range(start)]:
            self._next = number + 1
            try:
                async with asyncio.timeout(EACH_S):
                    return await self._connect(endpoints[number], on_bodies, on_close)
            except OSError as error:  # a time-out, too
                host, port = endpoints[number]
                errors.append(f"{host}:{port}: {error or 'no answer'}")
        raise OSError("; ".join(errors))

    async def _connect(
        self, endpoint: TcpEndpoint, on_bodies: OnBodies, on_close: OnClose
    ) -> TcpLink:
        return await connect_socket(endpoint, self._tls, lambda: TcpLink(on_bodies, on_close))

    async def release(self) -> None:
        """TCP holds nothing beside its links."""


def _understood(node: str) -> list[TcpEndpoint]:
    """The endpoint of a node, as another node told it; empty if that is no HOST:PORT."""
    try:
        endpoint = parse_endpoint(node)
    except FloError:
        return []
    return [endpoint] if isinstance(endpoint, TcpEndpoint) else []


class TcpLink(SocketLink):
    """One socket that carries frames; the preamble goes before the first."""

    def __init__(self, on_bodies: OnBodies, on_close: OnClose) -> None:
        super().__init__(on_bodies, on_close)
        self._reader = FrameReader(ANSWER_FRAME_BYTES_MAX)
        self._preamble = PREAMBLE

    def send(self, bodies: list[bytes]) -> None:
        """Send each body as a frame."""
        preamble, self._preamble = self._preamble, b""
        self._write(preamble + frames(bodies))

    def data_received(self, data: bytes) -> None:
        self._on_bodies(self._reader.receive_data(data))
        if self._reader.failed is not None:
            self._on_close(self._reader.failed)
