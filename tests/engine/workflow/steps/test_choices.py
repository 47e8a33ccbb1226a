"""Steps that choose where a run goes on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from floruntime.core.errors import BadRequestError
from tests.engine.workflow.calls import Workflows, flow


def chooser(*whens: str) -> Workflows:
    cases = ", ".join(f"{{when: {when!r}, to: s{n}}}" for n, when in enumerate(whens))
    steps = "\n".join(
        f"  s{n}: {{waitForSignal: {{type: x}}, transitions: {{success: flo.Completed}}}}"
        for n in range(len(whens))
    )
    return Workflows(
        flow(f"start: {{choose: {{cases: [{cases}], else: flo.Cancelled}}}}\nsteps:\n{steps}")
    )


@pytest.mark.parametrize(
    ("when", "input", "is_true"),
    [
        ("$.input.amount > 1000", {"amount": 1001}, True),
        ("$.input.amount > 1000", {"amount": 1000}, False),
        ("$.input.amount > 1000", {}, False),
        ("$.input.amount < 1000", {}, False),
        ("$.input.amount != 1000", {}, True),
        ("$.input.amount == $.input.other", {}, True),
        ("$.input.amount", {"amount": None}, True),
        ("$.input.amount", {}, False),
        ("!$.input.amount", {}, True),
        ('$.steps.s0.outcome == "success"', {}, False),
        ('$.steps.s0.outcome != "success"', {}, True),
        ("$.input.items[?@.price > 5]", {"items": [{"price": 6}]}, True),
        ("$.input.items[?@.price > 5]", {"items": [{"price": 5}]}, False),
        ("length($.input.items) == 0", {"items": []}, True),
        (
            "count($.input.items[*]) > 1 && ($.input.a || $.input.b)",
            {"items": [1, 2], "b": 0},
            True,
        ),
        ("$.input.a == true", {"a": 1}, False),
        ('$.flo.workflow == "flow"', {}, True),
    ],
)
def test_a_condition_is_what_the_standard_says(when: str, input: Any, is_true: bool) -> None:
    flows = chooser(when)
    run = flows.run(flows.start(input))
    assert (run.status, run.current_step) == (
        ("waiting", "s0") if is_true else ("cancelled", "start")
    )


def test_the_first_case_counts() -> None:
    flows = chooser("$.input.a", "$.input.b", "$.input.c")
    run_id = flows.start({"b": 1, "c": 1})
    assert flows.step(run_id) == "s1"
    assert flows.details(run_id, "choice_made") == ["s1: $.input.b"]
    assert flows.details(flows.start({}), "choice_made") == ["flo.Cancelled: else"]


def test_it_takes_no_time_and_is_one_commit() -> None:
    flows = chooser("$.input.a")
    entries = len(flows.engine.entries)
    flows.start({"a": 1})
    assert len(flows.engine.entries) == entries + 1


def test_choices_that_lead_in_a_circle_end() -> None:
    flows = Workflows(
        flow(
            "start: {choose: {cases: [{when: $.input, to: again}], else: flo.Failed}}\n"
            "steps: {again: {choose: {cases: [{when: $.input, to: start}], else: start}}}"
        )
    )
    run = flows.run(flows.start({}))
    assert run.status == "failed"
    assert "256 steps" in (run.error or "")


def test_a_condition_that_costs_too_much_fails_the_run() -> None:
    flows = chooser("$.input..*[?count(@..*) == 1]")
    run = flows.run(flows.start([[[[n] * 30] * 10] * 10 for n in range(30)]))
    assert run.status == "failed"
    assert "would touch more than" in (run.error or "")


@pytest.mark.parametrize(
    ("when", "roots"), [("true", "$"), ("$.input.items[?true]", "@ or $"), ("'a'", "$")]
)
def test_what_is_no_condition_is_told_what_one_begins_with(when: str, roots: str) -> None:
    with pytest.raises(BadRequestError, match=re.escape(f"which begins with {roots}, at")):
        chooser(when)
