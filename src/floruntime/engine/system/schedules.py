"""What the schedules of workflows and of actions share: their rows, and which may start runs.

A schedule that is not asleep has a row in a table of its kind, under the time when it is due,
including jitter, or under 0 while its next time is not calculated yet. The server watches that
table.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple, Protocol

from floruntime.core.schedule import Overlap
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View

TOPIC: Final = "schedule"
"""Touched when a schedule wakes, changes or goes to sleep: the server looks again."""


class Spec(Protocol):
    """What the server needs to know of a schedule's times: one of `cron` and `interval`, in ms."""

    @property
    def cron(self) -> str | None: ...
    @property
    def interval(self) -> int | None: ...
    @property
    def timezone(self) -> str: ...
    @property
    def catch_up_ms(self) -> int: ...


class Kept(Protocol):
    """A schedule's row, as the server looks at it: `anchor_ms` is when it was told to keep these
    times, `next_ms` the next nominal time, 0 while it is not known.
    """

    @property
    def spec(self) -> Spec: ...
    @property
    def anchor_ms(self) -> int: ...
    @property
    def next_ms(self) -> int: ...


class Due(NamedTuple):
    """A schedule that is due, or whose next time is to be worked out (`next_ms` 0). `row` is
    `None` where the schedule went with its namespace.
    """

    owner_id: int
    due_ms: int
    row: Kept | None


class StandingSchedules(NamedTuple):
    """The schedules of one kind that are awake, and how the row of one is found."""

    table: Table[bool]
    find: Callable[[View, int], Kept | None]

    def due_by(self, view: View, wall_ms: int) -> Iterator[Due]:
        """Those that the server has to do something about by this time, the earliest first."""
        start, end = self.table.range()[0], self.table.key(wall_ms + 1, 0)
        for key, _ in view.scan(self.table, start, end):
            due_ms, owner_id = self.table.unpack(key)
            yield Due(owner_id, due_ms, self.find(view, owner_id))

    def first_due_after(self, view: View, wall_ms: int) -> int | None:
        """When the first one is due that is not yet."""
        start, end = self.table.key(wall_ms + 1, 0), self.table.range()[1]
        for key, _ in view.scan(self.table, start, end):
            return self.table.unpack(key)[0]
        return None


def move(tx: Tx, table: Table[bool], owner_id: int, from_ms: int | None, to_ms: int | None) -> None:
    """Let a schedule stand elsewhere; `None`: it sleeps."""
    if from_ms == to_ms:
        return
    if from_ms is not None:
        tx.delete(table, table.key(from_ms, owner_id))
    if to_ms is not None:
        tx.put(table, table.key(to_ms, owner_id), True)
    tx.touch((tx.namespace, TOPIC, ""))


def due_of(owner_id: int, next_ms: int, jitter_ms: int) -> int:
    """When it is due: up to `jitter_ms` after its nominal time, as that time's own hash says."""
    if not next_ms or not jitter_ms:
        return next_ms
    share = zlib.crc32(f"{owner_id}/{next_ms}".encode())
    return next_ms + share % (jitter_ms + 1)


class Turn(Enum):
    """What happens with a nominal time that has come."""

    RUN = auto()
    WAIT = auto()
    SKIP = auto()


def turn_of(overlap: Overlap, running: int, max_concurrent: int, waiting_ms: int) -> Turn:
    """Decide what happens with a time that has come.

    `running`: how many of the schedule's own runs have not ended. `waiting_ms`: the nominal time
    that waits for one of them to end; 0: none waits.
    """
    if overlap is Overlap.ALLOW or running < max_concurrent:
        return Turn.RUN
    return Turn.WAIT if overlap is Overlap.BUFFER_ONE and not waiting_ms else Turn.SKIP
