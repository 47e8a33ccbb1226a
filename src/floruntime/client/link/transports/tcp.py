"""TCP, with TLS or without."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import cast

from floruntime.client.link.endpoint import TcpEndpoint
from floruntime.client.link.transports.protocol import Link, OnClose, OnData

CLOSE_SECONDS_MAX = 1.0
KEEPALIVE_IDLE_SECONDS = 30


class TcpTransport:
    """TCP, with TLS where a context is given."""

    def __init__(self, endpoint: TcpEndpoint, tls: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._tls = tls

    async def prepare(self) -> None:
        """TCP needs nothing."""

    async def connect(self, on_data: OnData, on_close: OnClose) -> Link:
        """Raises `OSError`."""
        _, link = await asyncio.get_running_loop().create_connection(
            lambda: TcpLink(on_data, on_close),
            self._endpoint.host,
            self._endpoint.port,
            ssl=self._tls,
            ssl_shutdown_timeout=CLOSE_SECONDS_MAX if self._tls else None,
        )
        return link

    async def release(self) -> None:
        """TCP holds nothing beside its links."""


class TcpLink(asyncio.Protocol):
    """One socket."""

    def __init__(self, on_data: OnData, on_close: OnClose) -> None:
        self._on_data = on_data
        self._on_close = on_close
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.Event()
        self._is_closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's
        self._transport = cast(asyncio.Transport, transport)
        _keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self._on_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._closed.set()
        self._on_close()

    def write(self, data: bytes) -> None:
        """Send `data`, unless the socket is being closed."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Begin to close."""
        if self._transport is None or self._is_closing:
            return  # a transport of TLS must not be asked once it was closed twice
        self._is_closing = True
        if self._transport.get_write_buffer_size():
            self._transport.abort()  # a peer that does not read must not hold up a close
        else:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed; not for long."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._closed.wait()
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()
            await self._closed.wait()


def _keep_alive(sock: socket.socket | None) -> None:
    """Let the kernel notice a peer that vanished while only long polls are open."""
    if sock is None or sock.type != socket.SOCK_STREAM:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
