"""Bad tokens are bounded by where they come from: so many at once, then so many a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from floruntime.server import limits
from floruntime.server.rate import RateLimit


class BadTokens:
    """Counts bad tokens by address. Good ones are not counted."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._by_address: dict[str, RateLimit] = {}

    def may_try(self, address: str) -> bool:
        """Whether a token from there is looked at."""
        rate = self._by_address.get(address)
        return rate is None or rate.left >= 1

    def note(self, address: str) -> bool:
        """One more came from there."""
        rate = self._by_address.pop(address, None)
        if rate is None:
            self._make_room()
            rate = RateLimit(limits.BAD_TOKENS_PER_SECOND, limits.BAD_TOKENS_MAX, now_s=self._now_s)
        self._by_address[address] = rate  # the youngest stands last
        return rate.take()

    def _make_room(self) -> None:
        """Forget the address that was longest without one, where there are too many."""
        if len(self._by_address) >= limits.BAD_TOKEN_ADDRESSES_MAX:
            del self._by_address[next(iter(self._by_address))]
