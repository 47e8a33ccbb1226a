"""Finds the largest of many items one by one, so that the caller can pause between any two.

`heapq.nlargest` over a list of all is one uninterrupted piece of work, which grows with them.
"""

from __future__ import annotations

from heapq import heappush, heappushpop
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Largest(Generic[Item]):
    """The `count` largest of what was offered; of equals those that came first."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._heap: list[tuple[int, int, Item]] = []
        self._offered = 0

    def offer(self, size: int, item: Item) -> Item | None:
        """Take it in. What is none of the largest comes back: it, or what was until now."""
        self._offered += 1
        entry = size, -self._offered, item
        if len(self._heap) < self._count:
            heappush(self._heap, entry)
            return None
        return heappushpop(self._heap, entry)[2]

    def in_order(self) -> list[Item]:
        """The largest first."""
        return [item for _, _, item in sorted(self._heap, reverse=True, key=_place)]


def _place(entry: tuple[int, int, object]) -> tuple[int, int]:
    return entry[:2]
