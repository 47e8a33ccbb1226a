"""The clock for leases, heartbeats and patience: the event loop's, or that of a test server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A scheduled call that can be taken back."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """The time, and calls at a time."""

    def now_ms(self) -> float:
        """The time since some fixed moment."""
        ...

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        """Call back once `when_ms` is reached."""
        ...


class LoopClock:
    """The event loop's own clock."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now_ms(self) -> float:
        return self._loop.time() * 1000

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        return self._loop.call_at(when_ms / 1000, callback)
