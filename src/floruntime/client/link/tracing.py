"""Holds what makes spans for traces: nothing, until `floruntime.otel.instrument()` sets it.

A request that hands something over carries the `traceparent` of its span. Each handler runs within
a span that continues the trace of its delivery.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from floruntime.core.types import Request


class Delivered(NamedTuple):
    """One delivery, as a trace describes it.

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
    """Makes spans. Each context gives the span's `traceparent`; `None` where there is none."""

    def sending(self, request: Request[Any], namespace: str) -> AbstractContextManager[str | None]:
        """Make a span for a request under way that hands something over."""
        ...

    def handling(self, delivered: Delivered) -> AbstractContextManager[str | None]:
        """Make a span for the time in which a handler has a delivery."""
        ...


_tracing: Tracing | None = None


def set_tracing(tracing: Tracing | None) -> None:
    """Let `tracing` make the spans of this process from now on; `None`: make none."""
    global _tracing
    _tracing = tracing


def the_tracing() -> Tracing | None:
    """What makes the spans of this process; `None`: nothing does."""
    return _tracing
