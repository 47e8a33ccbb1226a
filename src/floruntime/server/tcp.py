"""TCP: one listener, one thin protocol object per connection over its `Session`.

The first bytes tell protocols apart, so that others can share the port; today there is one.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import cast

from floruntime.server import limits
from floruntime.server.server import FloServer
from floruntime.server.session import Session

log = logging.getLogger("floruntime.tcp")


class TcpConnection(asyncio.Protocol):
    """Moves bytes between a socket and a session, with back-pressure on a slow reader."""

    def __init__(self, server: FloServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._handshake: asyncio.TimerHandle | None = None
        self._reader_check: asyncio.TimerHandle | None = None
        self._is_paused = False
        self._written_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of the same shape, not of the same class.
        self._transport = transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=limits.OUTBOX_HIGH_BYTES)
        peer = transport.get_extra_info("peername")
        name = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "peer"
        self._session = self._server.session(self._write, self._close, name)
        self._handshake = asyncio.get_running_loop().call_later(
            limits.HANDSHAKE_MS_MAX / 1000, self._check_handshake
        )

    def _check_handshake(self) -> None:
        if self._session is not None and not self._session.is_welcome:
            log.warning("%s: connection closed: no hello in time", self._session.peer)
            self._session.close()

    def data_received(self, data: bytes) -> None:
        assert self._session is not None
        self._session.receive_data(data)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)
        self._written_bytes += len(data)
        if self._reader_check is None and (self._is_paused or len(data) > limits.OUTBOX_HIGH_BYTES):
            self._watch_reader()

    def _watch_reader(self) -> None:
        """See to it that the reader takes something, if much lies unread."""
        assert self._transport is not None
        held_bytes = self._transport.get_write_buffer_size()
        if held_bytes > self._server.config.outbox_bytes_max:
            self._reader_check = asyncio.get_running_loop().call_later(
                limits.READER_STUCK_MS / 1000, self._check_reader, self._written_bytes - held_bytes
            )

    def _check_reader(self, taken_bytes_before: int) -> None:
        assert self._transport is not None
        assert self._session is not None
        self._reader_check = None
        held_bytes = self._transport.get_write_buffer_size()
        if self._written_bytes - held_bytes > taken_bytes_before:
            self._watch_reader()
        else:
            log.warning(
                "%s: connection closed: %d bytes of answers lie unread",
                self._session.peer,
                held_bytes,
            )
            self._session.connection_lost()
            self._transport.abort()

    def pause_writing(self) -> None:
        """The reader is slow: take no more requests from it until it has caught up."""
        self._is_paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        for timer in (self._handshake, self._reader_check):
            if timer is not None:
                timer.cancel()
        if self._session is not None:
            self._session.connection_lost()


class TcpListener:
    """Accepts connections until it is closed."""

    def __init__(self, listener: asyncio.Server) -> None:
        self._listener = listener

    @classmethod
    async def open(cls, server: FloServer, host: str, port: int) -> TcpListener:
        """Listen on `host:port`; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            lambda: TcpConnection(server), host, port, backlog=1024, reuse_address=True
        )
        return cls(listener)

    @property
    def port(self) -> int:
        """The port listened on."""
        return _port_of(self._listener.sockets[0])

    def close(self) -> None:
        """Accept no more."""
        self._listener.close()


def _port_of(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port
