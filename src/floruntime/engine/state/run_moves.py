"""How many runs came to each status, and left it: added up for who shows it, not with each move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

RunMove = tuple[int, int | None, int | None]
"""Of an action or a workflow a run left a status, and came to another; `None` is none."""


class RunMoves:
    """The moves of all commands since the start; refused ones have none."""

    __slots__ = ("_counts", "_times", "of_command")

    def __init__(self) -> None:
        #: Those of the open command.
        self.of_command: list[RunMove] = []
        self._times: defaultdict[RunMove, int] = defaultdict(int)
        self._counts: defaultdict[tuple[int, int], int] = defaultdict(int)

    def accept(self) -> None:
        """The command was accepted."""
        times = self._times
        for move in self.of_command:
            times[move] += 1
        self.of_command.clear()

    def counts(self) -> Mapping[tuple[int, int], int]:
        """By owner and status: how many runs came, less those that went."""
        counts = self._counts
        for (owner_id, left, came), times in self._times.items():
            if left is not None:
                counts[owner_id, left] -= times
            if came is not None:
                counts[owner_id, came] += times
        self._times.clear()
        return counts
