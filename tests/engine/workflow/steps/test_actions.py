"""Steps that run an action: what becomes of the action's run, and what the step makes of it."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.action import ActionCancel, ActionListRuns, ActionStatus, RunStatus
from floruntime.core.errors import ConflictError
from floruntime.core.worker import (
    TaskResult,
    WorkerComplete,
    WorkerDeregister,
    WorkerExchange,
    WorkerRegister,
    WorkerRelease,
)
from tests.engine.workflow.calls import ONE_STEP, WORKER, Workflows, flow

ANY_OUTCOME = flow("""
start:
  run: "@actions/charge"
  transitions:
    success: flo.Completed
    approved: flo.Completed
    failure: at_failure
    timeout: at_timeout
    target_not_found: at_target_not_found
    target_disabled: at_target_disabled
    execution_failure: at_execution_failure
steps:
  at_failure: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
  at_timeout: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
  at_target_not_found: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
  at_target_disabled: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
  at_execution_failure: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
""")
RETRYING = ANY_OUTCOME.replace(
    "  transitions:\n    success", "  retry: {max_attempts: 2}\n  transitions:\n    success"
)


def test_the_action_run_belongs_to_the_workflow_run() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start({"order": 1})
    task = flows.claim_one()
    assert (task.payload, task.caller_run_id) == (b'{"order": 1}', run_id)
    [event] = [event for event in flows.history(run_id) if event.type == "awaiting_action"]
    assert (event.run_id, event.detail, event.step) == (task.run_id, "charge", "start")


def test_an_action_run_of_a_run_with_an_id_of_its_own_tells_that() -> None:
    flows = Workflows(ONE_STEP)
    assert flows.start(run_id="order-7") == "order-7"
    assert flows.claim_one().caller_run_id == "order-7"


def test_completing_the_action_and_going_on_are_one_commit() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {success: next}}
steps:
  next: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    task = flows.claim_one()
    before = flows.engine.machine.index
    flows.complete(task)
    assert flows.engine.machine.index == before + 1
    assert (flows.status(run_id), flows.step(run_id)) == ("running", "next")
    assert len(flows.claim()) == 1


@pytest.mark.parametrize("outcome", ["success", "approved"])
def test_what_the_handler_says_is_the_outcome(outcome: str) -> None:
    flows = Workflows(ANY_OUTCOME)
    run_id = flows.start()
    flows.do(output={"a": 1}, outcome=outcome)
    assert (flows.status(run_id), flows.output(run_id)) == ("completed", {"a": 1})
    assert flows.details(run_id, "action_completed") == [outcome]


@pytest.mark.parametrize("outcome", ["failure", "timeout", "execution_failure"])
def test_a_handler_may_say_by_itself_what_the_engine_would(outcome: str) -> None:
    flows = Workflows(ANY_OUTCOME)
    run_id = flows.start()
    flows.do(outcome=outcome)
    assert flows.step(run_id) == f"at_{outcome}"


def test_a_run_that_failed_after_its_own_retries() -> None:
    flows = Workflows(ANY_OUTCOME, max_retries=1, retry_delay_ms=5)
    run_id = flows.start()
    flows.break_down(error="first")
    assert flows.step(run_id) == "start"
    flows.advance(6)
    flows.break_down(error="card: declined")
    assert flows.step(run_id) == "at_failure"
    assert flows.details(run_id, "action_completed") == ["failure: card: declined"]


def test_a_failure_that_no_retry_helps_comes_at_once() -> None:
    flows = Workflows(RETRYING, max_retries=9)
    run_id = flows.start()
    flows.break_down(error="no address", retry=False)
    assert flows.step(run_id) == "at_failure"
    assert flows.details(run_id, "action_completed") == ["failure: no address"]


def test_a_worker_that_is_lost_is_a_failure_with_that_reason() -> None:
    flows = Workflows(ANY_OUTCOME, timeout_ms=1000)
    run_id = flows.start()
    flows.claim_one()
    flows.advance(1000)
    assert flows.step(run_id) == "at_failure"
    assert flows.details(run_id, "action_completed") == ["failure: worker_lost"]


def test_a_worker_that_is_lost_is_made_up_for_by_the_actions_retries() -> None:
    flows = Workflows(ANY_OUTCOME, timeout_ms=1000, max_retries=1, retry_delay_ms=0)
    run_id = flows.start()
    flows.claim_one()
    flows.advance(1000)
    assert flows.do().attempt == 2
    assert flows.status(run_id) == "completed"


def test_a_worker_that_hands_back_has_used_no_attempt() -> None:
    flows = Workflows(ANY_OUTCOME)
    run_id = flows.start()
    task = flows.claim_one()
    flows.engine.run(WorkerRelease(WORKER, task.run_id, task.lease))
    assert flows.do().attempt == 1
    assert flows.status(run_id) == "completed"


def test_a_worker_that_deregisters_leaves_its_run_to_others() -> None:
    flows = Workflows(ANY_OUTCOME)
    run_id = flows.start()
    flows.engine.run(WorkerRegister(WORKER, ["charge"]))
    flows.claim_one()
    flows.engine.run(WorkerDeregister(WORKER))
    flows.advance(3_600_000)
    assert flows.step(run_id) == "at_failure"


def test_an_action_run_that_timed_out_as_a_whole() -> None:
    flows = Workflows(ANY_OUTCOME, run_timeout_ms=500)
    run_id = flows.start()
    flows.advance(500)
    assert flows.step(run_id) == "at_timeout"


def test_a_time_out_tells_the_last_error_of_the_attempts() -> None:
    flows = Workflows(ANY_OUTCOME, run_timeout_ms=500, max_retries=5, retry_delay_ms=1000)
    run_id = flows.start()
    flows.break_down(error="busy")
    flows.advance(500)
    assert flows.step(run_id) == "at_timeout"
    assert flows.details(run_id, "action_completed") == ["timeout: busy"]


@pytest.mark.parametrize("claimed", [False, True])
def test_an_action_run_that_is_cancelled_from_outside_is_a_failure_for_good(claimed: bool) -> None:
    flows = Workflows(RETRYING)
    run_id = flows.start()
    action_run_id = flows.last_action_run(run_id)
    if claimed:
        flows.claim_one()
    flows.engine.run(ActionCancel(action_run_id, "by hand"))
    assert flows.step(run_id) == "at_failure"
    assert flows.details(run_id, "action_completed") == [
        f"failure: {action_run_id} was cancelled: by hand"
    ]


def test_an_action_that_is_not_registered() -> None:
    flows = Workflows(ANY_OUTCOME, actions=())
    run_id = flows.start()
    assert flows.step(run_id) == "at_target_not_found"
    assert flows.details(run_id, "action_not_found") == ["charge"]
    assert flows.details(run_id, "step_completed") == [
        "target_not_found: action 'charge' is not registered"
    ]


def test_an_action_that_is_disabled() -> None:
    flows = Workflows(ANY_OUTCOME)
    flows.enable_action("charge", False)
    run_id = flows.start()
    assert flows.step(run_id) == "at_target_disabled"
    assert flows.details(run_id, "action_disabled") == ["charge"]
    assert flows.details(run_id, "step_completed") == [
        "target_disabled: action 'charge' is disabled"
    ]


def test_an_action_that_is_disabled_meanwhile_goes_on() -> None:
    flows = Workflows(ANY_OUTCOME)
    run_id = flows.start()
    flows.enable_action("charge", False)
    flows.do()
    assert flows.status(run_id) == "completed"


def test_an_action_that_is_deleted_meanwhile_is_not_there() -> None:
    flows = Workflows(ANY_OUTCOME)
    run_id = flows.start()
    flows.delete_action("charge")
    assert flows.step(run_id) == "at_target_not_found"
    assert flows.details(run_id, "action_completed") == [
        "target_not_found: action 'charge' was deleted"
    ]


def test_an_action_that_is_deleted_with_many_runs() -> None:
    """The runs of all are told, more than one command cancels at once."""
    flows = Workflows(ANY_OUTCOME)
    run_ids = [flows.start() for _ in range(510)]
    flows.delete_action("charge")
    flows.engine.tick()
    assert {flows.step(run_id) for run_id in run_ids} == {"at_target_not_found"}


def test_an_action_that_comes_back_after_its_deletion() -> None:
    flows = Workflows(
        flow("""
start:
  run: "@actions/charge"
  retry: {max_attempts: 2}
  transitions: {success: flo.Completed}
""")
    )
    run_id = flows.start()
    flows.delete_action("charge")
    assert flows.status(run_id) == "waiting"
    flows.register("charge")
    flows.advance(1000)
    flows.do()
    assert flows.status(run_id) == "completed"


def test_a_step_after_a_deleted_action_may_run_that_action() -> None:
    """It is gone by then, so the next step does not find it either."""
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {target_not_found: next}}
steps:
  next: {run: "@actions/charge", transitions: {target_not_found: flo.Cancelled}}
""")
    )
    run_id = flows.start()
    flows.delete_action("charge")
    assert flows.run(run_id).terminal == "flo.Cancelled"


def test_an_input_that_is_too_large_cannot_be_carried_out() -> None:
    flows = Workflows(
        flow("""
start:
  run: "@actions/charge"
  inputMapping: {once: $.input, twice: $.input}
  transitions: {success: flo.Completed, execution_failure: flo.Cancelled}
""")
    )
    fits = "x" * (limits.VALUE_BYTES_DEFAULT // 2 - 20)
    assert flows.status(flows.start(fits)) == "running"
    run_id = flows.start(fits + "x" * 40)
    assert flows.run(run_id).terminal == "flo.Cancelled"
    [told] = flows.details(run_id, "step_completed")
    assert told.startswith("execution_failure: ")
    assert "$.input" in told


# Late and repeated news


def test_a_completion_that_is_repeated_changes_nothing() -> None:
    flows = Workflows(ONE_STEP.replace("success: flo.Completed", "success: start"))
    run_id = flows.start()
    task = flows.claim_one()
    flows.complete(task, 1)
    types = flows.types(run_id)
    flows.engine.run(WorkerComplete(WORKER, task.run_id, task.lease, b"2", "success"))
    assert flows.types(run_id) == types


def test_a_completion_under_an_old_lease_is_refused() -> None:
    flows = Workflows(ONE_STEP, timeout_ms=1000, max_retries=3, retry_delay_ms=0)
    run_id = flows.start()
    old = flows.claim_one()
    flows.advance(1000)
    new = flows.claim_one()
    with pytest.raises(ConflictError, match="lease"):
        flows.complete(old, "old")
    flows.complete(new, "new")
    assert flows.output(run_id) == "new"


def test_results_of_many_runs_in_one_exchange_take_all_of_them_on() -> None:
    """The same action is settled, begun again by the next steps, and claimed in one command."""
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {success: next, failure: next}}
steps:
  next: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    run_ids = [flows.start(n) for n in range(5)]
    tasks = flows.claim()
    results = [
        TaskResult(task.run_id, task.lease, b"", "success", None if n % 2 else "broken", False)
        for n, task in enumerate(tasks)
    ]
    claimed = flows.engine.run(WorkerExchange(WORKER, results, ["charge"], 10))
    assert len(claimed) == 5
    for task in claimed:
        flows.complete(task)
    assert {flows.status(run_id) for run_id in run_ids} == {"completed"}
    assert len(flows.engine.query(ActionListRuns(None, RunStatus.RUNNING)).items) == 0


def test_the_end_of_an_action_run_that_nobody_waits_for_any_more_changes_nothing() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    action_run_id = flows.last_action_run(run_id)
    flows.cancel(run_id)
    assert flows.engine.query(ActionStatus(action_run_id)).status == RunStatus.CANCELLED
    with pytest.raises(ConflictError):
        flows.engine.run(ActionCancel(action_run_id, None))
    assert flows.types(run_id)[-1] == "workflow_cancelled"


# Attempts of the action itself


def test_the_history_tells_who_had_each_attempt_and_why_it_ended() -> None:
    flows = Workflows(ANY_OUTCOME, timeout_ms=1_000, max_retries=1)
    run_id = flows.start()
    flows.claim_one()
    flows.advance(1_000)
    flows.advance(10_000)
    flows.fail(flows.claim_one(), "card: declined")
    [event] = [each for each in flows.history(run_id) if each.type == "action_completed"]
    lost, failed = event.attempts
    assert (lost.attempt, lost.reason) == (1, "worker_lost")
    assert lost.begun_at_ms is not None
    assert lost.ended_at_ms == lost.begun_at_ms + 1_000
    assert (failed.attempt, failed.error) == (2, "card: declined")
    assert all(each.worker_id for each in event.attempts)
    others = [each for each in flows.history(run_id) if each.type != event.type]
    assert not any(each.attempts for each in others)
