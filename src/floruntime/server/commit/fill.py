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
"""A batch in which floods worked for less than this is not used for the estimate."""
BESIDE_MAX = 8.0
"""The highest believed ratio of writing and answering time to the floods' work. A batch with a
higher one was delayed by something else.
"""
HEAVY_S = BATCH_S / 8
"""A command that takes longer than this is heavy: it may have to wait for others."""
KEPT = 0.75
"""How much of the old estimate is kept when a batch took less than expected."""


class Fill:
    """How full the open batch is, of `batch_s` seconds; `now_s` is the clock."""

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
        #: How many answers the open batch has, and whether a batch is being written.
        self.look: Callable[[], tuple[int, bool]] = _nothing
        #: Whether others than floods wait for the batch whose writing began last.
        self.is_awaited = True
        #: Called when a new batch is opened after one that was full.
        self.on_room: Callable[[], None] = _nobody
        #: How long writing and answering takes, as a multiple of the floods' work.
        self._beside = 1.0
        #: How long floods have worked on the batch whose writing began last.
        self.weighed_s = 0.0
        self._commands = 0

    def add(self, commands: int, spent_s: float) -> None:
        """Add what a flood put into the open batch: how many commands, and how long they took."""
        self.is_used = True
        self._commands += commands
        self.spent_s += spent_s
        if (self.spent_s + spent_s) * (1 + self._beside) >= self._batch_s:  # one more is too much
            self.is_full = True

    def has_room_for(self, command_s: float) -> bool:
        """Whether a flood may put a command that takes `command_s` into the open batch."""
        if command_s > HEAVY_S and self.weighed_s and not self.is_full:
            answers, is_under_way = self.look()
            if answers > self._commands or (is_under_way and self.is_awaited):
                self.is_full = self.is_used = True
        return not self.is_full

    def begin(self, answers: int) -> None:
        """Begin a new open batch; the one before has `answers` answers."""
        self.is_awaited = answers > self._commands
        self.weighed_s, self.spent_s, self._commands = self.spent_s, 0.0, 0
        self.is_used = False
        if self.is_full:
            self.is_full = False
            self.on_room()

    def give_up(self) -> None:
        """Let those go on who wait for the next batch: there will be none."""
        self.begin(0)

    def took(self, settled_s: float) -> None:
        """Learn how long writing and answering a full batch took."""
        weighed_s = self.weighed_s
        if weighed_s >= WEIGHED_S:
            beside = min(settled_s / weighed_s, BESIDE_MAX)
            self._beside = max(beside, self._beside * KEPT + beside * (1 - KEPT))


def _nobody() -> None:
    """Do nothing: nobody waits for room."""


def _nothing() -> tuple[int, bool]:
    """Say that no batch has answers: there is no commit."""
    return 0, False
