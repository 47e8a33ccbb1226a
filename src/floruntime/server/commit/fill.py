"""How much of a batch's time is used: a flood puts only so much into each.

A batch is written and answered in one go, and who put little into it waits for all of it. What
those who flood have done in the open batch is summed up, with what writing and answering it will
take beside, as that of the batches before it did; once it is full they wait for the next. Who asks
for little is never held up: it gets into the batch that is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from floruntime.server.limits import BATCH_S

WEIGHED_S = 0.001
"""A batch in which floods did less tells nothing of what theirs take."""
BESIDE_MAX = 8.0
"""A batch that took longer beside what was done in it was held up by something else."""
KEPT = 0.75
"""So much of what was known is kept where a batch took less than expected."""


class Fill:
    """That of the open batch, which has so much time; `now_s` measures."""

    __slots__ = (
        "_batch_s",
        "_beside",
        "_commands",
        "_weighed_s",
        "is_awaited",
        "is_full",
        "now_s",
        "on_room",
        "spent_s",
    )

    def __init__(
        self, batch_s: float = BATCH_S, now_s: Callable[[], float] = time.perf_counter
    ) -> None:
        self._batch_s = batch_s
        self.now_s = now_s
        #: Whether no flood may put more into the open batch.
        self.is_full = False
        #: How long floods have worked on the open batch.
        self.spent_s = 0.0
        #: Whether others, too, are in the batch that was last begun to be written.
        self.is_awaited = True
        #: Told when the open batch is a new one after one that was full.
        self.on_room: Callable[[], None] = _nobody
        #: What writing and answering takes, beside what floods have done.
        self._beside = 1.0
        self._weighed_s = 0.0
        self._commands = 0

    def add(self, commands: int, spent_s: float) -> None:
        """A flood has put so many commands into the open batch, which took so long."""
        if not commands:
            return
        self._commands += commands
        self.spent_s += spent_s
        if (self.spent_s + spent_s) * (1 + self._beside) >= self._batch_s:  # one more is too much
            self.is_full = True

    def begin(self, answers: int) -> None:
        """The open batch is a new one; so many are to be answered by the one before."""
        self.is_awaited = answers > self._commands
        self._weighed_s, self.spent_s, self._commands = self.spent_s, 0.0, 0
        if self.is_full:
            self.is_full = False
            self.on_room()

    def took(self, settled_s: float) -> None:
        """To write and to answer what was full took so long."""
        weighed_s, self._weighed_s = self._weighed_s, 0.0
        if weighed_s >= WEIGHED_S:
            beside = min(settled_s / weighed_s, BESIDE_MAX)
            self._beside = max(beside, self._beside * KEPT + beside * (1 - KEPT))


def _nobody() -> None:
    """Nobody waits for room."""
