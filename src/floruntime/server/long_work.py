"""Long work in many small steps, so that other requests are served in between.

All long work is done one piece after the other. Together it gets a fixed share of each turn of the
event loop, however much there is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

SLICE_S: Final = 0.004
"""How long it goes on in one turn of the loop."""


class LongWork:
    """Does it. `now_s` measures."""

    def __init__(self, now_s: Callable[[], float] = time.perf_counter) -> None:
        self._now_s = now_s
        self._lock = asyncio.Lock()

    async def each(self, make: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """What `make` makes of each item."""
        made: list[R] = []
        async with self._lock:
            until_s = self._now_s() + SLICE_S
            for item in items:
                made.append(make(item))
                if self._now_s() >= until_s:
                    await asyncio.sleep(0)
                    until_s = self._now_s() + SLICE_S
        return made
