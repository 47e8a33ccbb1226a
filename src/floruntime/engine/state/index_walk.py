"""Walks an index whose keys end with numbers, in either direction, page by page.

A key of an index is a *place* (its first part: an owner, a status, a value) and a *position* (the
rest, whose last eight bytes are the number). If several places are walked together, their positions
are merged, so positions must mean the same in all of them. A page continues after the position
where the previous page ended, however the index has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from floruntime.core import limits
from floruntime.engine.state.index_marks import Marks
from floruntime.engine.state.keyspace import Table, after, next_key
from floruntime.engine.state.tx import Tx, View

NUMBER_BYTES = 8
BY_NUMBER = ""
BY_END = "end"


class Lane(NamedTuple):
    """The part of one place that is walked over: positions from `start` on and before `end`.
    `rows`: so many there are at most, where that is known. Nobody looks on behind so many: a store
    walks over all that was ever deleted there. `marks`: where rows may be, if that is kept; then
    positions are numbers alone.
    """

    table: Table[Any]
    place: bytes
    start: bytes
    end: bytes
    rows: int | None = None
    marks: Marks | None = None

    @property
    def uncounted(self) -> Lane:
        """The same for who changes rows on the way: there may come to be more of them."""
        return self._replace(rows=None)

    def positions(self, view: View, behind: bytes | None, *, is_falling: bool) -> Iterator[bytes]:
        """In order, those behind a position."""
        start, end = self.start, self.end
        if behind is not None and is_falling:
            end = min(end, self.place + behind)
        elif behind is not None:
            start = max(start, next_key(self.place + behind))
        if self.rows == 1:
            is_falling = False  # where rows begin is known, and behind it others may have gone
        cut = len(self.place)
        for key in islice(self._keys(view, start, end, is_falling=is_falling), self.rows):
            yield key[cut:]

    def _keys(self, view: View, start: bytes, end: bytes, *, is_falling: bool) -> Iterator[bytes]:
        for first, stop in self._pieces(view, start, end, is_falling=is_falling):
            if self.rows != 1 and self.marks is not None and self.marks.is_small(first, stop):
                is_cut = self.marks.is_cut(first)
                yield from _inside(
                    view, self.table, first, stop, is_falling=is_falling, is_cut=is_cut
                )
            else:
                for key, _ in view.scan(self.table, first, stop, reverse=is_falling):
                    yield key

    def _pieces(
        self, view: View, start: bytes, end: bytes, *, is_falling: bool
    ) -> Iterator[tuple[bytes, bytes]]:
        if self.marks is None:
            yield start, end
            return
        place, whole = self.place, len(self.place) + NUMBER_BYTES
        low = number_at(start[:whole]) + (len(start) > whole)
        high = number_at(end)
        for first, stop in self.marks.pieces(view, place, low, high, is_falling=is_falling):
            yield place + first.to_bytes(8, "big"), place + stop.to_bytes(8, "big")


def _inside(
    view: View, table: Table[Any], start: bytes, end: bytes, *, is_falling: bool, is_cut: bool
) -> Iterator[bytes]:
    """The keys of a small piece in order, up to the last one and no further: where a store looks
    for one more, it walks over all that was ever deleted behind. `is_cut`: the piece begins behind
    a row of its span, so a look back is short even where nothing is left.
    """
    if not is_falling and isinstance(view, Tx):  # its scans end at their upper bound
        yield from (key for key, _ in view.scan(table, start, end))
        return
    last: bytes | None = None
    if is_falling or not is_cut:
        last = _first_key(view, table, start, end)
        if last is None:
            return
    if not is_falling:
        last = _first_key(view, table, start, end, reverse=True)
    if last is None:
        return
    for key, _ in view.scan(table, start, end, reverse=is_falling):
        yield key
        if key == last:
            return


def _first_key(
    view: View, table: Table[Any], start: bytes, end: bytes, *, reverse: bool = False
) -> bytes | None:
    found = next(iter(view.scan(table, start, end, reverse=reverse)), None)
    return None if found is None else found[0]


class IndexWalk(NamedTuple):
    """What to walk over. `order`: what the positions are, `BY_NUMBER`, `BY_END` or another."""

    order: str
    spans: list[Lane]


def span_of(table: Table[Any], place: bytes, first: bytes = b"", end: bytes | None = None) -> Lane:
    """A place of an index, from the position `first` on and before `end`; by default all of it."""
    return Lane(table, place, place + first, after(place) if end is None else place + end)


def numbered(table: Table[Any], place: bytes, first: int = 0, end: int = limits.UINT_MAX) -> Lane:
    """A place whose positions are numbers alone: `first <= number < end`."""
    return span_of(table, place, first.to_bytes(NUMBER_BYTES, "big"), end.to_bytes(8, "big"))


class Filled(NamedTuple):
    """A place of an index by status, of which it is kept where its rows begin, and how many there
    are (`None`: that is not known).
    """

    table: Table[Any]
    place: bytes
    first: int = 0
    rows: int | None = None
    marks: Marks | None = None

    def lane(self, first: int, end: int) -> Lane:
        """What of it may have numbers from `first` on and before `end`."""
        first = max(first, self.first)
        lane = numbered(self.table, self.place, min(first, end), end)
        return lane._replace(rows=self.rows, marks=self.marks)


def first_after(first: int, count: int, number: int, change: int) -> int:
    """Below which number no row stands, once one has come (1) or gone (-1): of `count` rows, none
    stood below `first`. It may lie below the first row: those between may have gone singly. Without
    any row it is 0.
    """
    if change > 0:
        return number if not count or number < first else first
    if count == 1:
        return 0
    return number + 1 if number == first else first


def walk(
    view: View, spans: Sequence[Lane], behind: bytes | None, *, is_falling: bool
) -> Iterator[bytes]:
    """The positions of all spans, merged in order."""
    found = [span.positions(view, behind, is_falling=is_falling) for span in spans]
    return found[0] if len(found) == 1 else merge(*found, reverse=is_falling)


def number_at(position: bytes) -> int:
    """The number of the thing at a position."""
    return int.from_bytes(position[-NUMBER_BYTES:], "big")


def first_since(view: View, table: Any, of_namespace_id: int, since_ms: int) -> int:
    """The number of the first row that was created at `since_ms` or later, or one behind all rows.

    Numbers grow with time: so the time of a row tells which way to look on.
    """
    low, high = 0, _behind_all(view, table, of_namespace_id)
    while low < high:
        middle = (low + high) // 2
        number, row = next(_rows(view, table, of_namespace_id, middle, high), (high, None))
        if row is None or row.created_at_ms >= since_ms:
            high = middle
        else:
            low = number + 1
    return low


def _behind_all(view: View, table: Any, of_namespace_id: int) -> int:
    span = table.range(of_namespace_id)
    last = next(iter(view.scan(table, *span, reverse=True)), None)
    return 0 if last is None else number_at(last[0]) + 1


def _rows(
    view: View, table: Any, of_namespace_id: int, first: int, end: int
) -> Iterator[tuple[int, Any]]:
    span = table.key(of_namespace_id, first), table.key(of_namespace_id, end)
    for key, row in view.scan(table, *span):
        yield number_at(key), row
