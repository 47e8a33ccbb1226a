"""What an option is where nobody names it: each default once, for messages, clients, commands.

Durations are in milliseconds. What is 0, 1, empty or off by default needs no name.
"""

from __future__ import annotations

import inspect
from typing import Any, Final

NAMESPACE: Final = "default"
READS: Final = "linearizable"
TIMEOUT_MS: Final = 5_000
"""How long a client waits for an answer."""
BLOCK_MS: Final = 30_000
"""How long a wait lasts that is asked for by name (`action.wait`, `worker.await_task`)."""
EXTEND_MS: Final = 30_000
"""How long a lease lasts that is touched."""
MINTED_MS: Final = 600_000
"""How long a token lasts that was minted."""

MAKE_TIMEOUT_MS: Final = 30_000
KV_DELETED_MS: Final = 24 * 3600 * 1000
"""How long a deleted key's versions are kept."""

PAGE_LIMIT: Final = 100
HISTORY_LIMIT: Final = 10
RECORDS_LIMIT: Final = 10
"""Records of one read."""

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
"""An endpoint that nobody names: the environment says it."""


class Unsaid(str):
    """A default that gives way to what an address or the environment says."""

    __slots__ = ()


def unless_said(text: str, elsewhere: str | None) -> str:
    """`text`, or where nobody said it what is said elsewhere."""
    return (elsewhere or str(text)) if isinstance(text, Unsaid) else text


class Kept(int):
    """The default of a setting that stays as it is where nobody names it.

    It is the number that something new has, and can be told from the same number when a person
    gives that.
    """

    __slots__ = ()


def unless_kept(value: int | None) -> int | None:
    """`value` as it travels: `None` keeps what is set."""
    return None if isinstance(value, Kept) else value


TIMEZONE: Final = "UTC"
"""The zone that a schedule's cron is told in."""
CATCH_UP_MS: Final = 60_000
"""A time of a schedule that was missed for no longer than this is made up for, once."""
