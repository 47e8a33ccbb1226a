"""How bytes travel: the port that a connection stands on, and TCP."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from floruntime.client.embedded import EmbeddedTransport
from floruntime.client.endpoint import TcpEndpoint, WebEndpoint, parse_endpoint
from floruntime.core.errors import BadRequestError

OnData = Callable[[bytes], None]
OnClose = Callable[[], None]

CLOSE_SECONDS_MAX = 1.0
KEEPALIVE_IDLE_SECONDS = 30


class Link(Protocol):
    """One open way to a server. After `close` nothing more is called back that matters."""

    def write(self, data: bytes) -> None:
        """Send `data` after all that was written before."""
        ...

    def close(self) -> None:
        """Begin to close. Doing it twice does nothing."""
        ...

    async def wait_closed(self) -> None:
        """Wait until nothing of the link is left in the event loop."""
        ...


class Transport(Protocol):
    """Opens links to one endpoint."""

    async def prepare(self) -> None:
        """Get ready, before the first link; this may take longer than a connection's time-out."""
        ...

    async def connect(self, on_data: OnData, on_close: OnClose) -> Link:
        """A new link; `on_close` is called once when the peer or the network ends it."""
        ...

    async def release(self) -> None:
        """Give back what the transport itself holds; the next `prepare` takes it again."""
        ...


def open_transport(endpoint: str, tls: bool | ssl.SSLContext | None) -> Transport:
    """The transport of an endpoint's text. Raises `BadRequestError`."""
    parsed = parse_endpoint(endpoint)
    if isinstance(parsed, TcpEndpoint):
        return TcpTransport(parsed, _tls_context(tls))
    if isinstance(parsed, WebEndpoint):
        return _web_transport(endpoint, parsed, tls)
    if tls:
        raise BadRequestError(f"tls goes with a network endpoint, not with {endpoint!r}")
    return EmbeddedTransport(parsed)


def _tls_context(tls: bool | ssl.SSLContext | None) -> ssl.SSLContext | None:
    if isinstance(tls, ssl.SSLContext):
        return tls
    return ssl.create_default_context() if tls else None


def _web_transport(
    endpoint: str, parsed: WebEndpoint, tls: bool | ssl.SSLContext | None
) -> Transport:
    from floruntime.client.websocket import WebSocketTransport

    if tls and not parsed.is_secure:
        raise BadRequestError(f"tls goes with wss://, not with {endpoint!r}")
    return WebSocketTransport(parsed, _tls_context(tls or parsed.is_secure))


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
