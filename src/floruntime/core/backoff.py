"""How long to wait after a failed attempt, where that may grow from one to the next.

`constant`: always the same. `exponential`: twice as long after each attempt, and up to a tenth of
that on top, so that what failed together does not come back together. The share on top is a stable
hash of a seed and the attempt: the same everywhere, on every replay.
"""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import Final, NamedTuple

from floruntime.core import defaults
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import check_duration, shown

_DOUBLINGS_MAX: Final = 64
_JITTER_SHARE: Final = 10


class RetryBackoff(StrEnum):
    """How delays between attempts grow."""

    CONSTANT = "constant"
    EXPONENTIAL = "exponential"


def retry_delay_ms(
    base_ms: int, backoff: str, longest_ms: int, attempt: int, seed: object = ""
) -> int:
    """The delay after attempt `attempt`, the first being 1; it grows up to `longest_ms`."""
    if backoff != RetryBackoff.EXPONENTIAL or not base_ms:
        return base_ms
    longest_ms = max(base_ms, longest_ms)
    delay_ms = min(base_ms << min(max(attempt - 1, 0), _DOUBLINGS_MAX), longest_ms)
    share = zlib.crc32(f"{seed}/{attempt}".encode()) % 1001
    return min(delay_ms + delay_ms * share // (1000 * _JITTER_SHARE), longest_ms)


def lost_delay_ms(base_ms: int, longest_ms: int, attempt: int, seed: object) -> int:
    """The delay after attempt `attempt` ended with its worker. The first time that is chance; from
    the second on it is a second unless told, twice as long after each, and up to twice that by
    chance: whichever piece of work ends workers, its neighbours come back without it.
    """
    if attempt <= 1:
        return base_ms
    base_ms = base_ms or defaults.RUN_RETRY_DELAY_MS
    longest_ms = max(base_ms, longest_ms)
    delay_ms = min(base_ms << min(attempt - 2, _DOUBLINGS_MAX), longest_ms)
    share = zlib.crc32(f"{seed}/{attempt}".encode()) % 1001
    return min(delay_ms + delay_ms * share // 1000, longest_ms)


class RetryDelay(NamedTuple):
    """The settings of one holder of them."""

    base_ms: int = 0
    backoff: str = defaults.RETRY_BACKOFF
    longest_ms: int = defaults.RETRY_DELAY_MAX_MS

    def after(self, attempt: int, seed: object) -> int:
        """The delay after attempt `attempt`, the first being 1."""
        return retry_delay_ms(self.base_ms, self.backoff, self.longest_ms, attempt, seed)


def check_retry(delay_ms: int, backoff: str, longest_ms: int) -> None:
    """Raises `BadRequestError` where these settings cannot be."""
    check_duration("retry_delay_ms", delay_ms)
    check_duration("retry_delay_max_ms", longest_ms, low=1)
    if backoff not in list(RetryBackoff):
        raise BadRequestError(
            f"retry_backoff is {shown(backoff)}; it must be one of: {', '.join(RetryBackoff)}"
        )
    if backoff == RetryBackoff.EXPONENTIAL and longest_ms < delay_ms:
        raise BadRequestError(
            f"retry_delay_max_ms is {longest_ms}, which is less than retry_delay_ms, {delay_ms}: "
            "delays grow from the one to the other"
        )
