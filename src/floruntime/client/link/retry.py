"""The rule for how long a client waits before it tries again."""

from __future__ import annotations

import math

import msgspec

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import DURATION_MS_MAX, check_duration


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a client waits between attempts; each delay is longer than the one before.

    The first delay is `initial_delay_ms` (default 50). Each further one is `multiplier` times as
    long (default 2.0; 1 or more), up to `max_delay_ms` (default 2,000).

    `jitter` (default 0.5; 0 to 1) is the part of each delay that may be cut at random. With 0,
    delays are exact; with 1, they are anything from nothing to the full delay. It keeps clients
    that failed at the same time from all coming back at the same time.

    The number of attempts is not limited: a call's time-out ends them. Raises `BadRequestError` on
    a value out of range.
    """

    initial_delay_ms: int = 50
    max_delay_ms: int = 2_000
    multiplier: float = 2.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        check_duration("initial_delay_ms", self.initial_delay_ms, low=1)
        check_duration("max_delay_ms", self.max_delay_ms, low=self.initial_delay_ms)
        if not (self.multiplier >= 1 and math.isfinite(self.multiplier)):
            raise BadRequestError(f"multiplier is {self.multiplier}; it must be 1 or more")
        if not 0 <= self.jitter <= 1:
            raise BadRequestError(f"jitter is {self.jitter}; 0 to 1 is allowed")

    def delay_ms(self, attempt: int, random: float) -> float:
        """How long to wait after the failed attempt `attempt` (from 0); `random` is in [0, 1)."""
        try:
            grown = self.initial_delay_ms * self.multiplier**attempt
        except OverflowError:
            grown = DURATION_MS_MAX
        return min(grown, self.max_delay_ms) * (1 - self.jitter * random)
