"""Marks that show where an index by status may have rows, so that no scan walks over deletions.

Runs enter a status and leave it. They leave deletions behind, and a store must walk over each of
them. So the numbers are cut into spans, and a span in which a row was ever put has a *mark*. A
listing looks only into marked spans. A mark is written once for a span, not for each row. Each new
mark also checks a few others, and removes those whose span is empty.

Rows from before there were marks are below the first marked span, and are walked as they are; if
there were none, all spans have marks. The same is true for everything that was there when a version
without marks had served the data in between: `MachineRow.marked_from` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.machine_row import MACHINE, MACHINE_KEY
from floruntime.engine.state.tx import Tx, View

SPAN_BITS = 12
"""A span has so many bits' worth of numbers: a listing passes over so many deletions in vain."""
LOOKED_AFTER: Final = 4
"""Marks that each new mark looks after: more than one, so those in vain become fewer."""
NOTED_MAX: Final = 4_096


class MarkedRow(Value, frozen=True):
    """`first`: the span from which on there are marks. `looked_at`: the one looked after last."""

    first: int
    looked_at: int = 0


def _first_marked(view: View, marked: MarkedRow) -> int:
    """The number from which on there are marks for every row."""
    machine = view.get(MACHINE, MACHINE_KEY)
    if machine is None:  # nothing was written yet
        return marked.first << SPAN_BITS
    known_from = machine.next_id if machine.marked_from < 0 else machine.marked_from
    return max(marked.first << SPAN_BITS, known_from)


class Marks(NamedTuple):
    """An index whose keys are owner, status and number, and its marks."""

    rows: Table[bool]
    marks: Table[bool]
    marked: Table[MarkedRow]

    def note(self, tx: Tx, owner_id: int, status: int, number: int) -> None:
        """A row was put into the index. What is noted is at hand, and is right when it is empty."""
        noted: set[Any] | None = tx.hints.get(self.marks)
        if noted is None:
            noted = tx.hints[self.marks] = set()
        place = owner_id, status, number >> SPAN_BITS
        if place not in noted:
            if len(noted) >= NOTED_MAX:
                noted.clear()
            noted.add(place)
            self._mark(tx, noted, *place)

    def _mark(self, tx: Tx, noted: set[Any], owner_id: int, status: int, span: int) -> None:
        key = self.marked.key(owner_id, status)
        marked = tx.get(self.marked, key)
        if marked is None:
            marked = MarkedRow(self._first_marked(tx, owner_id, status))
            tx.put(self.marked, key, marked)
        mark = self.marks.key(owner_id, status, span)
        if span < marked.first or tx.get(self.marks, mark) is not None:
            return
        looked_at = marked.looked_at
        behind = self.marks.key(owner_id, status, looked_at + 1)
        end = self.marks.range(owner_id, status)[1]
        others = [key for key, _ in islice(tx.scan(self.marks, behind, end), LOOKED_AFTER)]
        tx.put(self.marks, mark, True)
        for other in others:
            looked_at = self.marks.unpack(other)[2]
            if not self._has_rows(tx, owner_id, status, looked_at):
                tx.delete(self.marks, other)
                noted.discard((owner_id, status, looked_at))
        is_round_over = len(others) < LOOKED_AFTER
        tx.put(self.marked, key, MarkedRow(marked.first, 0 if is_round_over else looked_at))

    def _first_marked(self, tx: Tx, owner_id: int, status: int) -> int:
        """From which span on there are to be marks: from the first where no row is but the new one,
        else behind all numbers.
        """
        rows = islice(tx.scan(self.rows, *self.rows.range(owner_id, status)), 2)
        return 0 if sum(1 for _ in rows) == 1 else (tx.last_id() >> SPAN_BITS) + 1

    def _has_rows(self, tx: Tx, owner_id: int, status: int, span: int) -> bool:
        start, end = (
            self.rows.key(owner_id, status, each << SPAN_BITS) for each in (span, span + 1)
        )
        return next(iter(tx.scan(self.rows, start, end)), None) is not None

    def is_small(self, start: bytes, end: bytes) -> bool:
        """Whether these keys of the index are those of a piece no longer than a span."""
        first, stop = (self.rows.unpack(key)[2] for key in (start, end))
        return stop - first <= 1 << SPAN_BITS

    def is_cut(self, start: bytes) -> bool:
        """Whether a piece that begins with this key of the index begins within a span."""
        return self.rows.unpack(start)[2] % (1 << SPAN_BITS) != 0

    def pieces(
        self, view: View, place: bytes, first: int, end: int, *, is_falling: bool
    ) -> Iterator[tuple[int, int]]:
        """The parts of `first <= number < end` that may have rows, in order. `place`: the index's
        tag, the owner and the status, as keys begin.
        """
        owner_id, status, _ = self.rows.unpack(place + bytes(8))
        marked = view.get(self.marked, self.marked.key(owner_id, status))
        border = end if marked is None else max(first, min(end, _first_marked(view, marked)))
        if first < border and not is_falling:
            yield first, border
        if border < end:
            start = self.marks.key(owner_id, status, border >> SPAN_BITS)
            stop = self.marks.key(owner_id, status, ((end - 1) >> SPAN_BITS) + 1)
            for key, _ in view.scan(self.marks, start, stop, reverse=is_falling):
                span = self.marks.unpack(key)[2]
                yield max(border, span << SPAN_BITS), min(end, (span + 1) << SPAN_BITS)
        if first < border and is_falling:
            yield first, border
