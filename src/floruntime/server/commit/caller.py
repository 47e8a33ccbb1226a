"""The caller of a request: where its answer goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from floruntime.core.errors import FloError
from floruntime.core.types import Command
from floruntime.core.wire import encode
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Span


def answer_bytes(result: Any) -> int:
    """How large an answer will be. To encode it twice costs less than to walk over it."""
    return len(encode(result))


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

    @property
    def spans(self) -> Mapping[str, tuple[Span, ...]] | None:
        """By primitive, the names that lists show to it; `None`: all."""
        ...

    def note_of(self, namespace: str, command: Command[Any]) -> AuditNote | None:
        """What is to be written down of a command of this caller, if anything is."""
        ...

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Put one answer into the outbox."""
        ...

    def flush(self) -> None:
        """Send what is in the outbox."""
        ...

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """An answer of that size was made, and is given once it is durable."""
        ...
