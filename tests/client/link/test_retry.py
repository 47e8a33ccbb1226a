"""Back-off: how long to wait before the next attempt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.client.link.retry import RetryPolicy
from floruntime.core.errors import BadRequestError


def test_delays_grow_to_their_ceiling() -> None:
    policy = RetryPolicy(jitter=0)
    delays = [policy.delay_ms(attempt, 0.9) for attempt in range(8)]
    assert delays == [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]
    assert policy.delay_ms(100_000, 0) == 2_000


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True), st.floats(0, 1))
def test_jitter_takes_away_at_most_its_part(attempt: int, random: float, jitter: float) -> None:
    full = RetryPolicy(jitter=0).delay_ms(attempt, random)
    delay = RetryPolicy(jitter=jitter).delay_ms(attempt, random)
    assert full * (1 - jitter) - 1e-6 <= delay <= full


@pytest.mark.parametrize(
    "options",
    [
        {"initial_delay_ms": 0},
        {"max_delay_ms": 49},
        {"multiplier": 0.99},
        {"multiplier": float("inf")},
        {"multiplier": float("nan")},
        {"jitter": -0.1},
        {"jitter": 1.1},
    ],
)
def test_policies_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=next(iter(options))):
        RetryPolicy(**options)


def test_policies_at_their_edges() -> None:
    RetryPolicy(initial_delay_ms=1, max_delay_ms=1, multiplier=1, jitter=1)
