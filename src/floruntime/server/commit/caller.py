"""Who asked for something: where the answers go."""

from __future__ import annotations

from typing import Any, Protocol

from floruntime.core.errors import FloError


class Caller(Protocol):
    """The server's end of one connection, as what answers it sees it."""

    @property
    def client(self) -> str:
        """Whose numbered writes these are; empty before the hello."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be answered any more."""
        ...

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Put one answer into the outbox."""
        ...

    def flush(self) -> None:
        """Send what is in the outbox."""
        ...
