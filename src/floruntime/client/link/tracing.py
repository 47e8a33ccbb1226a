"""Who follows traces: nobody, until `floruntime.otel.instrument()` says who.

Here is only where that one stands. What is handed over goes with the `traceparent` that it gives,
and each handler runs within what it makes of the delivery's.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from floruntime.core.types import Request


class Delivered(NamedTuple):
    """One delivery, as a trace tells of it.

    `primitive`: `action`, `queue` or `stream`, and `name` which one. `id`: of the run, message or
    record. `traceparent`: the trace that it was handed over in.
    """

    primitive: str
    name: str
    id: str
    attempt: int
    namespace: str
    traceparent: str | None
    group: str | None = None


class Tracing(Protocol):
    """Makes spans. What it gives is the `traceparent` of each, `None` where there is none."""

    def sending(self, request: Request[Any], namespace: str) -> AbstractContextManager[str | None]:
        """While a request is under way that hands something over."""
        ...

    def handling(self, delivered: Delivered) -> AbstractContextManager[str | None]:
        """While a handler has a delivery."""
        ...


_tracing: Tracing | None = None


def set_tracing(tracing: Tracing | None) -> None:
    """Let `tracing` hear of everything from now on, in this process; `None`: nobody."""
    global _tracing
    _tracing = tracing


def the_tracing() -> Tracing | None:
    """Who hears of it."""
    return _tracing
