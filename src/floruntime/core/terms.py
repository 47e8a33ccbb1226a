"""What accompanies a request and its answer in a cluster."""

from __future__ import annotations

from floruntime.core.value import Value


class Terms(Value, frozen=True):
    """What accompanies a request.

    - `within_ms`: how long the caller waits for the answer; 0 means unknown.
    - `seen`: how much the caller has seen of the log of the namespace's partition. Any copy that
      has come that far may answer. `None`: only the leader may answer.
    - `max_staleness_ms`: how old that copy may be.
    - `routes`: whether the caller needs to know the leader if the request is passed on.
    """

    within_ms: int = 0
    seen: int | None = None
    max_staleness_ms: int | None = None
    routes: bool = False


class Told(Value, frozen=True):
    """What accompanies an answer: the log's sequence that it reflects, and how old it may be.

    `leader`: the address (HOST:PORT) of the leader that the request was passed on to, for callers
    that asked for it; empty if the node that was asked has answered itself.
    """

    sequence: int
    staleness_ms: int
    leader: str = ""
