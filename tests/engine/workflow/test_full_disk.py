"""While the disk is nearly full: what begins something is refused, what is under way goes on."""

from __future__ import annotations

import pytest

from floruntime.core.errors import StorageFullError
from floruntime.core.system import Tick
from floruntime.core.types import Command
from floruntime.core.worker import WorkerComplete, WorkerFail
from floruntime.core.workflow import (
    ScheduleDue,
    WorkflowCancel,
    WorkflowEnable,
    WorkflowPauseSchedule,
    WorkflowRetry,
    WorkflowSignal,
    WorkflowStart,
    WorkflowSync,
    WorkflowTriggerSchedule,
)
from tests.engine.workflow.calls import ONE_STEP, WORKER, Workflows, flow

SCHEDULED = flow("""
schedule: {cron: "0 * * * *"}
start:
  run: "@actions/charge"
  retry: {max_attempts: 2, initial_delay_ms: 5}
  transitions: {success: second, failure: flo.Failed}
steps:
  second:
    waitForSignal: {type: x, timeoutMs: 1000}
    transitions: {success: flo.Completed}
""")


@pytest.mark.parametrize(
    ("command", "goes_on"),
    [
        (WorkflowSync([ONE_STEP.replace('"1"', '"2"').encode()]), False),
        (WorkflowStart("flow"), False),
        (WorkflowSignal("r", "y"), False),
        (WorkflowRetry("failed"), False),
        (WorkflowTriggerSchedule("flow"), False),
        (ScheduleDue(1, 0, 1, 2), False),
        (WorkflowCancel("r"), True),
        (WorkflowEnable("flow", False), True),
        (WorkflowPauseSchedule("flow"), True),
    ],
)
def test_which_commands_are_refused(command: Command[object], goes_on: bool) -> None:
    flows = Workflows(SCHEDULED)
    flows.start(run_id="failed")
    flows.break_down(retry=False)
    flows.start(run_id="r")
    rows = flows.engine.rows()
    error = flows.engine.outcome(command, may_grow=False).error
    if goes_on:
        assert error is None
    else:
        assert isinstance(error, StorageFullError)
        assert flows.engine.rows() == rows


def test_results_of_actions_and_time_take_runs_on_to_their_ends() -> None:
    flows = Workflows(SCHEDULED)
    run_id = flows.start()
    task = flows.claim_one()
    fail = WorkerFail(WORKER, task.run_id, task.lease, "busy")
    assert flows.engine.outcome(fail, may_grow=False).error is None
    flows.engine.now_ms += 5
    assert flows.engine.outcome(Tick(), may_grow=False).error is None
    task = flows.claim_one()
    complete = WorkerComplete(WORKER, task.run_id, task.lease)
    assert flows.engine.outcome(complete, may_grow=False).error is None
    assert flows.step(run_id) == "second"
    flows.engine.now_ms += 1000
    assert flows.engine.outcome(Tick(), may_grow=False).error is None
    assert flows.status(run_id) == "timed_out"
