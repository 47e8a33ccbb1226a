"""The server's end of a connection, as others see it: who is there, and where answers go."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple, Protocol

from floruntime.core.errors import FloError


class Door(Enum):
    """How a connection came in."""

    EMBEDDED = "embedded"
    TCP = "tcp"
    WEB = "web"


class Peer(NamedTuple):
    """Who is at the other end. `address` is without the port; `name` is for logs."""

    door: Door
    address: str
    name: str

    def __str__(self) -> str:
        return self.name


EMBEDDED = Peer(Door.EMBEDDED, "", "embedded")


class Connection(Protocol):
    """The server's end of one connection."""

    session: str
    is_closed: bool

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Put one answer into the connection's outbox."""
        ...

    def flush(self) -> None:
        """Send what is in the outbox."""
        ...
