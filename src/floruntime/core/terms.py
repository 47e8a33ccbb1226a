"""What stands beside a request and beside its answer, where a server is one of several."""

from __future__ import annotations

from floruntime.core.value import Value


class Terms(Value, frozen=True):
    """Beside a request. `within_ms`: for how long its caller waits for the answer; 0: unsaid.

    `seen`: how far the caller has seen the log of the namespace's partition, where any copy that
    has come so far may answer; `None`: only who leads it. `max_staleness_ms`: how old that copy may
    be.
    """

    within_ms: int = 0
    seen: int | None = None
    max_staleness_ms: int | None = None


class Told(Value, frozen=True):
    """Beside an answer: the log's sequence that it is of, and how old it may be."""

    sequence: int
    staleness_ms: int
