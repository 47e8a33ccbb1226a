"""The order in which a plan tries its executors. The choice is kept in the run's row."""

from __future__ import annotations

import hashlib
from typing import Final, assert_never

from floruntime.engine.workflow.language.definition import Plan, Selection
from floruntime.engine.workflow.steps.executor_state import score
from floruntime.engine.workflow.steps.plan_rows import OpenPlan

_HASH_BYTES: Final = 8


def order_of(plan: Plan, opened: OpenPlan, now_ms: int, seed: str) -> list[int]:
    """The executors to try, by their place in the definition.

    All selections begin with the order of preference: the higher `priority` first, among equals
    the one that the definition names first. `seed` decides where chance is wanted.
    """
    preferred = sorted(
        range(len(plan.executors)), key=lambda place: -plan.executors[place].priority
    )
    match plan.selection:
        case Selection.STATIC_ORDER:
            return preferred
        case Selection.ROUND_ROBIN:
            first = opened.take_turn() % len(preferred)
            return preferred[first:] + preferred[:first]
        case Selection.RANDOM:
            return sorted(preferred, key=lambda place: _draw(seed, place))
        case Selection.HEALTH_WEIGHTED:
            return sorted(preferred, key=lambda place: -_score(plan, opened, now_ms, place))
        case _:
            assert_never(plan.selection)


def _draw(seed: str, place: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{place}".encode(), digest_size=_HASH_BYTES).digest()


def _score(plan: Plan, opened: OpenPlan, now_ms: int, place: int) -> int:
    executor = plan.executors[place]
    return score(opened.state(executor.name), plan.health, executor.breaker, now_ms)
