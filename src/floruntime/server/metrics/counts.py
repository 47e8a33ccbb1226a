"""Counters of events: cheap enough to be updated for every request.

They are plain numbers. A scrape makes families of `prometheus-client` of them (`families.py`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import Any, Protocol

DURATION_BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
NOTED_MAX = 10_000
"""So many are noted before they are counted."""
COMMANDS_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


class Refusal(StrEnum):
    """Why something was refused before it was asked."""

    OVERLOAD = "overload"
    RATE = "rate"
    TOKEN = "token"
    ORIGIN = "origin"


class Histogram:
    """How many observations there were up to each bound, and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float] = DURATION_BOUNDS_S) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Bounds as text, each with how many were at most that."""
        names = [*map(_bound_text, self.bounds), "+Inf"]
        return list(zip(names, accumulate(self.counts), strict=True))


class NotedHistogram(Histogram):
    """One whose observations are noted first, by `noted.append`, and counted together: that is by
    far the cheapest. Whoever notes sees to it that they do not become many.
    """

    __slots__ = ("noted",)

    def __init__(self, bounds: Sequence[float] = DURATION_BOUNDS_S) -> None:
        super().__init__(bounds)
        self.noted: list[float] = []

    def count(self) -> None:
        """Count what was noted."""
        values = taken(self.noted)
        values.sort()
        below = 0
        for place, bound in enumerate(self.bounds):
            up_to = bisect_right(values, bound)
            self.counts[place] += up_to - below
            below = up_to
        self.counts[-1] += len(values) - below
        self.sum += sum(values)


def taken(noted: list[Any]) -> list[Any]:
    """What is in a list, taken out of it; others may add to it meanwhile, from another thread."""
    values = noted[:]
    del noted[: len(values)]
    return values


def _bound_text(bound: float) -> str:
    return repr(float(bound))


class Socket(Protocol):
    """A connection that knows how much it has moved."""

    received_bytes: int
    sent_bytes: int


class Counts:
    """All that one server counts.

    What happens for each request and each commit is noted in a list and counted for many at once
    (`bench/counting.py` tells what it costs).
    """

    def __init__(self) -> None:
        self._noted: list[type[Any]] = []
        #: One more of this kind had an answer that was no refusal.
        self.note_answered: Callable[[type[Any]], None] = self._noted.append
        self._answered: Counter[type[Any]] = Counter()
        #: How long answers took, by kind of request, of those that were timed.
        self.durations: defaultdict[type[Any], Histogram] = defaultdict(Histogram)
        #: By kind of request and code of the error.
        self.failed: Counter[tuple[type[Any], str]] = Counter()
        self.refusals: Counter[Refusal] = Counter()
        self.commit_commands = NotedHistogram(COMMANDS_BOUNDS)
        self.sync_s = NotedHistogram()
        self._open: dict[Socket, None] = {}
        self._received_bytes = self._sent_bytes = 0

    def count(self) -> None:
        """Count what was noted. To be called when much was, or by who looks."""
        self._answered.update(taken(self._noted))
        self.commit_commands.count()
        self.sync_s.count()

    def count_if_many(self) -> None:
        """To be called now and then while requests come."""
        if len(self._noted) > NOTED_MAX:
            self.count()

    def took(self, kind: type[Any], seconds: float) -> None:
        """A request of this kind that was timed was answered after so long."""
        self.durations[kind].observe(seconds)

    @property
    def answered(self) -> Mapping[type[Any], int]:
        """By kind of request, how many had answers that were no refusals, as last counted."""
        return self._answered

    def opened(self, socket: Socket) -> None:
        """It moves bytes from now on."""
        self._open[socket] = None

    def closed(self, socket: Socket) -> None:
        """It moves none any more."""
        if socket in self._open:
            del self._open[socket]
            self._received_bytes += socket.received_bytes
            self._sent_bytes += socket.sent_bytes

    def moved_bytes(self) -> tuple[int, int]:
        """How many bytes came on sockets, and how many went out."""
        received, sent = self._received_bytes, self._sent_bytes
        for each in self._open:
            received += each.received_bytes
            sent += each.sent_bytes
        return received, sent
