"""Command time: the time stamped on every command, by which deadlines are measured.

It starts at the later of the last stamped time and the wall clock. Then it follows the monotonic
clock, and is slowly corrected towards the wall clock. It never goes back, and never jumps forward
while the server runs. So if somebody sets the clock, no expired key returns, and no lease becomes
longer.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

from floruntime.core.limits import DURATION_MS_MAX
from floruntime.server.wall_alarm import WallAlarm

CORRECTION_MS_PER_CALL_MAX = 5
CORRECTION_INTERVAL_MS = 1_000


class Handle(Protocol):
    """A scheduled call that can be taken back."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Where the server's time comes from."""

    @property
    def horizon_ms(self) -> int:
        """How far ahead the time index is looked at; an idle server wakes this often."""
        ...

    def now_ms(self) -> int:
        """Command time. Never smaller than at an earlier call."""
        ...

    def wall_ms(self) -> int:
        """What the wall clock shows, as Unix epoch milliseconds; it may go back. Only schedules
        look at it.
        """
        ...

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        """Call back once command time has reached `when_ms`."""
        ...

    def call_at_wall(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        """Call back once the wall clock shows `when_ms`, or earlier: where it is set, say."""
        ...


class SystemClock:
    """The machine's clocks. `floor_ms`: the last time that was stamped before this start.
    `start_ms`: where another machine's command time stands now, to go on from there.
    """

    horizon_ms = 1_000

    def __init__(
        self,
        floor_ms: int = 0,
        *,
        start_ms: int | None = None,
        wall_s: Callable[[], float] = time.time,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_s = wall_s
        self._monotonic_ns = monotonic_ns
        started_ms = max(floor_ms, int(wall_s() * 1000) if start_ms is None else start_ms)
        self._offset_ms = started_ms - monotonic_ns() // 1_000_000
        self._last_ms = started_ms
        self._corrected_ms = started_ms

    def now_ms(self) -> int:
        now_ms = self._monotonic_ns() // 1_000_000 + self._offset_ms
        if now_ms - self._corrected_ms >= CORRECTION_INTERVAL_MS:
            self._correct(now_ms)
        if now_ms > self._last_ms:
            self._last_ms = now_ms
        return self._last_ms

    def wall_ms(self) -> int:
        return int(self._wall_s() * 1000)

    def _correct(self, now_ms: int) -> None:
        """Step towards the wall clock by half a percent of the time passed, at most."""
        self._corrected_ms = now_ms
        off_ms = int(self._wall_s() * 1000) - now_ms
        bound = CORRECTION_MS_PER_CALL_MAX
        self._offset_ms += max(-bound, min(bound, off_ms))

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        return _LoopHandle(self, when_ms, callback)

    def call_at_wall(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        if self._wall_s is time.time:
            return WallAlarm(when_ms, self.wall_ms(), callback)
        wait_ms = min(when_ms - self.wall_ms(), self.horizon_ms)  # a clock that no kernel knows
        return self.call_at(self.now_ms() + wait_ms, callback)


class _LoopHandle:
    """A call by the loop's timer. That may come early, since command time is being corrected."""

    def __init__(self, clock: Clock, when_ms: int, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._when_ms = when_ms
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._wait(max(0, when_ms - clock.now_ms()))

    def _wait(self, delay_ms: int) -> None:
        self._timer = self._loop.call_later(delay_ms / 1000, self._fire)

    def _fire(self) -> None:
        early_ms = self._when_ms - self._clock.now_ms()
        if early_ms > 0:
            self._wait(early_ms)
        else:
            self._callback()

    def cancel(self) -> None:
        self._timer.cancel()


class _ManualHandle:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """A clock that stands still until it is moved. For tests."""

    horizon_ms = DURATION_MS_MAX

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = start_ms
        self._order = itertools.count()
        self._calls: list[tuple[int, int, _ManualHandle]] = []

    def from_floor(self, floor_ms: int) -> ManualClock:
        """This clock, moved on to where the state of a server was left at another clock's time."""
        self._now_ms = max(self._now_ms, floor_ms)
        return self

    def now_ms(self) -> int:
        return self._now_ms

    def wall_ms(self) -> int:
        return self._now_ms

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        handle = _ManualHandle(callback)
        heapq.heappush(self._calls, (when_ms, next(self._order), handle))
        return handle

    def call_at_wall(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        # A test may have set the wall back: it shows that time so much later.
        return self.call_at(when_ms - self.wall_ms() + self._now_ms, callback)

    def run_next(self, until_ms: int) -> bool:
        """Move to the next call due by `until_ms` and make it; without one, move to `until_ms`."""
        while self._calls and self._calls[0][0] <= until_ms:
            when_ms, _, handle = heapq.heappop(self._calls)
            if handle.callback is not None:
                self._now_ms = max(self._now_ms, when_ms)
                handle.callback()
                return True
        self._now_ms = max(self._now_ms, until_ms)
        return False
