"""The server's port: accepts connections for all protocols that share it, within limits."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from typing import Any

from floruntime.core.errors import UnavailableError
from floruntime.core.framing import PREAMBLE
from floruntime.server import limits
from floruntime.server.connections.admission import Admission, address_of
from floruntime.server.connections.handshakes import Handshakes, first_bytes
from floruntime.server.connections.keepalive import keep_alive
from floruntime.server.connections.rate import RateLimit
from floruntime.server.connections.sockets import Protocols, SocketConnection
from floruntime.server.connections.tcp import TcpSpeaker
from floruntime.server.connections.tls import ServerTls
from floruntime.server.connections.websocket import WebSocketSpeaker
from floruntime.server.server import FloServer

log = logging.getLogger("floruntime.port")

PROTOCOLS: Protocols = ((PREAMBLE, TcpSpeaker), (b"GET ", WebSocketSpeaker))
"""The protocols of Flo's own clients. `server/http/listening.py` adds HTTP."""

BACKLOG = 1024
ACCEPTS_PER_TURN = 64
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
EXHAUSTED_PAUSE_S = 1.0
HANDSHAKE_S_MIN = 1.0
"""The least time that a TLS handshake has after its first bytes have arrived."""


class Port:
    """Accepts connections until it is closed."""

    def __init__(
        self,
        server: FloServer,
        listening: list[socket.socket],
        tls: ServerTls | None,
        protocols: Protocols,
    ) -> None:
        self._server = server
        self._protocols: Protocols = (*protocols, *server.other_protocols)
        self._listening = listening
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._admission = Admission(
            server.files.sockets_max, server.config.connections_per_address_max
        )
        self._connections: set[SocketConnection] = set()
        self._beginning: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._handshakes = Handshakes()
        self._complaints = RateLimit(1, 1)
        self._pauses: dict[socket.socket, asyncio.TimerHandle] = {}
        for each in listening:
            self._loop.add_reader(each, self._accept, each)

    @classmethod
    async def open(
        cls,
        server: FloServer,
        host: str,
        port: int,
        tls: ServerTls | None = None,
        protocols: Protocols = PROTOCOLS,
    ) -> Port:
        """Listen on `host:port`, on every address that the name has; port 0 takes a free one."""
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listening: list[socket.socket] = []
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                listening.append(listening_on(family, address))
        except BaseException:
            for each in listening:
                each.close()
            raise
        return cls(server, listening, tls, protocols)

    @property
    def number(self) -> int:
        """The port listened on."""
        number: int = self._listening[0].getsockname()[1]
        return number

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                accepted, name = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(listening, error)
                return
            with contextlib.suppress(OSError):  # the peer may have disconnected already
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            keep_alive(accepted)
            self._admit(accepted, address_of(name))

    def _admit(self, accepted: socket.socket, address: str) -> None:
        if not self._admission.enter(address):
            accepted.close()
            if self._complaints.take():
                log.warning("%s: connection refused: too many connections are open", address)
            return
        accepted.setblocking(False)
        connection = SocketConnection(self._server, self._protocols, address, self._gone)
        self._connections.add(connection)
        task = self._loop.create_task(self._begin(connection, accepted))
        self._beginning.add(task)
        task.add_done_callback(lambda task: self._begun(task, connection, accepted))

    async def _begin(self, connection: SocketConnection, accepted: socket.socket) -> None:
        """Do the TLS handshake, if there is TLS. After that, the connection needs no task."""
        tls: dict[str, Any] = {}
        if self._tls is not None:
            begun_s = self._loop.time()
            async with asyncio.timeout(limits.HANDSHAKE_MS_MAX / 1000):
                await first_bytes(accepted)
            left_s = limits.HANDSHAKE_MS_MAX / 1000 - (self._loop.time() - begun_s)
            await self._handshakes.may_begin()
            tls = {
                "ssl": self._tls.context,
                "ssl_handshake_timeout": max(left_s, HANDSHAKE_S_MIN),
                "ssl_shutdown_timeout": limits.CLOSE_MS_MAX / 1000,
            }
        await self._loop.connect_accepted_socket(lambda: connection, accepted, **tls)

    def _begun(
        self, task: asyncio.Task[None], connection: SocketConnection, accepted: socket.socket
    ) -> None:
        self._beginning.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, OSError):
            reason = str(error) or type(error).__name__
            log.info("%s: connection closed before it began: %s", connection, reason)
        elif error is not None:
            log.error("%s: connection failed before it began", connection, exc_info=error)
        if not connection.has_begun:
            accepted.close()
            self._gone(connection)

    def _gone(self, connection: SocketConnection) -> None:
        if connection in self._connections:
            self._connections.discard(connection)
            self._admission.leave(connection.address)
            if not self._connections:
                self._empty.set()

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """Accept nothing for a second, for lack of files or memory. Clients wait in the kernel."""
        if error.errno not in EXHAUSTED:
            log.error("accepting a connection failed: %s", error)
        else:
            log.error("no connections can be accepted at the moment: %s", error)
        self._loop.remove_reader(listening)
        self._pauses[listening] = self._loop.call_later(
            EXHAUSTED_PAUSE_S, self._loop.add_reader, listening, self._accept, listening
        )

    def close(self) -> None:
        """Accept no more."""
        for pause in self._pauses.values():
            pause.cancel()
        for each in self._listening:
            self._loop.remove_reader(each)
            each.close()
        for task in self._beginning:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait for the connections, which were told to end; cut those that take too long."""
        self._empty.clear()
        if not self._connections:
            return
        for connection in list(self._connections):
            connection.end(UnavailableError("the server is stopping"))
        try:
            async with asyncio.timeout(limits.CLOSE_MS_MAX / 1000):
                await self._empty.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
            await asyncio.sleep(0)


def listening_on(family: int, address: Any) -> socket.socket:
    """A socket that listens. Raises `CannotListenError`."""
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise CannotListenError(error.errno, (error.strerror or str(error)).lower()) from None
    return listening


class CannotListenError(OSError):
    """The address cannot be listened on: it is taken, or not this machine's."""
