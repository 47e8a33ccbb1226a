"""Where answers go, as those who give them see it."""

from __future__ import annotations

from typing import Any, Protocol

from floruntime.core.errors import FloError


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
