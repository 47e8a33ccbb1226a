"""Flo's own framing, straight on the byte stream."""

from __future__ import annotations

from floruntime.core.errors import FloError
from floruntime.server.connections.peer import Door
from floruntime.server.connections.sockets import SocketConnection
from floruntime.server.server import FloServer


class TcpSpeaker:
    """Hands a socket's bytes to a session as they are, and back."""

    def __init__(self, socket: SocketConnection, server: FloServer) -> None:
        self._socket = socket
        self._session = server.session(socket.write, self._closed, socket.peer(Door.TCP))
        self.receive_data = self._session.receive_data
        self.connection_lost = self._session.connection_lost

    @property
    def is_welcome(self) -> bool:
        """Whether the hello is done."""
        return self._session.is_welcome

    def close(self, reason: FloError) -> None:
        """Close the connection; this framing has no words for the reason."""
        self._session.close(reason)

    def _closed(self, reason: FloError | None) -> None:
        self._socket.close()
