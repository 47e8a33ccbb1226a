"""Steps that are asked again while their outcome is `pending`."""

from __future__ import annotations

import pytest

from tests.engine.workflow.calls import Workflows, flow


def polling(poll: str, *, transitions: str = "success: flo.Completed", retry: str = "") -> str:
    return flow(f"""
start:
  run: "@actions/charge"
  poll: {{{poll}}}
  {retry}
  transitions: {{{transitions}}}
""")


def delays_ms(flows: Workflows, polls: int) -> list[int]:
    """Answer `pending` so often; how long each next poll was away."""
    delays = []
    for _ in range(polls):
        flows.do(outcome="pending")
        delays.append(flows.advance_to_next())
    return delays


@pytest.mark.parametrize(
    ("poll", "expected"),
    [
        ("", [0, 1000, 2000, 4000]),
        ("initialDelayMs: 5", [5, 1000, 2000, 4000]),
        ("initialDelayMs: 90000, baseDelayMs: 1", [90_000, 1, 2]),
        ("baseDelayMs: 100, maxDelayMs: 250", [0, 100, 200, 250, 250]),
        ("backoff: constant, baseDelayMs: 70", [0, 70, 70, 70]),
        ("backoff: linear, baseDelayMs: 70", [0, 70, 140, 210]),
        ("baseDelayMs: 40000", [0, 40_000, 60_000, 60_000]),
    ],
)
def test_when_the_next_poll_comes(poll: str, expected: list[int]) -> None:
    flows = Workflows(polling(poll))
    flows.start()
    assert delays_ms(flows, len(expected)) == expected


def test_jitter_of_polls_comes_from_the_run() -> None:
    seen = []
    for name in ("a", "b", "a"):
        flows = Workflows(polling("backoff: exponential_jitter, maxDelayMs: 600000"))
        flows.start(run_id=name)
        seen.append(delays_ms(flows, 4))
    assert seen[0] == seen[2] != seen[1]
    for delays in seen:
        expected = (0, 1000, 2000, 4000)
        assert all(low <= ms <= low * 5 // 4 for low, ms in zip(expected, delays, strict=True))


@pytest.mark.parametrize(
    ("poll", "polls"), [("", 10), ("maxAttempts: 1", 1), ("maxAttempts: 3", 3)]
)
def test_max_attempts_counts_polls_and_not_the_first_asking(poll: str, polls: int) -> None:
    flows = Workflows(polling(poll, transitions="success: flo.Completed, failure: flo.Failed"))
    run_id = flows.start()
    delays_ms(flows, polls)
    assert flows.status(run_id) == "running"
    flows.do(outcome="pending")
    assert flows.status(run_id) == "failed"
    assert flows.claim() == []
    types = flows.types(run_id)
    assert (types.count("poll_scheduled"), types.count("poll_exhausted")) == (polls, 1)
    assert types.count("awaiting_action") == polls + 1
    assert flows.details(run_id, "poll_exhausted") == [f"still pending after {polls} polls"]


@pytest.mark.parametrize(
    ("transitions", "taken"),
    [
        ("timeout: flo.TimedOut, failure: flo.Cancelled", "flo.TimedOut"),
        ("failure: flo.Cancelled", "flo.Cancelled"),
        ("pending: flo.Completed, failure: flo.Cancelled", "flo.Cancelled"),
    ],
)
def test_where_exhaustion_leads(transitions: str, taken: str) -> None:
    flows = Workflows(polling("maxAttempts: 1", transitions=transitions))
    run_id = flows.start()
    delays_ms(flows, 1)
    flows.do(outcome="pending")
    assert flows.run(run_id).terminal == taken


def test_exhaustion_that_leads_nowhere_fails_the_run_and_says_so() -> None:
    flows = Workflows(polling("maxAttempts: 1"))
    run_id = flows.start()
    delays_ms(flows, 1)
    flows.do(outcome="pending")
    assert flows.run(run_id).error == (
        "step 'start' has no transition for its outcome failure: still pending after 1 polls"
    )


def test_exhaustion_is_not_tried_again() -> None:
    flows = Workflows(
        polling(
            "maxAttempts: 1",
            retry="retry: {max_attempts: 5}",
            transitions="success: flo.Completed, failure: flo.Failed",
        )
    )
    run_id = flows.start()
    delays_ms(flows, 1)
    flows.do(outcome="pending")
    assert flows.status(run_id) == "failed"


def test_without_poll_pending_is_an_outcome_like_another() -> None:
    flows = Workflows(
        flow('start: {run: "@actions/charge", transitions: {pending: flo.Cancelled}}')
    )
    run_id = flows.start()
    flows.do(outcome="pending")
    assert flows.run(run_id).terminal == "flo.Cancelled"


def test_any_other_outcome_ends_the_polling() -> None:
    flows = Workflows(
        polling("baseDelayMs: 10", transitions="success: flo.Completed, rejected: flo.Failed")
    )
    run_id = flows.start()
    delays_ms(flows, 3)
    flows.do(outcome="rejected", output=1)
    assert flows.status(run_id) == "failed"
    assert flows.path(run_id) == ["start"]


def test_an_error_inside_a_poll_is_tried_again_and_counts_apart() -> None:
    flows = Workflows(
        polling(
            "maxAttempts: 2, baseDelayMs: 1000, backoff: linear",
            retry="retry: {max_attempts: 3, initial_delay_ms: 7, backoff: linear}",
            transitions="success: flo.Completed, failure: flo.Failed",
        )
    )
    run_id = flows.start()
    assert delays_ms(flows, 1) == [0]
    flows.break_down()
    assert flows.advance_to_next() == 7
    assert delays_ms(flows, 1) == [1000]
    flows.break_down()
    assert flows.advance_to_next() == 14
    flows.do(outcome="pending")  # after two polls
    assert flows.status(run_id) == "failed"
    assert "poll_exhausted" in flows.types(run_id)


def test_an_error_inside_a_poll_ends_the_step_when_its_retries_are_used_up() -> None:
    flows = Workflows(
        polling(
            "maxAttempts: 9",
            retry="retry: {max_attempts: 2, initial_delay_ms: 7}",
            transitions="success: flo.Completed, failure: flo.Cancelled",
        )
    )
    run_id = flows.start()
    flows.break_down()
    flows.advance(7)
    delays_ms(flows, 3)
    flows.break_down(error="bad")
    assert flows.run(run_id).terminal == "flo.Cancelled"


def test_without_retry_an_error_inside_a_poll_ends_the_step() -> None:
    flows = Workflows(polling("", transitions="success: flo.Completed, failure: flo.Cancelled"))
    run_id = flows.start()
    delays_ms(flows, 2)
    flows.break_down()
    assert flows.run(run_id).terminal == "flo.Cancelled"


def test_polls_count_anew_when_the_step_is_entered_again() -> None:
    flows = Workflows(
        polling("maxAttempts: 2, baseDelayMs: 10", transitions="again: start, failure: flo.Failed")
    )
    run_id = flows.start()
    for _ in range(3):
        assert delays_ms(flows, 2) == [0, 10]
        flows.do(outcome="again")
    assert flows.status(run_id) == "running"


def test_polls_outlive_restarts() -> None:
    flows = Workflows(
        polling(
            "maxAttempts: 2, baseDelayMs: 10",
            transitions="success: flo.Completed, failure: flo.Failed",
        )
    )
    run_id = flows.start()
    for _ in range(2):
        flows.do(outcome="pending")
        flows.engine.reopen()
        flows.advance(10)
        flows.engine.reopen()
    flows.do(outcome="pending")
    assert flows.status(run_id) == "failed"
    assert flows.details(run_id, "poll_scheduled") == ["poll 1 in 0 ms", "poll 2 in 10 ms"]


def test_the_output_of_a_pending_answer_is_not_the_steps() -> None:
    flows = Workflows(polling("maxAttempts: 1"))
    run_id = flows.start()
    flows.do(outcome="pending", output="not yet")
    flows.advance(0)
    flows.do(output="now")
    assert flows.output(run_id) == "now"
