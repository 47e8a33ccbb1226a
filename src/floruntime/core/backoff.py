"""How long to wait after a failed attempt, where the wait may grow with each attempt.

`constant` always waits the same time. `exponential` doubles the wait after each attempt, and adds
up to a tenth of it, so that items that failed together do not come back together. The added part is
a stable hash of a seed and the attempt, so it is the same everywhere and on every replay.
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
    """How the delays between attempts grow."""

    CONSTANT = "constant"
    EXPONENTIAL = "exponential"


def retry_delay_ms(
    base_ms: int, backoff: str, longest_ms: int, attempt: int, seed: object = ""
) -> int:
    """The delay after attempt `attempt`, counted from 1. It grows up to `longest_ms`."""
    if backoff != RetryBackoff.EXPONENTIAL or not base_ms:
        return base_ms
    longest_ms = max(base_ms, longest_ms)
    delay_ms = min(base_ms << min(max(attempt - 1, 0), _DOUBLINGS_MAX), longest_ms)
    share = zlib.crc32(f"{seed}/{attempt}".encode()) % 1001
    return min(delay_ms + delay_ms * share // (1000 * _JITTER_SHARE), longest_ms)


def lost_delay_ms(base_ms: int, longest_ms: int, attempt: int, seed: object) -> int:
    """The delay after attempt `attempt` has ended with its worker.

    The first such end counts as chance and takes the base delay. From the second on, the delay is
    the base delay, or a second without one. It is doubled each time, and up to as much again is
    added, by the same hash. So if one item ends its workers, the items around it are delivered
    again without it.
    """
    if attempt <= 1:
        return base_ms
    base_ms = base_ms or defaults.RUN_RETRY_DELAY_MS
    longest_ms = max(base_ms, longest_ms)
    delay_ms = min(base_ms << min(attempt - 2, _DOUBLINGS_MAX), longest_ms)
    share = zlib.crc32(f"{seed}/{attempt}".encode()) % 1001
    return min(delay_ms + delay_ms * share // 1000, longest_ms)


class RetryDelay(NamedTuple):
    """The retry settings of one queue, group or action."""

    base_ms: int = 0
    backoff: str = defaults.RETRY_BACKOFF
    longest_ms: int = defaults.RETRY_DELAY_MAX_MS

    def after(self, attempt: int, seed: object) -> int:
        """The delay after attempt `attempt`, counted from 1."""
        return retry_delay_ms(self.base_ms, self.backoff, self.longest_ms, attempt, seed)


def check_retry(delay_ms: int, backoff: str, longest_ms: int) -> None:
    """Raise `BadRequestError` if these settings are invalid."""
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
