"""Limits how much flooding connections put into one batch.

A batch is written and answered as a whole, so a caller with a small request waits for all of it.
This module adds up the time of the flooding connections' commands in the open batch, and the time
that writing and answering will take, estimated from earlier batches. Once the batch is full for
them, they wait for the next. A small request is never held back: it goes into the open batch.

One command alone may fill half a batch. If others wait for a batch with floods, or for the one
after it, they do not also wait for another such command: that one goes into the batch after that.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from floruntime.server.limits import BATCH_S

WEIGHED_S = 0.001
"""A batch in which floods did less tells nothing of what theirs take."""
BESIDE_MAX = 8.0
"""A batch that took longer beside what was done in it was held up by something else."""
HEAVY_S = BATCH_S / 8
"""A command that takes longer is heavy."""
KEPT = 0.75
"""So much of what was known is kept where a batch took less than expected."""


class Fill:
    """That of the open batch, which has so much time; `now_s` measures."""

    __slots__ = (
        "_batch_s",
        "_beside",
        "_commands",
        "is_awaited",
        "is_full",
        "is_used",
        "look",
        "now_s",
        "on_room",
        "spent_s",
        "weighed_s",
    )

    def __init__(
        self, batch_s: float = BATCH_S, now_s: Callable[[], float] = time.perf_counter
    ) -> None:
        self._batch_s = batch_s
        self.now_s = now_s
        #: Whether no flood may put more into the open batch.
        self.is_full = False
        #: Whether floods have put anything into the open batch, or were kept out of it.
        self.is_used = False
        #: How long floods have worked on the open batch.
        self.spent_s = 0.0
        #: How many are to be answered by the open batch, and whether one is under way.
        self.look: Callable[[], tuple[int, bool]] = _nothing
        #: Whether others, too, are in the batch that was last begun to be written.
        self.is_awaited = True
        #: Told when the open batch is a new one after one that was full.
        self.on_room: Callable[[], None] = _nobody
        #: What writing and answering takes, beside what floods have done.
        self._beside = 1.0
        #: How long floods have worked on the batch that was last begun to be written.
        self.weighed_s = 0.0
        self._commands = 0

    def add(self, commands: int, spent_s: float) -> None:
        """A flood has put so many commands into the open batch, which took so long."""
        self.is_used = True
        self._commands += commands
        self.spent_s += spent_s
        if (self.spent_s + spent_s) * (1 + self._beside) >= self._batch_s:  # one more is too much
            self.is_full = True

    def has_room_for(self, command_s: float) -> bool:
        """Whether a flood may put a command that takes so long into the open batch."""
        if command_s > HEAVY_S and self.weighed_s and not self.is_full:
            answers, is_under_way = self.look()
            if answers > self._commands or (is_under_way and self.is_awaited):
                self.is_full = self.is_used = True
        return not self.is_full

    def begin(self, answers: int) -> None:
        """The open batch is a new one; so many are to be answered by the one before."""
        self.is_awaited = answers > self._commands
        self.weighed_s, self.spent_s, self._commands = self.spent_s, 0.0, 0
        self.is_used = False
        if self.is_full:
            self.is_full = False
            self.on_room()

    def give_up(self) -> None:
        """There will be no further batch: who waits for one need not."""
        self.begin(0)

    def took(self, settled_s: float) -> None:
        """To write and to answer what was full took so long."""
        weighed_s = self.weighed_s
        if weighed_s >= WEIGHED_S:
            beside = min(settled_s / weighed_s, BESIDE_MAX)
            self._beside = max(beside, self._beside * KEPT + beside * (1 - KEPT))


def _nobody() -> None:
    """Nobody waits for room."""


def _nothing() -> tuple[int, bool]:
    """There is no commit."""
    return 0, False
