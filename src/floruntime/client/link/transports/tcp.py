"""TCP, with TLS or without."""

from __future__ import annotations

import ssl

from floruntime.client.link.endpoint import TcpEndpoint
from floruntime.client.link.transports.protocol import Link, OnBodies, OnClose
from floruntime.client.link.transports.sockets import SocketLink, connect_socket
from floruntime.core.framing import PREAMBLE, FrameReader, frames
from floruntime.core.limits import ANSWER_FRAME_BYTES_MAX


class TcpTransport:
    """TCP, with TLS where a context is given."""

    def __init__(self, endpoint: TcpEndpoint, tls: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._tls = tls

    async def prepare(self) -> None:
        """TCP needs nothing."""

    async def connect(self, on_bodies: OnBodies, on_close: OnClose) -> Link:
        """Raises `OSError`."""
        return await connect_socket(self._endpoint, self._tls, lambda: TcpLink(on_bodies, on_close))

    async def release(self) -> None:
        """TCP holds nothing beside its links."""


class TcpLink(SocketLink):
    """One socket that carries frames, the preamble before the first."""

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
