"""Delays between attempts, the same as in JavaScript (`test/backoff.test.ts`)."""

from __future__ import annotations

import pytest

from floruntime.core.backoff import RetryDelay, check_retry, retry_delay_ms
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import DURATION_MS_MAX


def test_a_constant_delay_stays_as_it_is() -> None:
    delay = RetryDelay(7_200_000)
    assert [delay.after(attempt, "seed") for attempt in (1, 2, 99)] == [7_200_000] * 3


def test_an_exponential_delay_grows_scattered_up_to_the_longest() -> None:
    delay = RetryDelay(1_000, "exponential")
    delays = [delay.after(attempt, "1700000000000-0") for attempt in (1, 2, 3, 10, 12, 13, 99)]
    assert delays == [1092, 2063, 4040, 555_110, 2_186_649, 3_600_000, 3_600_000]


def test_what_failed_together_does_not_come_back_together() -> None:
    delays = [retry_delay_ms(60_000, "exponential", 3_600_000, 1, seq) for seq in range(100)]
    assert len(set(delays)) > 50
    assert 60_000 <= min(delays) <= max(delays) <= 66_000


def test_no_delay_grows_out_of_nothing() -> None:
    assert retry_delay_ms(0, "exponential", 1_000, 5) == 0


@pytest.mark.parametrize(
    ("delay_ms", "backoff", "longest_ms", "told"),
    [
        (-1, "constant", 1, "retry_delay_ms"),
        (DURATION_MS_MAX + 1, "constant", 1, "retry_delay_ms"),
        (0, "linear", 1, "one of: constant, exponential"),
        (0, "exponential", 0, "retry_delay_max_ms"),
        (2, "exponential", 1, "less than retry_delay_ms"),
    ],
)
def test_what_cannot_be_is_refused(delay_ms: int, backoff: str, longest_ms: int, told: str) -> None:
    with pytest.raises(BadRequestError, match=told):
        check_retry(delay_ms, backoff, longest_ms)
