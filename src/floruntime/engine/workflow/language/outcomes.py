"""The outcomes of a step, and where each leads.

A business outcome leads only where its own name leads. Some outcomes fall back to others: what the
engine could not even begin to `execution_failure` and `failure`, an exhausted plan to `failure`, a
child's terminal to `success` or `failure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

SUCCESS: Final = "success"
FAILURE: Final = "failure"
TIMEOUT: Final = "timeout"
PENDING: Final = "pending"
TARGET_NOT_FOUND: Final = "target_not_found"
TARGET_DISABLED: Final = "target_disabled"
EXECUTION_FAILURE: Final = "execution_failure"
EXHAUSTED: Final = "exhausted"

BUILT_IN: Final = (
    SUCCESS,
    FAILURE,
    TIMEOUT,
    PENDING,
    TARGET_NOT_FOUND,
    TARGET_DISABLED,
    EXECUTION_FAILURE,
    EXHAUSTED,
)
"""Outcomes with a meaning of their own; all others are an action's, or a child's terminals."""

RETRIED: Final = (FAILURE, TIMEOUT, EXECUTION_FAILURE)
"""Outcomes, as the transitions see them, that a step's `retry` is for."""


FAILURES: Final = (
    FAILURE,
    TIMEOUT,
    PENDING,
    TARGET_NOT_FOUND,
    TARGET_DISABLED,
    EXECUTION_FAILURE,
    EXHAUSTED,
)
"""Outcomes with which a branch or an item has failed."""


class BranchResult(msgspec.Struct, frozen=True, gc=False):
    """What is kept of branches and items with how their step ended; see `StepRow`."""

    outcomes: dict[str, str] = {}
    failed: bytes = b""
    failed_count: int = 0


NO_BRANCHES: Final = BranchResult()
NONE_FAILED: Final = BranchResult(failed=b"[]")
"""Of items, there being none or none that failed."""


class StepOutcome(msgspec.Struct, frozen=True, gc=False):
    """What a step, or one attempt of it, came to.

    `names`: what it is called, then what that falls back to. `is_final`: trying again is no use.
    `leads_to`: where it leads, where that is not for the transitions to say. `branches`: what is
    kept of branches and items beside the output.
    """

    names: tuple[str, ...]
    output: bytes = b""
    error: str | None = None
    is_final: bool = False
    leads_to: str | None = None
    branches: BranchResult = NO_BRANCHES

    @property
    def is_failure(self) -> bool:
        """Whether a branch or an item with this outcome has failed. What falls back to success or
        failure, as a child does, is judged by that; it may be called anything.
        """
        last = self.names[-1]
        return last == FAILURE or (len(self.names) == 1 and last in FAILURES)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.names[0]

    def name_in(self, transitions: Mapping[str, str]) -> str:
        """What it is called where it leads somewhere; where it does not, its last name."""
        for name in self.names:
            if name in transitions:
                return name
        return self.names[-1]

    def told(self) -> str:
        """Its name, and the error where there is one, as one text."""
        return f"{self.name}: {self.error}" if self.error else self.name


def succeeded(output: bytes) -> StepOutcome:
    """A success with this output."""
    return StepOutcome((SUCCESS,), output)


def failed(error: str, *, is_final: bool = False) -> StepOutcome:
    """A failure with this error."""
    return StepOutcome((FAILURE,), error=error, is_final=is_final)


def could_not_run(error: str) -> StepOutcome:
    """The engine could not carry the step out; it would fare no better again."""
    return StepOutcome((EXECUTION_FAILURE, FAILURE), error=error, is_final=True)


def not_found(error: str) -> StepOutcome:
    """What the step names is not there; it may come."""
    return StepOutcome((TARGET_NOT_FOUND, EXECUTION_FAILURE, FAILURE), error=error)


def disabled(error: str) -> StepOutcome:
    """What the step names is disabled; that may change."""
    return StepOutcome((TARGET_DISABLED, EXECUTION_FAILURE, FAILURE), error=error)
