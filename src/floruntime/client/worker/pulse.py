"""The heartbeat of a worker: it tells the server that it is alive, and hears which work to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from floruntime.client.worker.clock import Clock


class Pulse:
    """Calls `beat` every `interval_ms`, and at once after `hurry`, until `end`."""

    def __init__(self, clock: Clock, interval_ms: int, beat: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._interval_ms = interval_ms
        self._beat = beat
        self._due = asyncio.Event()
        self._is_ended = False

    def hurry(self) -> None:
        """Beat now."""
        self._due.set()

    def end(self) -> None:
        """Stop beating."""
        self._is_ended = True
        self._due.set()

    async def run(self) -> None:
        """Run until `end`. Raises what `beat` raises."""
        while True:
            due_ms = int(self._clock.now_ms()) + self._interval_ms
            timer = self._clock.call_at(due_ms, self._due.set)
            try:
                await self._due.wait()
            finally:
                timer.cancel()
            self._due.clear()
            if self._is_ended:
                return
            await self._beat()
