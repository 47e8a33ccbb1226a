"""Delays refusals of bad tokens: the more come from one address, the longer each waits.

Good tokens are let in at once, however many bad ones come from the same address. So nobody can lock
out others behind the same proxy.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from floruntime.server import limits


class BadTokens:
    """Counts bad tokens by address; the count falls by one a second."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        #: By address: how many came lately, and when that was so.
        self._lately: dict[str, tuple[float, float]] = {}

    def note(self, address: str) -> float:
        """One more came from there; for how many seconds its refusal is to be held back."""
        now_s = self._now_s()
        count, counted_s = self._lately.pop(address, (0.0, now_s))
        count = max(0.0, count - (now_s - counted_s) * limits.BAD_TOKENS_PER_SECOND) + 1
        delay_s = min(max(0.0, count - limits.BAD_TOKENS_MAX), limits.BAD_TOKEN_MS_MAX / 1000)
        if len(self._lately) >= limits.BAD_TOKEN_ADDRESSES_MAX:
            del self._lately[next(iter(self._lately))]  # longest without one
        most = limits.BAD_TOKENS_MAX + limits.BAD_TOKEN_MS_MAX / 1000
        self._lately[address] = (min(count, most), now_s)
        return delay_s
