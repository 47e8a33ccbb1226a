"""What TCP and WebSocket links share: a socket, written to and closed without a long wait."""

from __future__ import annotations

import asyncio
import mmap
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar, cast

from floruntime.client.link.endpoint import TcpEndpoint, WebEndpoint
from floruntime.client.link.transports.protocol import OnBodies, OnClose
from floruntime.client.link.transports.racing import connected_socket

CLOSE_SECONDS_MAX = 1.0
READ_BYTES_MAX = 262_144
"""The most bytes that are read at once."""
KEEPALIVE_IDLE_SECONDS = 30


class SocketLink(asyncio.BufferedProtocol, ABC):
    """One socket, for any protocol.

    It reads into its own memory. Otherwise the event loop would allocate 256 kB before each read,
    and free what was not needed: on most systems that costs ten times as much as a small read.
    """

    def __init__(self, on_bodies: OnBodies, on_close: OnClose) -> None:
        self._on_bodies = on_bodies
        self._on_close = on_close
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.Event()
        self._is_closing = False
        # The system provides only those pages of it that are written to.
        self._room = memoryview(mmap.mmap(-1, READ_BYTES_MAX, access=mmap.ACCESS_COPY))

    @abstractmethod
    def data_received(self, data: bytes) -> None:
        """Take what arrived."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes are to be written."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Take the bytes that were written there."""
        self.data_received(bytes(self._room[:nbytes]))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's
        self._transport = cast(asyncio.Transport, transport)
        _keep_alive(transport.get_extra_info("socket"))

    def connection_lost(self, error: Exception | None) -> None:
        self._closed.set()
        self._on_close(None)

    def _write(self, data: bytes) -> None:
        """Write `data`, unless the socket is being closed."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Begin to close."""
        if self._transport is None or self._is_closing:
            return  # a transport of TLS must not be asked once it was closed twice
        self._is_closing = True
        if self._transport.get_write_buffer_size():
            self._transport.abort()  # a peer that does not read must not delay a close
        else:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed; after `CLOSE_SECONDS_MAX` it is aborted."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._closed.wait()
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()
            await self._closed.wait()


L = TypeVar("L", bound=SocketLink)


async def connect_socket(
    endpoint: TcpEndpoint | WebEndpoint, tls: ssl.SSLContext | None, new_link: Callable[[], L]
) -> L:
    """A link over a new socket, inside TLS where a context is given. Raises `OSError`."""
    sock = await connected_socket(endpoint.host, endpoint.port)
    try:
        _, link = await asyncio.get_running_loop().create_connection(
            new_link,
            sock=sock,
            ssl=tls,
            server_hostname=endpoint.host if tls else None,
            ssl_shutdown_timeout=CLOSE_SECONDS_MAX if tls else None,
        )
    except BaseException:
        sock.close()
        raise
    return link


def _keep_alive(sock: socket.socket | None) -> None:
    """Let the kernel notice a peer that vanished while only long polls are open."""
    if sock is None or sock.type != socket.SOCK_STREAM:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
