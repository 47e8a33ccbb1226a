"""The delay before the next attempt of a step, a poll or an executor."""

from __future__ import annotations

import zlib
from typing import assert_never

from floruntime.engine.workflow.language.definition import Backoff, Retry

_DOUBLINGS_MAX = 64
_JITTER_SHARE_MAX = 4
"""The jitter adds up to a quarter."""


def backoff_ms(backoff: Backoff, base_ms: int, longest_ms: int, attempt: int, seed: str) -> int:
    """The delay after attempt `attempt`, the first being 1.

    `linear` grows by the base, `exponential` doubles; `exponential_jitter` adds up to a quarter,
    a stable hash of `seed` and attempt. Never longer than `longest_ms`.
    """
    match backoff:
        case Backoff.CONSTANT:
            delay_ms = base_ms
        case Backoff.LINEAR:
            delay_ms = base_ms * attempt
        case Backoff.EXPONENTIAL | Backoff.EXPONENTIAL_JITTER:
            delay_ms = base_ms << min(attempt - 1, _DOUBLINGS_MAX)
        case _:
            assert_never(backoff)
    delay_ms = min(delay_ms, longest_ms)
    if backoff is Backoff.EXPONENTIAL_JITTER:
        share = zlib.crc32(f"{seed}/{attempt}".encode()) % 1001
        delay_ms += delay_ms * share // (1000 * _JITTER_SHARE_MAX)
    return min(delay_ms, longest_ms)


def retry_due_ms(retry: Retry, attempt: int, began_ms: int, now_ms: int, seed: str) -> int | None:
    """When the attempt after `attempt` is to begin; `None`: there is none.

    `began_ms`: when the first attempt began.
    """
    if attempt >= retry.max_attempts:
        return None
    delay_ms = backoff_ms(retry.backoff, retry.initial_delay_ms, retry.max_delay_ms, attempt, seed)
    due_ms = now_ms + delay_ms
    if retry.within_ms is not None and due_ms > began_ms + retry.within_ms:
        return None
    return due_ms
