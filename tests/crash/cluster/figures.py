"""What a run measured, as a table that says whether the goals are met."""

from __future__ import annotations

import math
from collections import defaultdict

GOALS_S = {"flo": 6.0, "move": 0.5}
"""At p99, as `CLUSTER.md` sets them. What else is harmed has none: how long JetStream itself elects
is its own.
"""


def at_part(ordered: list[float], part: float) -> float:
    """The least of them below or at which this part of them lies."""
    return ordered[math.ceil(len(ordered) * part) - 1]


class Figures:
    """Seconds, by what was done."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def add(self, what: str, *seconds: float) -> None:
        """It took so long."""
        self._seconds[what] += seconds

    def merge(self, other: Figures) -> None:
        """Take in what another run measured."""
        for what, seconds in other._seconds.items():
            self.add(what, *seconds)

    def __str__(self) -> str:
        head = (
            f"{'what was done':<18}{'times':>6}{'p50 s':>8}{'p99 s':>8}{'most s':>8}  goal at p99"
        )
        return "\n".join([head, *(self._row(what) for what in sorted(self._seconds))])

    def _row(self, what: str) -> str:
        ordered = sorted(self._seconds[what])
        p50, p99, most = at_part(ordered, 0.5), at_part(ordered, 0.99), ordered[-1]
        goal_s = GOALS_S.get(what)
        told = "none"
        if goal_s is not None:
            told = f"{goal_s:g} s: {'met' if p99 <= goal_s else 'NOT MET'}"
        return f"{what:<18}{len(ordered):>6}{p50:>8.2f}{p99:>8.2f}{most:>8.2f}  {told}"
