"""A rate limit: so many events at once, and after that so many per second."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimit:
    """A bucket that holds `burst` and is filled again by `per_second`."""

    __slots__ = ("_burst", "_filled_s", "_left", "_now_s", "_per_second")

    def __init__(
        self,
        per_second: float,
        burst: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._now_s = now_s
        self._filled_s = now_s()
        self._left = burst

    def take(self) -> bool:
        """Let it happen once more; False where it may not."""
        now_s = self._now_s()
        filled = self._left + (now_s - self._filled_s) * self._per_second
        self._left, self._filled_s = min(self._burst, filled), now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
