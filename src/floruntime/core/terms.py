"""What stands beside a request and beside its answer, where a server is one of several."""

from __future__ import annotations

from floruntime.core.value import Value


class Terms(Value, frozen=True):
    """Beside a request. `within_ms`: for how long its caller waits for the answer; 0: unsaid.

    `seen`: how far the caller has seen the log of the namespace's partition, where any copy that
    has come so far may answer; `None`: only who leads it. `max_staleness_ms`: how old that copy may
    be. `routes`: whether the caller wants to be told who leads, where the request is passed on.
    """

    within_ms: int = 0
    seen: int | None = None
    max_staleness_ms: int | None = None
    routes: bool = False


class Told(Value, frozen=True):
    """Beside an answer: the log's sequence that it is of, and how old it may be.

    `leader`: where the node is reached that it was passed on to, as HOST:PORT, for whoever wants to
    be told; empty where the node answered that was asked.
    """

    sequence: int
    staleness_ms: int
    leader: str = ""
