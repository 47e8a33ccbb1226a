"""Steps that are tried again: when, how often, after what."""

from __future__ import annotations

import pytest

from tests.engine.workflow.calls import Workflows, flow


def retrying(retry: str, more: str = "", transitions: str = "success: flo.Completed") -> str:
    return flow(f"""
start:
  run: "@actions/charge"
  retry: {{{retry}}}
  transitions: {{{transitions}}}
{more}
""")


def delays_ms(flows: Workflows, attempts: int) -> list[int]:
    """Fail so many attempts; how long each next one was away."""
    delays = []
    for _ in range(attempts):
        flows.break_down()
        delays.append(flows.advance_to_next())
    return delays


@pytest.mark.parametrize(
    ("retry", "expected"),
    [
        ("max_attempts: 6", [1000, 2000, 4000, 8000, 16_000]),
        ("max_attempts: 7, max_delay_ms: 9000", [1000, 2000, 4000, 8000, 9000, 9000]),
        ("max_attempts: 4, backoff: constant, initial_delay_ms: 70", [70, 70, 70]),
        ("max_attempts: 4, backoff: linear, initial_delay_ms: 70", [70, 140, 210]),
        ("max_attempts: 4, backoff: exponential, initial_delay_ms: 70", [70, 140, 280]),
        ("max_attempts: 3, initial_delay_ms: 0", [0, 0]),
        ("max_attempts: 7, initial_delay_ms: 20000", [20_000, 30_000, 30_000]),
    ],
)
def test_when_the_next_attempt_begins(retry: str, expected: list[int]) -> None:
    flows = Workflows(retrying(retry))
    flows.start()
    assert delays_ms(flows, len(expected)) == expected


def test_jitter_comes_from_the_run_and_stays_within_a_quarter() -> None:
    retry = "max_attempts: 4, backoff: exponential_jitter, initial_delay_ms: 1000"
    seen = []
    for name in ("a", "b", "a"):
        flows = Workflows(retrying(retry))
        flows.start(run_id=name)
        seen.append(delays_ms(flows, 3))
    assert seen[0] == seen[2] != seen[1]
    for delays in seen:
        assert all(
            low <= ms <= low * 5 // 4 for low, ms in zip((1000, 2000, 4000), delays, strict=True)
        )


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_max_attempts_counts_all_of_them(attempts: int) -> None:
    flows = Workflows(retrying(f"max_attempts: {attempts}, initial_delay_ms: 0"))
    run_id = flows.start()
    for _ in range(attempts):
        assert flows.status(run_id) in ("running", "waiting")
        flows.break_down()
        flows.engine.tick()
    assert flows.status(run_id) == "failed"
    assert flows.claim() == []
    assert flows.types(run_id).count("awaiting_action") == attempts
    assert flows.types(run_id).count("step_retry") == attempts - 1
    assert flows.path(run_id) == ["start"]


def test_without_retry_there_is_one_attempt() -> None:
    flows = Workflows(flow('start: {run: "@actions/charge", transitions: {failure: flo.Failed}}'))
    run_id = flows.start()
    flows.break_down()
    assert flows.status(run_id) == "failed"


def test_an_attempt_that_is_waited_for_does_not_begin_early() -> None:
    flows = Workflows(retrying("max_attempts: 2, initial_delay_ms: 500"))
    run_id = flows.start()
    flows.break_down()
    flows.advance(499)
    assert flows.claim() == []
    flows.advance(1)
    flows.do(output=1)
    assert flows.status(run_id) == "completed"


def test_the_history_says_which_attempt_comes_when_and_why() -> None:
    flows = Workflows(retrying("max_attempts: 3, initial_delay_ms: 500"))
    run_id = flows.start()
    flows.break_down(error="busy: try later")
    assert flows.details(run_id, "step_retry") == [
        "attempt 2 in 500 ms, after failure: busy: try later"
    ]


@pytest.mark.parametrize("late_ms", [0, 1])
def test_within_ms_counts_from_the_first_attempt(late_ms: int) -> None:
    retry = "max_attempts: 9, backoff: constant, initial_delay_ms: 100, within_ms: 1000"
    flows = Workflows(retrying(retry))
    run_id = flows.start()
    flows.advance(900 + late_ms)
    flows.break_down()
    assert flows.status(run_id) == ("failed" if late_ms else "waiting")


def test_within_ms_counts_anew_when_the_step_is_entered_again() -> None:
    retry = "max_attempts: 9, backoff: constant, initial_delay_ms: 100, within_ms: 1000"
    flows = Workflows(retrying(retry, transitions="success: flo.Completed, again: start"))
    run_id = flows.start()
    flows.advance(950)
    flows.do(outcome="again")
    flows.advance(800)
    flows.break_down()
    assert flows.status(run_id) == "waiting"


def test_attempts_count_anew_when_the_step_is_entered_again() -> None:
    retry = "max_attempts: 2, backoff: linear, initial_delay_ms: 100"
    flows = Workflows(retrying(retry, transitions="success: flo.Completed, again: start"))
    run_id = flows.start()
    for _ in range(3):
        assert delays_ms(flows, 1) == [100]
        flows.do(outcome="again")
    assert flows.status(run_id) == "running"


# After what


def test_a_timed_out_action_run_is_tried_again() -> None:
    flows = Workflows(retrying("max_attempts: 2, initial_delay_ms: 10"), run_timeout_ms=100)
    run_id = flows.start()
    flows.advance(100)
    assert flows.details(run_id, "action_completed") == [
        "timeout: the action run timed out as a whole"
    ]
    assert flows.status(run_id) == "waiting"
    flows.advance(10)
    flows.do()
    assert flows.status(run_id) == "completed"


@pytest.mark.parametrize("outcome", ["failure", "timeout", "execution_failure"])
def test_an_action_that_completes_with_such_an_outcome_is_tried_again(outcome: str) -> None:
    flows = Workflows(
        retrying("max_attempts: 2", transitions=f"success: flo.Completed, {outcome}: flo.Failed")
    )
    run_id = flows.start()
    flows.do(outcome=outcome)
    assert flows.status(run_id) == "waiting"


@pytest.mark.parametrize("outcome", ["rejected", "pending"])
def test_an_outcome_of_the_business_is_not_tried_again(outcome: str) -> None:
    flows = Workflows(
        retrying("max_attempts: 2", transitions=f"success: flo.Completed, {outcome}: flo.Failed")
    )
    run_id = flows.start()
    flows.do(outcome=outcome)
    assert flows.status(run_id) == "failed"


def test_a_failure_that_no_retry_helps_is_not_tried_again() -> None:
    flows = Workflows(retrying("max_attempts: 2"))
    run_id = flows.start()
    flows.break_down(retry=False)
    assert flows.status(run_id) == "failed"
    assert "step_retry" not in flows.types(run_id)


@pytest.mark.parametrize("disabled", [False, True])
def test_what_is_not_there_yet_is_tried_again(disabled: bool) -> None:
    flows = Workflows(
        retrying("max_attempts: 2, initial_delay_ms: 10"),
        actions=("charge",) if disabled else (),
    )
    if disabled:
        flows.enable_action("charge", False)
    run_id = flows.start()
    assert flows.status(run_id) == "waiting"
    if disabled:
        flows.enable_action("charge", True)
    else:
        flows.register("charge")
    flows.advance(10)
    flows.do()
    assert flows.status(run_id) == "completed"


def test_an_input_that_cannot_be_made_is_not_tried_again() -> None:
    flows = Workflows(
        flow("""
start:
  run: "@actions/charge"
  inputMapping: {a: $.input.missing}
  retry: {max_attempts: 2}
  transitions: {success: flo.Completed}
""")
    )
    assert flows.status(flows.start({})) == "failed"


def test_the_actions_own_retries_lie_within_one_attempt() -> None:
    flows = Workflows(
        retrying("max_attempts: 2, initial_delay_ms: 500"), max_retries=2, retry_delay_ms=0
    )
    run_id = flows.start()
    runs = []
    for _ in range(2):
        for attempt in (1, 2, 3):
            task = flows.claim_one()
            assert task.attempt == attempt
            runs.append(task.run_id)
            flows.fail(task)
            flows.engine.tick()
        flows.advance(500)
    assert runs == [runs[0]] * 3 + [runs[3]] * 3
    assert runs[0] != runs[3]
    assert flows.status(run_id) == "failed"


def test_each_attempt_maps_its_input_anew() -> None:
    flows = Workflows(
        flow("""
start:
  run: "@actions/charge"
  inputMapping: {at: $.flo.timestamp}
  retry: {max_attempts: 2, initial_delay_ms: 500}
  transitions: {success: flo.Completed}
""")
    )
    flows.start()
    first = flows.claim_one()
    flows.fail(first)
    flows.advance(500)
    second = flows.claim_one()
    assert first.payload == b'{"at":%d}' % (flows.now_ms - 500)
    assert second.payload == b'{"at":%d}' % flows.now_ms


def test_a_retry_outlives_a_restart_and_time_spent_down_counts() -> None:
    flows = Workflows(retrying("max_attempts: 2, initial_delay_ms: 5000"))
    run_id = flows.start()
    flows.break_down()
    flows.engine.reopen()
    flows.advance(60_000)
    flows.do()
    assert flows.status(run_id) == "completed"
