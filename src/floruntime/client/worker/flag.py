"""A flag that tasks can wait for in any event loop.

An `asyncio.Event` belongs to the first loop that waits for it. But a worker is made once, when its
module is imported, and may then be run in several loops in turn: each test has its own.
"""

from __future__ import annotations

import asyncio


class Flag:
    """Set or not set; `wait` returns once it is set."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: dict[asyncio.Future[None], None] = {}

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake everybody who waits. Call it in the loop's thread."""
        self._is_set = True
        for future in self._waiting:
            future.get_loop().call_soon_threadsafe(_let_go, future)
        self._waiting.clear()

    def clear(self) -> None:
        """Make later waits wait again."""
        self._is_set = False

    async def wait(self) -> None:
        """Wait until it is set."""
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
