"""Gives up a peer that promised to send something regularly, and has fallen silent.

The kernel's probes (`keepalive.py`) are answered by the next machine on the way, which may be a
proxy, and by the kernel of a frozen process. Only what a client itself sends proves that it is
alive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from floruntime.server import limits


class Silence:
    """Watches one connection. `heard_bytes`: how much came until now; `is_excused`: whether
    nothing can be heard for another reason.
    """

    def __init__(
        self,
        heard_bytes: Callable[[], int],
        is_excused: Callable[[], bool],
        give_up: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard_bytes = heard_bytes
        self._is_excused = is_excused
        self._give_up = give_up
        self._period_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_watched = False
        #: How much had come when it was last looked.
        self._known_bytes = -1

    def watch(self, quiet_ms_max: int) -> None:
        """It promised to be silent for no longer than that; only its first promise counts."""
        if self._is_watched:
            return
        self._is_watched = True
        self._known_bytes = -1  # what it promised by is a sign, too
        broken_ms = limits.BROKEN_PROMISES * max(quiet_ms_max, limits.QUIET_MS_MIN)
        self._period_s = min(broken_ms, limits.QUIET_MS_MAX) / 1000
        self._look_later()

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(self._period_s, self._look)

    def _look(self) -> None:
        heard_bytes = self._heard_bytes()
        if heard_bytes == self._known_bytes and not self._is_excused():
            self._give_up()
            return
        self._known_bytes = heard_bytes
        self._look_later()

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
