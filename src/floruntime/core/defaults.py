"""The defaults of options, each defined once, for messages, clients and commands.

Durations are in milliseconds. A default of 0, 1, empty or off has no name here.
"""

from __future__ import annotations

import inspect
from typing import Any, Final

NAMESPACE: Final = "default"
READS: Final = "linearizable"
TIMEOUT_MS: Final = 5_000
"""How long a client waits for an answer."""
BLOCK_MS: Final = 30_000
"""How long an explicit wait lasts (`action.wait`, `worker.await_task`)."""
EXTEND_MS: Final = 30_000
"""How long a lease lasts after a touch."""
MINTED_MS: Final = 600_000
"""How long a minted token lasts."""

MAKE_TIMEOUT_MS: Final = 30_000
KV_DELETED_MS: Final = 24 * 3600 * 1000
"""How long a deleted key's versions are kept."""

PAGE_LIMIT: Final = 100
HISTORY_LIMIT: Final = 10
RECORDS_LIMIT: Final = 10
"""How many records one read returns."""

PRIORITY: Final = 10
VISIBILITY_TIMEOUT_MS: Final = 30_000
MAX_ATTEMPTS: Final = 5
DLQ_LIMIT: Final = 10_000
DEDUP_WINDOW_MS: Final = 300_000

RETRY_BACKOFF: Final = "constant"
RETRY_DELAY_MAX_MS: Final = 3_600_000

GROUP_START: Final = "0"
GROUP_MODE: Final = "shared"
ACK_TIMEOUT_MS: Final = 30_000
MAX_DELIVER: Final = 10
CONSUMER_TIMEOUT_MS: Final = 30_000

ATTEMPT_TIMEOUT_MS: Final = 30_000
MAX_RETRIES: Final = 3
RUN_RETRY_DELAY_MS: Final = 1_000
RATE_PERIOD_MS: Final = 1_000
RUN_RETENTION_MS: Final = 30 * 24 * 3_600_000
"""How long a run is kept after it has ended."""
OUTCOME: Final = "success"
CONCURRENCY: Final = 10


LEFT_OUT: Any = inspect.Parameter.empty
"""An endpoint that was left out: the environment decides."""


class Unsaid(str):
    """A default that gives way to what an address or the environment says."""

    __slots__ = ()


def unless_said(text: str, elsewhere: str | None) -> str:
    """Return `text`, or if it was left out, the value from elsewhere."""
    return (elsewhere or str(text)) if isinstance(text, Unsaid) else text


class Kept(int):
    """The default of a setting that keeps its current value if it is left out.

    It is the number that a new object has. Still it can be told from the same number given by a
    caller.
    """

    __slots__ = ()


def unless_kept(value: int | None) -> int | None:
    """Return `value` as a request has it: `None` keeps the current setting."""
    return None if isinstance(value, Kept) else value


TIMEZONE: Final = "UTC"
"""The time zone of a schedule's cron."""
CATCH_UP_MS: Final = 60_000
"""A scheduled time that was missed by no more than this is made up for, once."""
