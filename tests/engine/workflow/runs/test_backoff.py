"""How long to wait before the next attempt."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.engine.workflow.language.definition import Backoff, Retry
from floruntime.engine.workflow.runs.backoff import backoff_ms, retry_due_ms

CONSTANT, LINEAR = Backoff.CONSTANT, Backoff.LINEAR
EXPONENTIAL, JITTER = Backoff.EXPONENTIAL, Backoff.EXPONENTIAL_JITTER


@pytest.mark.parametrize(
    ("backoff", "delays_ms"),
    [
        (CONSTANT, [100, 100, 100, 100, 100]),
        (LINEAR, [100, 200, 300, 400, 500]),
        (EXPONENTIAL, [100, 200, 400, 800, 1000]),
    ],
)
def test_how_delays_grow(backoff: Backoff, delays_ms: list[int]) -> None:
    assert [backoff_ms(backoff, 100, 1000, n, "run") for n in range(1, 6)] == delays_ms


@pytest.mark.parametrize("backoff", list(Backoff))
def test_a_delay_is_never_longer_than_the_longest(backoff: Backoff) -> None:
    for attempt in (1, 2, 64, 1_000_000):
        assert backoff_ms(backoff, 700, 600, attempt, "run") == 600


@pytest.mark.parametrize("backoff", list(Backoff))
def test_a_delay_of_nothing_stays_nothing(backoff: Backoff) -> None:
    assert backoff_ms(backoff, 0, 600, 1_000_000, "run") == 0


def test_jitter_adds_up_to_a_quarter() -> None:
    delays_ms = [backoff_ms(JITTER, 1000, 10_000, 1, f"run-{n}") for n in range(8000)]
    assert min(delays_ms) == 1000
    assert max(delays_ms) == 1250
    assert 1115 < sum(delays_ms) / len(delays_ms) < 1135
    assert len(set(delays_ms)) > 200


def test_jitter_differs_by_attempt_and_is_the_same_again() -> None:
    first = [backoff_ms(JITTER, 100_000, limits.DURATION_MS_MAX, n, "run") for n in range(1, 9)]
    again = [backoff_ms(JITTER, 100_000, limits.DURATION_MS_MAX, n, "run") for n in range(1, 9)]
    assert first == again
    shares = {delay_ms * 1000 // (100_000 << n) for n, delay_ms in enumerate(first)}
    assert len(shares) == 8


def test_jitter_is_capped_with_the_delay() -> None:
    assert {backoff_ms(JITTER, 900, 1000, 1, f"run-{n}") for n in range(200)} <= set(
        range(900, 1001)
    )
    assert backoff_ms(JITTER, 5000, 1000, 3, "run") == 1000


def test_the_largest_numbers_do_no_harm() -> None:
    longest_ms = limits.DURATION_MS_MAX
    for backoff in Backoff:
        delay_ms = backoff_ms(backoff, longest_ms, longest_ms, limits.ATTEMPTS_MAX, "run")
        assert delay_ms == longest_ms


def test_attempts_are_counted_in_total() -> None:
    retry = Retry(max_attempts=3, initial_delay_ms=10)
    assert retry_due_ms(retry, 1, 0, 100, "run") == 110
    assert retry_due_ms(retry, 2, 0, 100, "run") == 120
    assert retry_due_ms(retry, 3, 0, 100, "run") is None


def test_no_attempt_begins_later_than_within_ms_after_the_first() -> None:
    retry = Retry(max_attempts=9, backoff=CONSTANT, initial_delay_ms=10, within_ms=50)
    assert retry_due_ms(retry, 1, 1000, 1040, "run") == 1050
    assert retry_due_ms(retry, 1, 1000, 1041, "run") is None
