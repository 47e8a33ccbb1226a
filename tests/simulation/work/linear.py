"""Whether what clients saw of one thing can be told as a story without overlaps.

The search of Wing and Gong, with what Lowe added: of the calls that had begun before the first of
the others ended, each is tried as the next; what was tried (which calls, and the state behind them)
is not tried again. A call without an answer may have happened at any time after it began, or never.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

S = TypeVar("S", bound=Hashable)
STEPS_MAX = 200_000
"""A search that takes longer is given up: nothing is known then."""


class Seen(NamedTuple):
    """One call: what was asked, when, and what came of it. `until_s` is infinite without answer."""

    since_s: float
    until_s: float
    asked: Any
    answer: Any = None

    @property
    def is_known(self) -> bool:
        """Whether there was an answer."""
        return self.until_s < math.inf


Step = Callable[[S, Seen], S | None]
"""The state behind a call, or `None` where the call cannot have happened at this state."""


def is_linear(calls: list[Seen], start: S, step: Step[S]) -> bool | None:
    """Whether there is such a story; `None`: that takes too long to find out."""
    calls = sorted(calls)
    known = sum(1 << place for place, call in enumerate(calls) if call.is_known)
    tried: set[tuple[int, S]] = set()
    todo: list[tuple[int, S]] = [(0, start)]
    for _ in range(STEPS_MAX):
        if not todo:
            return False
        done, state = todo.pop()
        if done & known == known:
            return True
        first_end_s = min(call.until_s for place, call in enumerate(calls) if not done >> place & 1)
        for place, call in enumerate(calls):
            if call.since_s > first_end_s:
                break
            if done >> place & 1:
                continue
            after = step(state, call)
            at = (done | 1 << place, after)
            if after is not None and at not in tried:
                tried.add(at)  # type: ignore[arg-type]  # it is not None
                todo.append(at)  # type: ignore[arg-type]  # it is not None
    return None
