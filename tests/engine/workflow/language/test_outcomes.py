"""What a step came to, what that is called where it leads, and how it is told."""

from __future__ import annotations

import pytest

from floruntime.engine.workflow.language.outcomes import (
    StepOutcome,
    could_not_run,
    disabled,
    failed,
    not_found,
    succeeded,
)

SYSTEM = ("target_not_found", "execution_failure", "failure")


@pytest.mark.parametrize(
    ("names", "transitions", "chosen"),
    [
        (("success",), {"success": "a"}, "success"),
        (("approved",), {"success": "a"}, "approved"),
        (SYSTEM, {"failure": "a", "execution_failure": "b", "target_not_found": "c"}, SYSTEM[0]),
        (SYSTEM, {"failure": "a", "execution_failure": "b"}, "execution_failure"),
        (SYSTEM, {"failure": "a"}, "failure"),
        (SYSTEM, {}, "failure"),
    ],
)
def test_the_first_name_that_leads_somewhere_counts(
    names: tuple[str, ...], transitions: dict[str, str], chosen: str
) -> None:
    assert StepOutcome(names).name_in(transitions) == chosen


def test_how_an_outcome_is_told() -> None:
    assert succeeded(b"x").told() == "success"
    assert failed("E1: bad").told() == "failure: E1: bad"
    assert failed("").told() == "failure"


def test_what_the_engine_itself_says() -> None:
    assert could_not_run("x") == StepOutcome(("execution_failure", "failure"), b"", "x", True)
    assert not_found("x") == StepOutcome(SYSTEM, b"", "x", False)
    assert disabled("x").names == ("target_disabled", "execution_failure", "failure")
    assert failed("x").is_final is False
    assert failed("x", is_final=True).is_final is True
