"""Looking at runs, waiting for their end, cancelling and retrying them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.action import ActionStatus, RunStatus
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.worker import WorkerComplete, WorkerHeartbeat
from floruntime.core.workflow import WorkflowGet
from floruntime.engine.rules import RULES
from tests.engine.workflow.calls import ONE_STEP, WORKER, Workflows, flow

CHILD = flow(
    "start: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}", name="child"
)
EVERY_WAIT = """
plans:
  sync: {executors: [{name: a, run: "@actions/charge", retry: {max_attempts: 2}}]}
  async: {executors: [{name: a, run: "@actions/charge", tracking: {mode: async}}]}
start:
  STEP
  timeoutMs: 100000
  transitions: {success: flo.Completed, failure: flo.Failed}
"""


def at_wait(wait: str) -> tuple[Workflows, str]:
    """A run that waits for this."""
    steps = {
        "action": 'run: "@actions/charge"',
        "claimed action": 'run: "@actions/charge"',
        "retry": 'run: "@actions/charge"\n  retry: {max_attempts: 2}',
        "poll": 'run: "@actions/charge"\n  poll: {initialDelayMs: 1000}',
        "child": 'run: "@workflow/child"',
        "signal": "waitForSignal: {type: x}",
        "signal with a deadline": "waitForSignal: {type: x, timeoutMs: 1000}",
        "executor": 'run: "@plan/sync"',
        "executor retry": 'run: "@plan/sync"',
        "tracking": 'run: "@plan/async"',
    }
    flows = Workflows(CHILD, flow(EVERY_WAIT.replace("STEP", steps[wait])))
    run_id = flows.start()
    if wait in ("retry", "executor retry"):
        flows.break_down()
    elif wait in ("poll", "tracking"):
        flows.do(outcome="pending")
    elif wait == "claimed action":
        flows.claim_one()
    return flows, run_id


WAITS_OF_RUNS = [
    "action",
    "claimed action",
    "retry",
    "poll",
    "child",
    "signal",
    "signal with a deadline",
    "executor",
    "executor retry",
    "tracking",
]


# Looking


@pytest.mark.parametrize("run_id", ["wfrun-999", "other", "run-5", "wfrun-0", "wfrun-1x", "wfrun-"])
def test_an_unknown_run_is_not_found(run_id: str) -> None:
    flows = Workflows(ONE_STEP)
    flows.start()
    with pytest.raises(NotFoundError, match=run_id):
        flows.run(run_id)
    with pytest.raises(NotFoundError, match=run_id):
        flows.cancel(run_id)
    with pytest.raises(NotFoundError, match=run_id):
        flows.retry(run_id)
    with pytest.raises(NotFoundError, match=run_id):
        flows.history(run_id)


@pytest.mark.parametrize("run_id", ["", "r" * 256, "a\nb"])
def test_what_can_be_no_run_id_is_refused(run_id: str) -> None:
    flows = Workflows(ONE_STEP)
    with pytest.raises(BadRequestError, match="run_id"):
        flows.run(run_id)


def test_block_ms_has_a_limit() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    assert flows.ask(WorkflowGet(run_id, limits.BLOCK_MS_MAX)).status == "running"
    with pytest.raises(BadRequestError, match="300000"):
        flows.ask(WorkflowGet(run_id, limits.BLOCK_MS_MAX + 1))


def test_a_wait_for_a_run_ends_with_the_run_and_on_its_topic() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    rule, request = RULES.waits[WorkflowGet], WorkflowGet(run_id, 100)
    [topic] = rule.topics("default", request)
    assert not rule.found(flows.ask(request))
    task = flows.claim_one()
    outcome = flows.engine.outcome(WorkerComplete(WORKER, task.run_id, task.lease))
    assert topic in outcome.touched
    assert rule.found(flows.ask(request))


@pytest.mark.parametrize(
    "terminal", ["flo.Completed", "flo.Failed", "flo.Cancelled", "flo.TimedOut"]
)
def test_every_end_ends_a_wait(terminal: str) -> None:
    flows = Workflows(
        flow(f'start: {{run: "@actions/charge", transitions: {{success: {terminal}}}}}')
    )
    run_id = flows.start()
    flows.do()
    assert RULES.waits[WorkflowGet].found(flows.run(run_id))


# Cancelling


@pytest.mark.parametrize("wait", WAITS_OF_RUNS)
def test_a_run_is_cancelled_whatever_it_waits_for(wait: str) -> None:
    flows, run_id = at_wait(wait)
    flows.advance(7)
    run = flows.cancel(run_id, "changed my mind")
    assert run == flows.run(run_id)
    assert (run.status, run.terminal, run.error) == (
        "cancelled",
        "flo.Cancelled",
        "changed my mind",
    )
    assert (run.completed_at_ms, run.wait_signal, run.output) == (flows.now_ms, None, None)
    assert flows.details(run_id, "workflow_cancelled") == ["flo.Cancelled: changed my mind"]
    types = flows.types(run_id)
    flows.advance(200_000)
    assert flows.claim() == []
    assert flows.types(run_id) == types


@pytest.mark.parametrize("wait", ["action", "claimed action", "executor"])
def test_the_attempt_of_the_action_is_told_and_its_late_result_refused(wait: str) -> None:
    flows, run_id = at_wait(wait)
    task = next(iter(flows.claim()), None)
    action_run_id = flows.last_action_run(run_id)
    flows.cancel(run_id)
    run = flows.ask(ActionStatus(action_run_id))
    assert (run.status, run.reason) == (RunStatus.CANCELLED, "workflow_went_on")
    assert flows.tell(WorkerHeartbeat(WORKER, [action_run_id])).cancelled == [action_run_id]
    if task is not None:
        with pytest.raises(ConflictError, match="cancelled"):
            flows.complete(task)
    assert flows.status(run_id) == "cancelled"


@pytest.mark.parametrize("wait", ["signal", "signal with a deadline", "tracking"])
def test_a_late_signal_is_refused(wait: str) -> None:
    flows, run_id = at_wait(wait)
    flows.cancel(run_id)
    for type in ("x", "plan:a"):
        with pytest.raises(ConflictError, match="cancelled"):
            flows.signal(run_id, type)


def test_a_cancel_needs_no_reason() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    assert flows.cancel(run_id).error is None
    assert flows.details(run_id, "workflow_cancelled") == ["flo.Cancelled"]


def test_the_reason_of_a_cancel_has_a_limit() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    with pytest.raises(BadRequestError, match="reason"):
        flows.cancel(run_id, "x" * (limits.ERROR_TEXT_BYTES_MAX + 1))
    flows.cancel(run_id, "x" * limits.ERROR_TEXT_BYTES_MAX)


@pytest.mark.parametrize("outcome", ["success", "failure"])
def test_a_finished_run_cannot_be_cancelled(outcome: str) -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.do(outcome=outcome)
    status = flows.status(run_id)
    with pytest.raises(ConflictError, match=status):
        flows.cancel(run_id)


def test_a_cancelled_run_cannot_be_cancelled_again() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.cancel(run_id)
    with pytest.raises(ConflictError, match="cancelled"):
        flows.cancel(run_id)


# Retrying

THREE_STEPS = """
start: {run: "@actions/charge", transitions: {success: second}}
steps:
  second:
    run: "@actions/charge"
    inputMapping: {first: $.steps.start.output}
    retry: {max_attempts: 2, initial_delay_ms: 5}
    transitions: {success: third, failure: flo.Failed}
  third: {run: "@actions/charge", transitions: {success: flo.Completed}}
"""


def failed_at_second(document: str = flow(THREE_STEPS), **start: Any) -> tuple[Workflows, str]:
    flows = Workflows(document)
    run_id = flows.start({"order": 1}, **start)
    flows.do(output="one")
    flows.break_down()
    flows.advance(5)
    flows.break_down(error="no luck")
    assert flows.status(run_id) == "failed"
    return flows, run_id


def test_a_failed_run_goes_on_from_the_step_that_failed() -> None:
    flows, run_id = failed_at_second()
    flows.advance(60_000)
    run = flows.retry(run_id)
    assert run == replace(flows.run(run_id), waits_for=None)
    assert (run.status, run.current_step, run.error) == ("running", "second", None)
    assert (run.terminal, run.completed_at_ms, run.output) == (None, None, None)
    task = flows.claim_one()
    assert task.payload == b'{"first":"one"}'
    flows.complete(task)
    flows.do()
    assert flows.status(run_id) == "completed"
    assert flows.path(run_id) == ["start", "second", "second", "third"]
    assert flows.details(run_id, "step_retry")[-1] == "by request"


def test_a_retried_step_has_all_its_attempts_again() -> None:
    flows, run_id = failed_at_second()
    flows.retry(run_id)
    flows.break_down()
    assert flows.status(run_id) == "waiting"
    flows.advance(5)
    flows.break_down()
    assert flows.status(run_id) == "failed"
    flows.retry(run_id)
    flows.do()
    assert flows.step(run_id) == "third"


def test_a_run_that_an_outcome_without_a_transition_failed_is_retried() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.do(outcome="surprise", output=1)
    assert flows.output(run_id) is None
    flows.retry(run_id)
    flows.do()
    assert flows.status(run_id) == "completed"


def test_a_run_whose_output_could_not_be_made_is_retried() -> None:
    flows = Workflows(
        flow("""
output: $.steps.start.output.a
start: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.do(output={})
    flows.retry(run_id)
    flows.do(output={"a": 1})
    assert flows.output(run_id) == 1


def test_a_retried_run_keeps_its_version() -> None:
    flows, run_id = failed_at_second()
    flows.sync(ONE_STEP.replace('"1"', '"2"'))
    flows.retry(run_id)
    assert (flows.run(run_id).version, flows.step(run_id)) == ("1", "second")


def test_a_retried_run_is_not_forgotten_meanwhile() -> None:
    flows, run_id = failed_at_second()
    flows.retry(run_id)
    flows.advance(2 * limits.RUN_RETENTION_MS_DEFAULT)
    assert flows.status(run_id) in ("running", "waiting", "failed")


def test_a_retried_run_takes_the_signals_that_it_has_kept() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {success: wait}}
steps:
  wait: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.signal(run_id, "x", 1)
    flows.break_down()
    flows.retry(run_id)
    flows.do()
    assert flows.output(run_id) == 1


def test_a_run_of_a_disabled_workflow_can_be_retried() -> None:
    flows, run_id = failed_at_second()
    flows.enable(False)
    flows.retry(run_id)
    assert flows.status(run_id) == "running"


def test_a_run_that_fails_again_at_once_is_failed() -> None:
    flows = Workflows(
        flow(
            'start: {run: "@actions/lost", waitForTargetMs: 0, transitions: {failure: flo.Failed}}'
        )
    )
    run_id = flows.start()
    assert flows.retry(run_id).status == "failed"


@pytest.mark.parametrize(
    ("terminal", "status"),
    [("flo.Completed", "completed"), ("flo.Cancelled", "cancelled"), ("flo.TimedOut", "timed_out")],
)
def test_only_a_failed_run_can_be_retried(terminal: str, status: str) -> None:
    flows = Workflows(
        flow(f'start: {{run: "@actions/charge", transitions: {{success: {terminal}}}}}')
    )
    run_id = flows.start()
    with pytest.raises(ConflictError, match="running"):
        flows.retry(run_id)
    flows.do()
    with pytest.raises(ConflictError, match=status):
        flows.retry(run_id)
