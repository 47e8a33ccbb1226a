"""How long to wait before the next attempt."""

from __future__ import annotations

import math

import msgspec

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import DURATION_MS_MAX, check_duration


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Back-off that grows from `initial_delay_ms` by `multiplier` from attempt to attempt, up to
    `max_delay_ms`: from 50 ms twofold to 2,000 ms unless told.

    `jitter` is the part of each delay that chance may take away: 0 for exact delays, 1 for anything
    from nothing to the full delay. It keeps clients that failed together from coming back together.
    The number of attempts has no limit of its own: a call's time-out ends them.
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
        """The wait after failed attempt number `attempt` (from 0); `random` lies in [0, 1)."""
        try:
            grown = self.initial_delay_ms * self.multiplier**attempt
        except OverflowError:
            grown = DURATION_MS_MAX
        return min(grown, self.max_delay_ms) * (1 - self.jitter * random)
