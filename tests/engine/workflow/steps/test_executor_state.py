"""What is known of an executor: its breaker, its rates, its health."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from floruntime.engine.workflow.language.definition import Breaker, Health, RateLimit
from floruntime.engine.workflow.steps.executor_state import (
    WHOLE,
    Admission,
    ExecutorState,
    admission,
    after_call,
    over_limit,
    score,
    with_call,
    with_probe,
    with_sample,
)

BREAKER = Breaker(failure_threshold=3, cooldown_ms=1000, half_open_max_calls=2)
HEALTH = Health(window_ms=10_000, decay=0.5, min_samples=2)
FRESH = ExecutorState()


def called(state: ExecutorState, outcomes: str, *, now_ms: int = 100) -> ExecutorState:
    """After calls that went well (`+`) or not (`-`)."""
    for outcome in outcomes:
        state = after_call(state, BREAKER, now_ms, is_fine=outcome == "+", is_probe=False)
    return state


# The breaker


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [("--", False), ("---", True), ("--+--", False), ("--+---", True), ("+++", False)],
)
def test_so_many_failures_in_a_row_open_it(outcomes: str, is_open: bool) -> None:
    state = called(FRESH, outcomes)
    expected = Admission.REFUSED if is_open else Admission.FREE
    assert admission(state, BREAKER, 100) is expected


def test_it_stays_open_for_its_cooldown_and_lets_probes_through_then() -> None:
    state = called(FRESH, "---", now_ms=100)
    assert admission(state, BREAKER, 1099) is Admission.REFUSED
    assert admission(state, BREAKER, 1100) is Admission.PROBE


def test_a_failure_that_comes_late_does_not_open_it_anew() -> None:
    state = called(called(FRESH, "---", now_ms=100), "-", now_ms=900)
    assert admission(state, BREAKER, 1100) is Admission.PROBE


def test_so_many_probes_are_let_through_at_once() -> None:
    state = called(FRESH, "---", now_ms=100)
    state = with_probe(state, 1)
    assert admission(state, BREAKER, 1100) is Admission.PROBE
    state = with_probe(state, 1)
    assert admission(state, BREAKER, 1100) is Admission.REFUSED
    assert admission(with_probe(state, -1), BREAKER, 1100) is Admission.PROBE


def test_a_probe_that_goes_well_closes_it() -> None:
    state = with_probe(called(FRESH, "---"), 1)
    state = after_call(state, BREAKER, 2000, is_fine=True, is_probe=True)
    assert state == FRESH
    assert admission(called(state, "--"), BREAKER, 2000) is Admission.FREE


def test_a_probe_that_fails_opens_it_for_another_cooldown() -> None:
    state = with_probe(called(FRESH, "---"), 1)
    state = after_call(state, BREAKER, 2000, is_fine=False, is_probe=True)
    assert state.probes == 0
    assert admission(state, BREAKER, 2999) is Admission.REFUSED
    assert admission(state, BREAKER, 3000) is Admission.PROBE


def two_probes(first_is_fine: bool) -> ExecutorState:
    """Two probes were let through by a breaker that had opened at 100; the first is over."""
    state = with_probe(with_probe(called(FRESH, "---", now_ms=100), 1), 1)
    return after_call(state, BREAKER, 2000, is_fine=first_is_fine, is_probe=True, probe_of_ms=100)


def test_of_two_probes_the_first_that_is_over_decides() -> None:
    state = two_probes(first_is_fine=False)
    state = after_call(state, BREAKER, 2100, is_fine=True, is_probe=True, probe_of_ms=100)
    assert admission(state, BREAKER, 2999) is Admission.REFUSED
    assert admission(state, BREAKER, 3000) is Admission.PROBE
    assert state.probes == 0


def test_a_second_probe_of_a_breaker_that_is_closed_counts_as_any_call() -> None:
    state = two_probes(first_is_fine=True)
    state = after_call(state, BREAKER, 2100, is_fine=False, is_probe=True, probe_of_ms=100)
    assert admission(state, BREAKER, 2100) is Admission.FREE
    assert (state.failures, state.probes) == (1, 0)


def test_without_a_breaker_everything_is_let_through_and_nothing_counted() -> None:
    state = after_call(FRESH, None, 100, is_fine=False, is_probe=False)
    assert state == FRESH
    assert admission(called(FRESH, "---"), None, 100) is Admission.FREE


# Rates


@pytest.mark.parametrize(
    ("limit", "span_ms", "told"),
    [
        (RateLimit(max_per_second=2), 1000, "2 per second"),
        (RateLimit(max_per_minute=2), 60_000, "2 per minute"),
        (RateLimit(max_per_hour=2), 3_600_000, "2 per hour"),
    ],
)
def test_a_rate_holds_for_each_span_of_the_clock(limit: RateLimit, span_ms: int, told: str) -> None:
    begins_ms = 10 * 3_600_000
    state = FRESH
    for ms in (0, span_ms // 2):
        assert over_limit(state, limit, begins_ms + ms) is None
        state = with_call(state, begins_ms + ms)
    assert over_limit(state, limit, begins_ms + span_ms - 1) == told
    assert over_limit(state, limit, begins_ms + span_ms) is None


def test_each_call_counts_as_one() -> None:
    limit = RateLimit(max_per_second=5)
    state = FRESH
    for begins_ms in (0, 1000):
        for _ in range(5):
            assert over_limit(state, limit, begins_ms) is None
            state = with_call(state, begins_ms)
        assert over_limit(state, limit, begins_ms) == "5 per second"


def test_each_of_several_rates_holds() -> None:
    limit = RateLimit(max_per_second=2, max_per_minute=3)
    state = with_call(with_call(FRESH, 0), 0)
    assert over_limit(state, limit, 0) == "2 per second"
    state = with_call(state, 1000)
    assert over_limit(state, limit, 1000) == "3 per minute"
    assert over_limit(state, limit, 60_000) is None


def test_without_a_limit_nothing_is_over_it() -> None:
    state = FRESH
    for _ in range(1000):
        state = with_call(state, 0)
    assert over_limit(state, None, 0) is None


# Health


def sampled(samples: str, *, now_ms: int = 100) -> ExecutorState:
    """After calls that succeeded (`s`), gave another answer (`b`), or failed (`f`)."""
    state = FRESH
    for sample in samples:
        state = with_sample(state, HEALTH, now_ms, is_fine=sample != "f", is_success=sample == "s")
    return state


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ("", 1),
        ("f", 1),  # not known well enough
        ("ss", 1),
        ("bb", 0.7),
        ("ff", 0),
        ("fs", 1 / 1.5),
        ("sf", 0.5 / 1.5),
        ("sb", (0.7 * 1.5 + 0.3 * 0.5) / 1.5),
        ("sffs", (0.125 + 1) / 1.875),
    ],
)
def test_the_score_is_of_technical_and_business_success_and_fades(
    samples: str, expected: float
) -> None:
    assert score(sampled(samples), HEALTH, None, 100) == pytest.approx(expected * WHOLE, abs=2)


def test_samples_are_forgotten_after_the_window() -> None:
    state = sampled("ff", now_ms=100)
    assert score(state, HEALTH, None, 10_100) == 0
    assert score(state, HEALTH, None, 10_101) == WHOLE
    fresh = with_sample(state, HEALTH, 10_101, is_fine=True, is_success=True)
    expected = ExecutorState(samples=1, total=WHOLE, technical=WHOLE, business=WHOLE)
    assert fresh == replace(expected, last_sample_ms=10_101)


def test_the_breaker_weighs_in() -> None:
    state = called(sampled("bb"), "---", now_ms=100)
    assert score(state, HEALTH, BREAKER, 100) == round(0.07 * WHOLE)
    assert score(state, HEALTH, BREAKER, 1099) == round(0.07 * WHOLE)
    assert score(state, HEALTH, BREAKER, 1100) == round(0.35 * WHOLE)
    assert score(state, HEALTH, None, 100) == round(0.7 * WHOLE)
    unknown = called(FRESH, "---", now_ms=100)
    assert score(unknown, HEALTH, BREAKER, 100) == WHOLE // 10


def test_a_decay_of_one_forgets_nothing() -> None:
    health = Health(decay=1, min_samples=1)
    state = FRESH
    for n in range(1000):
        state = with_sample(state, health, 0, is_fine=n % 4 != 0, is_success=n % 4 != 0)
    assert score(state, health, None, 0) == WHOLE * 3 // 4


def test_scores_are_whole_numbers_and_so_the_same_on_every_machine() -> None:
    state = sampled("sbfsbfsbf")
    for value in (state.total, state.technical, state.business, score(state, HEALTH, None, 100)):
        assert type(value) is int
