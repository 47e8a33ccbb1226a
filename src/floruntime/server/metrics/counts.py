"""What happens, counted as it happens: cheap enough for every request.

These are plain numbers. A scrape makes families of `prometheus-client` of them (`families.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate
from typing import Any

DURATION_BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
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


def _bound_text(bound: float) -> str:
    return repr(float(bound))


class Counts:
    """All that one server counts."""

    def __init__(self) -> None:
        #: By kind of request, how many had answers that were no refusals.
        self.answered: defaultdict[type[Any], int] = defaultdict(int)
        #: How long answers took, by kind of request: of what comes together the first is timed.
        self.durations: defaultdict[type[Any], Histogram] = defaultdict(Histogram)
        #: By kind of request and code of the error.
        self.failed: Counter[tuple[type[Any], str]] = Counter()
        self.refusals: Counter[Refusal] = Counter()
        self.received_bytes = 0
        self.sent_bytes = 0
        self.commit_commands = Histogram(COMMANDS_BOUNDS)
        self.sync_s = Histogram()

    def took(self, kind: type[Any], seconds: float) -> None:
        """A request of this kind was answered after so long."""
        self.durations[kind].observe(seconds)
