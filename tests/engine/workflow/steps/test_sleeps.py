"""Steps that sleep."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.workflow.calls import Workflows, flow

YEARS_MS = 10 * 365 * 24 * 3_600_000
TO_ENDS = "transitions: {success: flo.Completed, failure: flo.Failed}"


def sleeper(sleep: str) -> Workflows:
    return Workflows(flow(f"start: {{sleep: {sleep}, {TO_ENDS}}}"))


@pytest.mark.parametrize(
    ("sleep", "input"), [("{forMs: 500}", None), ("{forMs: $.input.ms}", {"ms": 500})]
)
def test_it_lasts_as_long_as_it_says(sleep: str, input: Any) -> None:
    flows = sleeper(sleep)
    run_id = flows.start(input)
    waits_for = flows.run(run_id).waits_for
    assert waits_for is not None
    assert (waits_for.kind, waits_for.due_at_ms) == ("sleep", flows.now_ms + 500)
    flows.advance(499)
    assert flows.status(run_id) == "waiting"
    flows.advance(1)
    assert flows.status(run_id) == "completed"
    assert flows.types(run_id)[2:5] == ["sleep_started", "sleep_ended", "step_completed"]


def test_it_goes_over_a_restart() -> None:
    flows = sleeper("{forMs: 500}")
    run_id = flows.start()
    flows.engine.reopen()
    flows.advance(500)
    assert flows.status(run_id) == "completed"


@pytest.mark.parametrize("ahead_ms", [1_000, 500_000])
def test_until_is_a_moment(ahead_ms: int) -> None:
    flows = sleeper("{until: $.input.due}")
    run_id = flows.start({"due": flows.now_ms + ahead_ms})
    flows.advance(ahead_ms - 1)
    assert flows.status(run_id) == "waiting"
    flows.advance(1)
    assert flows.status(run_id) == "completed"


@pytest.mark.parametrize("due", [0, 5, "1990-01-01T00:00:00Z"])
def test_what_is_past_ends_at_once(due: Any) -> None:
    flows = sleeper("{until: $.input}")
    assert flows.status(flows.start(due)) == "completed"


def test_until_may_be_text() -> None:
    flows = sleeper('{until: "2030-01-01T00:00:00Z"}')
    assert flows.details(flows.start(), "sleep_started") == ["until 1893456000000"]


@pytest.mark.parametrize(
    ("sleep", "input"),
    [
        ("{forMs: $.input}", "soon"),
        ("{forMs: $.input}", -1),
        ("{forMs: $.input}", True),
        ("{forMs: $.input}", YEARS_MS + 1),
        ("{forMs: $.input.missing}", {}),
        ("{until: $.input}", "tomorrow"),
        ("{until: $.input}", 2**62),
        ("{until: $.input}", None),
    ],
)
def test_no_time_is_a_failure_of_the_step(sleep: str, input: Any) -> None:
    flows = sleeper(sleep)
    run_id = flows.start(input)
    assert flows.status(run_id) == "failed"
    assert "execution_failure" in flows.details(run_id, "step_completed")[0]


@pytest.mark.parametrize(
    ("input", "told"),
    [
        (None, "null"),
        (True, "true"),
        ({"a": None}, '{"a":null}'),
        ("soon", '"soon"'),
        (10**4299, "1" + 76 * "0" + "..."),
        (int("9" * 4300), 77 * "9" + "..."),
    ],
)
@pytest.mark.parametrize("key", ["forMs", "until"])
def test_what_was_found_instead_is_told_as_json(key: str, input: Any, told: str) -> None:
    flows = sleeper(f"{{{key}: $.input}}")
    assert f"{key} is {told}; " in str(flows.run(flows.start(input)).error)


def test_ten_years_are_allowed() -> None:
    flows = sleeper("{forMs: $.input}")
    assert flows.status(flows.start(YEARS_MS)) == "waiting"


def test_a_cancelled_run_does_not_wake() -> None:
    flows = sleeper("{forMs: 500}")
    run_id = flows.start()
    flows.cancel(run_id)
    flows.advance(500)
    assert flows.status(run_id) == "cancelled"


def test_a_loop_of_sleeps_of_nothing_ends() -> None:
    flows = Workflows(flow("start: {sleep: {forMs: 0}, transitions: {success: start}}"))
    assert flows.status(flows.start()) == "failed"
