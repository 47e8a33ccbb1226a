"""A run's way through its steps: where outcomes lead, where it ends, retries, polls, time-outs."""

from __future__ import annotations

import pytest

from floruntime.engine.workflow.runs import advance
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

SUCCESS_ONLY = flow("""
start: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")


def one_step(step: str, more: str = "") -> str:
    """A workflow with this one step, whose every usual outcome leads somewhere else."""
    return flow(f"""
start:
  run: "@actions/charge"
  {step}
  transitions: {{success: flo.Completed, failure: on_failure, timeout: on_timeout}}
steps:
  on_failure: {{waitForSignal: {{type: x}}, transitions: {{success: flo.Completed}}}}
  on_timeout: {{waitForSignal: {{type: x}}, transitions: {{success: flo.Completed}}}}
{more}
""")


# Transitions


@pytest.mark.parametrize(
    "outcome", ["success", "failure", "timeout", "pending", "approved", "_X-1"]
)
def test_an_outcome_leads_where_its_own_name_leads(outcome: str) -> None:
    flows = Workflows(
        flow(f"""
start: {{run: "@actions/charge", transitions: {{{outcome}: taken, other: not_taken}}}}
steps:
  taken: {{run: "@actions/charge", transitions: {{success: flo.Completed}}}}
  not_taken: {{run: "@actions/charge", transitions: {{success: flo.Completed}}}}
""")
    )
    run_id = flows.start()
    flows.do(outcome=outcome)
    assert flows.step(run_id) == "taken"
    assert flows.details(run_id, "step_completed") == [outcome]


def test_a_step_is_called_start_in_history() -> None:
    flows = Workflows(ONE_STEP)
    assert flows.path(flows.start()) == ["start"]


@pytest.mark.parametrize("outcome", ["approved", "pending", "timeout"])
def test_an_outcome_of_the_business_does_not_fall_back(outcome: str) -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.do(outcome=outcome)
    run = flows.run(run_id)
    assert (run.status, run.terminal) == ("failed", "flo.Failed")
    assert run.error == f"step 'start' has no transition for its outcome {outcome}"


def test_a_failure_that_leads_nowhere_is_told_with_its_error() -> None:
    flows = Workflows(SUCCESS_ONLY)
    run_id = flows.start()
    flows.break_down(error="card: declined")
    assert flows.status(run_id) == "failed"
    expected = "step 'start' has no transition for its outcome failure: card: declined"
    assert flows.run(run_id).error == expected
    assert flows.details(run_id, "workflow_failed") == [f"flo.Failed: {expected}"]


@pytest.mark.parametrize(
    ("mapped", "taken"),
    [
        ("target_not_found, execution_failure, failure", "target_not_found"),
        ("execution_failure, failure", "execution_failure"),
        ("failure", "failure"),
        ("success", None),
    ],
)
@pytest.mark.parametrize("disabled", [False, True])
def test_system_failures_fall_back(mapped: str, taken: str | None, disabled: bool) -> None:
    names = mapped.split(", ")
    if disabled:
        names = [name.replace("target_not_found", "target_disabled") for name in names]
        taken = "target_disabled" if taken == "target_not_found" else taken
    steps = "\n".join(
        f"  at_{name}: {{waitForSignal: {{type: x}}, transitions: {{success: flo.Completed}}}}"
        for name in names
    )
    transitions = ", ".join(f"{name}: at_{name}" for name in names)
    flows = Workflows(
        flow(f"""
start: {{run: "@actions/lost", waitForTargetMs: 0, transitions: {{{transitions}}}}}
steps:
{steps}
"""),
        actions=("lost",) if disabled else (),
    )
    if disabled:
        flows.enable_action("lost", False)
    run_id = flows.start()
    if taken is None:
        assert flows.status(run_id) == "failed"
        error = flows.run(run_id).error or ""
        assert "'start'" in error
        assert ("target_disabled" if disabled else "target_not_found") in error
        assert "'lost'" in error
    else:
        assert flows.step(run_id) == f"at_{taken}"


def test_a_step_can_lead_back_to_itself() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {again: start, success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.do(outcome="again", output=1)
    flows.do(outcome="again", output=2)
    flows.do(output=3)
    assert flows.path(run_id) == ["start", "start", "start"]
    assert flows.output(run_id) == 3


# Ends


@pytest.mark.parametrize(
    ("terminal", "status", "event"),
    [
        ("flo.Completed", "completed", "workflow_completed"),
        ("flo.Failed", "failed", "workflow_failed"),
        ("flo.Cancelled", "cancelled", "workflow_cancelled"),
        ("flo.TimedOut", "timed_out", "workflow_timed_out"),
        ("mine-completed", "completed", "workflow_completed"),
        ("mine-failed", "failed", "workflow_failed"),
        ("mine-cancelled", "cancelled", "workflow_cancelled"),
        ("mine-timed_out", "timed_out", "workflow_timed_out"),
    ],
)
def test_terminals(terminal: str, status: str, event: str) -> None:
    flows = Workflows(
        flow(f"""
terminals:
  mine-completed: {{status: completed}}
  mine-failed: {{status: failed}}
  mine-cancelled: {{status: cancelled}}
  mine-timed_out: {{status: timed_out}}
start: {{run: "@actions/charge", transitions: {{success: {terminal}}}}}
""")
    )
    run_id = flows.start()
    flows.advance(5)
    flows.do(output={"a": 1})
    run = flows.run(run_id)
    assert (run.status, run.terminal) == (status, terminal)
    assert flows.types(run_id)[-1] == event
    assert flows.details(run_id, event)[0].startswith(terminal)
    assert (run.completed_at_ms, run.started_at_ms) == (flows.now_ms, flows.now_ms - 5)
    assert (run.error is None) == (status == "completed")
    assert flows.output(run_id) == {"a": 1}


def test_a_terminal_that_is_no_success_says_what_led_there() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.break_down(error="card: declined")
    assert flows.run(run_id).error == "step 'start' led to flo.Failed: failure: card: declined"


def test_a_fresh_run_as_its_caller_sees_it() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start({"order": 1})
    run = flows.run(run_id)
    assert (run.run_id, run.workflow, run.version) == (run_id, "flow", "1")
    assert (run.status, run.current_step, run.input) == ("running", "start", b'{"order": 1}')
    assert (run.output, run.error, run.terminal, run.wait_signal) == (None, None, None, None)
    assert (run.created_at_ms, run.started_at_ms) == (flows.now_ms, flows.now_ms)
    assert (run.completed_at_ms, run.parent_run_id, run.search_attributes) == (None, None, {})


def test_the_status_tells_what_a_run_waits_for() -> None:
    flows = Workflows(
        flow("""
start:
  run: "@actions/charge"
  retry: {max_attempts: 2}
  poll: {initialDelayMs: 50}
  transitions: {success: asking}
steps:
  asking: {waitForSignal: {type: approval}, transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    assert flows.status(run_id) == "running"  # an action
    flows.break_down()
    assert flows.status(run_id) == "waiting"  # the time of a retry
    flows.advance(1000)
    flows.do(outcome="pending")
    assert flows.status(run_id) == "waiting"  # the time of a poll
    flows.advance(50)
    flows.do()
    assert (flows.status(run_id), flows.run(run_id).wait_signal) == ("waiting", "approval")
    flows.signal(run_id, "approval")
    assert (flows.status(run_id), flows.run(run_id).wait_signal) == ("completed", None)


# Going through steps without waiting


def ring(steps: int) -> str:
    """Steps that each fail at once, one after the other, then a wait."""
    names = [f"s{number}" for number in range(1, steps)]
    following = [*names[1:], "wait"]
    body = "\n".join(
        f'  {name}: {{run: "@actions/lost", waitForTargetMs: 0, transitions: {{failure: {then}}}}}'
        for name, then in zip(names, following, strict=True)
    )
    first = names[0] if names else "wait"
    return flow(f"""
start: {{run: "@actions/lost", waitForTargetMs: 0, transitions: {{failure: {first}}}}}
steps:
{body}
  wait: {{waitForSignal: {{type: x}}, transitions: {{success: flo.Completed}}}}
""")


def test_256_steps_without_waiting_are_allowed() -> None:
    flows = Workflows(ring(255))
    run_id = flows.start()
    assert (flows.status(run_id), flows.step(run_id)) == ("waiting", "wait")
    assert len(flows.path(run_id)) == 256


def test_the_257th_step_without_waiting_fails_the_run() -> None:
    flows = Workflows(ring(256))
    run_id = flows.start()
    run = flows.run(run_id)
    assert (run.status, run.current_step) == ("failed", "wait")
    assert run.error == "it went through 256 steps without waiting for anything"
    assert len(flows.path(run_id)) == 256


def test_a_wait_begins_the_count_anew() -> None:
    flows = Workflows(
        flow("""
start: {waitForSignal: {type: go}, transitions: {success: lost}}
steps:
  lost: {run: "@actions/lost", waitForTargetMs: 0, transitions: {failure: start}}
""")
    )
    run_id = flows.start()
    for _ in range(200):
        flows.signal(run_id, "go")
    assert flows.status(run_id) == "waiting"
    assert len(flows.path(run_id)) == 401


def test_a_delay_of_nothing_is_no_waiting() -> None:
    """Or a loop would go on for ever at one moment."""
    flows = Workflows(
        flow("""
start:
  run: "@actions/lost"
  waitForTargetMs: 0
  retry: {max_attempts: 2, initial_delay_ms: 0}
  transitions: {failure: start}
""")
    )
    run_id = flows.start()
    flows.engine.tick()
    assert flows.status(run_id) == "failed"
    assert len(flows.path(run_id)) == 256


def test_a_run_that_failed_so_is_retried_at_the_step_that_it_could_not_begin() -> None:
    flows = Workflows(ring(256))
    run_id = flows.start()
    flows.retry(run_id)
    assert (flows.status(run_id), flows.step(run_id)) == ("waiting", "wait")
    assert flows.path(run_id)[-2:] == ["s255", "wait"]


def test_a_history_that_is_too_long_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advance, "EVENTS_MAX", 8)
    flows = Workflows(
        flow("""
start: {waitForSignal: {type: go}, transitions: {success: start}}
""")
    )
    run_id = flows.start()
    flows.signal(run_id, "go")  # start, started, waiting; received, matched, completed, started, …
    assert flows.status(run_id) == "waiting"
    flows.signal(run_id, "go")
    run = flows.run(run_id)
    assert (run.status, run.current_step) == ("failed", "start")
    assert run.error == "its history has 8 events; 8 are allowed"
