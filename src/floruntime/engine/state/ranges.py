"""A set of keys given as ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class KeyRanges:
    """Disjoint ranges `[start, end)` in order; those that overlap or touch become one."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[bytes] = []
        self._ends: list[bytes] = []

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __contains__(self, key: bytes) -> bool:
        position = bisect_right(self._starts, key)
        return position > 0 and key < self._ends[position - 1]

    def overlaps(self, start: bytes, end: bytes) -> bool:
        """Whether any key of `[start, end)` may be in one of the ranges."""
        position = bisect_left(self._starts, end)
        return position > 0 and start < min(end, self._ends[position - 1])

    def add(self, start: bytes, end: bytes) -> None:
        """Add `[start, end)`; an empty range adds nothing."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def copy(self) -> KeyRanges:
        """The same ranges, in lists of their own."""
        copied = KeyRanges()
        copied._starts, copied._ends = self._starts.copy(), self._ends.copy()
        return copied

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """The ranges, in order."""
        return list(zip(self._starts, self._ends, strict=True))
