"""The state of a plan's executor across all runs: its breaker, its health, its rates.

All numbers are integers (shares in millionths), so that every machine calculates the same. The
state is a row like any other and survives restarts.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec.structs import replace

from floruntime.core.types import Value
from floruntime.engine.workflow.language.definition import Breaker, Health, RateLimit

WHOLE: Final = 1_000_000
"""A share of one."""
_TECHNICAL_WEIGHT: Final = 700_000
_BUSINESS_WEIGHT: Final = 300_000
_OPEN_DIVISOR: Final = 10
_HALF_OPEN_DIVISOR: Final = 2
_SECOND_MS: Final = 1_000
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


class Admission(Enum):
    """Whether a breaker lets a call through. `PROBE`: as one of the few while it is half-open."""

    FREE = 1
    PROBE = 2
    REFUSED = 3


class ExecutorState(Value, frozen=True):
    """`failures`: in a row. `opened_ms`: when the breaker opened; 0: it is closed. `probes`: calls
    under way that it lets through half-open. `samples` to `last_sample_ms`: health. `rates`: for
    second, minute and hour, which one is counted, and how many calls it saw.
    """

    failures: int = 0
    opened_ms: int = 0
    probes: int = 0
    samples: int = 0
    total: int = 0
    technical: int = 0
    business: int = 0
    last_sample_ms: int = 0
    rates: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0), (0, 0))


# The breaker


def admission(state: ExecutorState, breaker: Breaker | None, now_ms: int) -> Admission:
    """Whether the breaker lets a call through now."""
    if breaker is None or not state.opened_ms:
        return Admission.FREE
    if now_ms < state.opened_ms + breaker.cooldown_ms:
        return Admission.REFUSED
    return Admission.PROBE if state.probes < breaker.half_open_max_calls else Admission.REFUSED


def with_probe(state: ExecutorState, change: int) -> ExecutorState:
    """A probe has begun, or is over."""
    return replace(state, probes=max(0, state.probes + change))


def after_call(
    state: ExecutorState,
    breaker: Breaker | None,
    now_ms: int,
    *,
    is_fine: bool,
    is_probe: bool,
    probe_of_ms: int = 0,
) -> ExecutorState:
    """What a call does to the breaker: of the probes that are let through together the first that
    is over decides; else so many failures in a row open it.

    `probe_of_ms`: when the breaker had opened that a probe was let through by; 0: the present one.
    """
    if breaker is None:
        return state
    if is_probe:
        state = with_probe(state, -1)
        if probe_of_ms in (0, state.opened_ms):
            return replace(state, failures=0, opened_ms=0 if is_fine else now_ms)
        if state.opened_ms:
            return state  # another probe has opened it again
    failures = 0 if is_fine else state.failures + 1
    opened_ms = state.opened_ms
    if failures >= breaker.failure_threshold and not opened_ms:
        opened_ms = now_ms
    return replace(state, failures=failures, opened_ms=opened_ms)


# Rates


def over_limit(state: ExecutorState, limit: RateLimit | None, now_ms: int) -> str | None:
    """The limit that one more call would break, as text."""
    if limit is None:
        return None
    kinds = (
        (limit.max_per_second, _SECOND_MS, "second"),
        (limit.max_per_minute, _MINUTE_MS, "minute"),
        (limit.max_per_hour, _HOUR_MS, "hour"),
    )
    for (counted, calls), (most, span_ms, name) in zip(state.rates, kinds, strict=True):
        if most is not None and counted == now_ms // span_ms and calls >= most:
            return f"{most} per {name}"
    return None


def with_call(state: ExecutorState, now_ms: int) -> ExecutorState:
    """A call was made now."""
    second, minute, hour = state.rates
    rates = (
        _one_more(second, now_ms // _SECOND_MS),
        _one_more(minute, now_ms // _MINUTE_MS),
        _one_more(hour, now_ms // _HOUR_MS),
    )
    return replace(state, rates=rates)


def _one_more(rate: tuple[int, int], current: int) -> tuple[int, int]:
    counted, calls = rate
    return (current, calls + 1) if counted == current else (current, 1)


# Health


def with_sample(
    state: ExecutorState, health: Health, now_ms: int, *, is_fine: bool, is_success: bool
) -> ExecutorState:
    """A call came to its end. `is_fine`: technically; `is_success`: for the business, too."""
    if state.last_sample_ms + health.window_ms < now_ms:
        state = replace(state, samples=0, total=0, technical=0, business=0)
    decay = round(health.decay * WHOLE)
    return replace(
        state,
        samples=state.samples + 1,
        total=state.total * decay // WHOLE + WHOLE,
        technical=state.technical * decay // WHOLE + WHOLE * is_fine,
        business=state.business * decay // WHOLE + WHOLE * is_success,
        last_sample_ms=now_ms,
    )


def score(state: ExecutorState, health: Health, breaker: Breaker | None, now_ms: int) -> int:
    """How well the executor does, in millionths; one that is not known well enough does well."""
    value = WHOLE
    is_known = state.samples >= health.min_samples
    if is_known and state.last_sample_ms + health.window_ms >= now_ms:
        value = (
            _TECHNICAL_WEIGHT * state.technical + _BUSINESS_WEIGHT * state.business
        ) // state.total
    if breaker is None or not state.opened_ms:
        return value
    is_open = now_ms < state.opened_ms + breaker.cooldown_ms
    return value // (_OPEN_DIVISOR if is_open else _HALF_OPEN_DIVISOR)
