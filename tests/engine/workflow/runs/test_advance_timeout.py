"""`timeoutMs`: the whole step, whatever it is and however often it is tried."""

from __future__ import annotations

import pytest

from floruntime.core.action import ActionStatus, RunStatus
from floruntime.core.errors import ConflictError
from floruntime.core.worker import WorkerHeartbeat
from tests.engine.workflow.calls import WORKER, Workflows, flow

CHILD = flow(
    "start: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}", name="child"
)


def timed(step: str, transitions: str = "success: flo.Completed, timeout: flo.Cancelled") -> str:
    return flow(f"""
plans:
  pay:
    executors:
      - {{name: a, run: "@actions/charge", retry: {{max_attempts: 9, initial_delay_ms: 600}}}}
      - {{name: b, run: "@actions/slow", tracking: {{mode: async}}}}
start:
  {step}
  timeoutMs: 1000
  transitions: {{{transitions}}}
""")


@pytest.mark.parametrize(
    "step",
    [
        'run: "@actions/charge"',
        'run: "@workflow/child"',
        'run: "@plan/pay"',
        "waitForSignal: {type: y}",
        "waitForSignal: {type: y, timeoutMs: 5000}",
    ],
)
def test_a_step_of_any_kind_ends_when_its_time_is_up(step: str) -> None:
    flows = Workflows(CHILD, timed(step))
    run_id = flows.start()
    flows.advance(999)
    assert flows.status(run_id) in ("running", "waiting")
    flows.advance(1)
    run = flows.run(run_id)
    assert (run.status, run.terminal) == ("cancelled", "flo.Cancelled")
    assert flows.details(run_id, "step_completed") == [
        "timeout: the step was not done within 1000 ms"
    ]


def test_a_step_without_a_transition_for_it_fails_the_run() -> None:
    flows = Workflows(timed('run: "@actions/charge"', "success: flo.Completed, failure: start"))
    run_id = flows.start()
    flows.advance(1000)
    assert flows.run(run_id).error == (
        "step 'start' has no transition for its outcome timeout: "
        "the step was not done within 1000 ms"
    )


def test_the_time_of_a_step_goes_over_its_retries_and_is_not_retried() -> None:
    flows = Workflows(
        timed('run: "@actions/charge"\n  retry: {max_attempts: 9, initial_delay_ms: 300}')
    )
    run_id = flows.start()
    flows.break_down()
    flows.advance(300)
    flows.break_down()
    flows.advance(600)
    flows.break_down()  # the next attempt would be at 2100
    flows.advance(100)
    assert flows.run(run_id).terminal == "flo.Cancelled"
    flows.advance(10_000)
    assert flows.claim() == []


def test_the_time_of_a_step_goes_over_its_polls() -> None:
    flows = Workflows(timed('run: "@actions/charge"\n  poll: {baseDelayMs: 700}'))
    run_id = flows.start()
    flows.do(outcome="pending")
    flows.advance(0)
    flows.do(outcome="pending")
    flows.advance(700)
    flows.do(outcome="pending")
    flows.advance(300)
    assert flows.run(run_id).terminal == "flo.Cancelled"


def test_the_handler_at_work_is_told() -> None:
    flows = Workflows(timed('run: "@actions/charge"'))
    flows.start()
    task = flows.claim_one()
    flows.advance(1000)
    run = flows.engine.query(ActionStatus(task.run_id))
    assert (run.status, run.reason) == (RunStatus.CANCELLED, "workflow_went_on")
    heartbeat = flows.engine.run(WorkerHeartbeat(WORKER, [task.run_id]))
    assert heartbeat.cancelled == [task.run_id]
    with pytest.raises(ConflictError, match="cancelled"):
        flows.complete(task)


def test_a_child_that_took_too_long_is_cancelled() -> None:
    flows = Workflows(CHILD, timed('run: "@workflow/child"'))
    run_id = flows.start()
    child_id = flows.children(run_id)[0]
    flows.advance(1000)
    child = flows.run(child_id)
    assert (child.status, child.error) == ("cancelled", "its parent no longer waits for it")


@pytest.mark.parametrize("done_ms", [0, 500, 999])
def test_what_is_done_in_time_is_done(done_ms: int) -> None:
    flows = Workflows(timed('run: "@actions/charge"'))
    run_id = flows.start()
    flows.advance(done_ms)
    flows.do()
    flows.advance(5000)
    assert flows.run(run_id).terminal == "flo.Completed"


def test_the_deadline_of_a_step_dies_with_it() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", timeoutMs: 1000, transitions: {success: next, timeout: flo.Failed}}
steps:
  next: {run: "@actions/charge", transitions: {success: flo.Completed, timeout: flo.Failed}}
""")
    )
    run_id = flows.start()
    flows.advance(900)
    flows.do()
    flows.advance(5000)
    assert (flows.status(run_id), flows.step(run_id)) == ("running", "next")


def test_a_step_that_is_entered_again_has_its_time_anew() -> None:
    flows = Workflows(
        timed('run: "@actions/charge"', "again: start, timeout: flo.Failed, success: flo.Completed")
    )
    run_id = flows.start()
    for _ in range(3):
        flows.advance(900)
        flows.do(outcome="again")
    flows.advance(999)
    assert flows.status(run_id) == "running"
    flows.advance(1)
    assert flows.status(run_id) == "failed"


@pytest.mark.parametrize(
    ("wait_ms", "step_ms", "taken"),
    [(1000, 2000, "flo.TimedOut"), (2000, 1000, "flo.Cancelled"), (1000, 1000, "flo.Cancelled")],
)
def test_after_downtime_the_deadline_that_came_first_counts(
    wait_ms: int, step_ms: int, taken: str
) -> None:
    """A tick that comes late says the same as one that comes in time."""
    for late_ms in (0, 60_000):
        flows = Workflows(
            flow(f"""
start:
  waitForSignal: {{type: x, timeoutMs: {wait_ms}, onTimeout: flo.TimedOut}}
  timeoutMs: {step_ms}
  transitions: {{success: flo.Completed, timeout: flo.Cancelled}}
""")
        )
        run_id = flows.start()
        flows.advance(min(wait_ms, step_ms) + late_ms)
        assert flows.run(run_id).terminal == taken


def test_a_retry_that_is_due_after_the_steps_time_is_not_begun() -> None:
    """After downtime both are due: no action is bothered for a step that is over."""
    flows = Workflows(
        timed('run: "@actions/charge"\n  retry: {max_attempts: 2, initial_delay_ms: 900}')
    )
    run_id = flows.start()
    flows.break_down()
    flows.advance(60_000)
    assert flows.run(run_id).terminal == "flo.Cancelled"
    assert flows.types(run_id).count("awaiting_action") == 1
