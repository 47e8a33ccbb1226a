"""A flag that tasks wait for, whichever event loop they run in.

An `asyncio.Event` belongs to the first loop that waits for it; but a worker is made once, when its
module is imported, and may be run in one loop after the other (each test has its own).
"""

from __future__ import annotations

import asyncio


class Flag:
    """Set or not; `wait` returns once it is set."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: dict[asyncio.Future[None], None] = {}

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and let everybody go on who waits. To be called where the loop runs."""
        self._is_set = True
        for future in self._waiting:
            future.get_loop().call_soon_threadsafe(_let_go, future)
        self._waiting.clear()

    def clear(self) -> None:
        """Let who waits from now on wait."""
        self._is_set = False

    async def wait(self) -> None:
        """Until it is set."""
        if self._is_set:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = None
        try:
            await future
        finally:
            self._waiting.pop(future, None)


def _let_go(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
