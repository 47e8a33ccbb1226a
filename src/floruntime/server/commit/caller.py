"""Who asked for something: where the answers go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import msgspec

from floruntime.core.errors import FloError
from floruntime.core.types import Command
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Span

_SMALL_BYTES = 8
_DEPTH_MAX = 5


def answer_bytes(result: Any, depth: int = 0) -> int:
    """About how large an answer is: the bytes and texts in it count, the rest is small."""
    if isinstance(result, (bytes, str)):
        return len(result)
    if depth == _DEPTH_MAX:
        return _SMALL_BYTES
    if isinstance(result, msgspec.Struct):
        fields = [getattr(result, name) for name in result.__struct_fields__]
        return sum(answer_bytes(field, depth + 1) for field in fields)
    if isinstance(result, (list, tuple)):
        return sum(answer_bytes(item, depth + 1) for item in result)
    return _SMALL_BYTES


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


@runtime_checkable
class KeepsAccount(Protocol):
    """A caller that bounds what its answers hold."""

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """An answer of about that size was made, and is given once it is durable."""
        ...
