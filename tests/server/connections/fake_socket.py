"""A socket whose peer reads nothing, and a connection on it."""

from __future__ import annotations

from typing import Any, cast

from floruntime.server.connections.port import PROTOCOLS
from floruntime.server.connections.sockets import SocketConnection
from tests.server.wire_client import Rig


class FakeTransport:
    """Keeps what is written until the test takes it."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.calls: list[str] = []
        self.writes = 0
        self.high = 0
        self.protocol: SocketConnection | None = None

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def get_extra_info(self, name: str) -> Any:
        return ("192.0.2.1", 5) if name == "peername" else None

    def get_write_buffer_size(self) -> int:
        return len(self.held)

    def is_closing(self) -> bool:
        return "abort" in self.calls or "close" in self.calls

    def can_write_eof(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        self.held += data
        self.writes += 1
        assert self.protocol is not None
        if len(self.held) > self.high and "pause_reading" not in self.calls:
            self.protocol.pause_writing()

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self.held)
        self.held.clear()
        return taken

    def __getattr__(self, name: str) -> Any:
        return lambda: self.calls.append(name)


def connected(rig: Rig) -> tuple[SocketConnection, FakeTransport]:
    """A new connection to the rig's server."""
    transport = FakeTransport()
    connection = SocketConnection(rig.server, PROTOCOLS, "192.0.2.1", lambda gone: None)
    transport.protocol = connection
    connection.connection_made(cast(Any, transport))
    return connection, transport
