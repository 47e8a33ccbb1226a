"""What the status of a run says that it stands still for."""

from __future__ import annotations

import pytest

from floruntime.core.run_wait import RunWait, WaitKind
from floruntime.core.worker import WorkerRegister
from floruntime.core.workflow import WorkflowListRuns
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow


def wait_of(flows: Workflows, run_id: str) -> RunWait:
    wait = flows.run(run_id).waits_for
    assert wait is not None
    return wait


def test_a_worker_that_is_not_there() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    wait = wait_of(flows, run_id)
    assert wait.text == "waits for a worker of charge (none is there)"
    assert (wait.kind, wait.workers, wait.name) == (WaitKind.WORKER, 0, "charge")
    assert wait.run_id == flows.last_action_run(run_id)
    flows.tell(WorkerRegister("w1", ["charge"]))
    assert wait_of(flows, run_id).text == "waits for a worker of charge (1 is there)"


def test_a_worker_that_has_it_in_hand() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    task = flows.claim_one()
    wait = wait_of(flows, run_id)
    assert wait.text == f"waits for charge, whose {task.run_id} worker w1 has"
    assert (wait.kind, wait.run_id, wait.attempt) == (WaitKind.RESULT, task.run_id, 1)
    flows.complete(task)
    assert flows.run(run_id).waits_for is None


def test_a_retry_of_the_action() -> None:
    flows = Workflows(ONE_STEP, max_retries=5, retry_delay_ms=3_000)
    run_id = flows.start()
    flows.break_down(error="ValueError: no stock")
    wait = wait_of(flows, run_id)
    assert wait.kind is WaitKind.RETRY
    assert wait.text.startswith("retry 1 of 5 in 3s")
    assert wait.text.endswith("after ValueError: no stock")
    assert wait.run_id == flows.last_action_run(run_id)


def test_a_retry_of_the_step() -> None:
    body = """
start:
  run: "@actions/charge"
  retry: {max_attempts: 6, backoff: constant, initial_delay_ms: 3000}
  transitions: {success: flo.Completed, failure: flo.Failed}
"""
    flows = Workflows(flow(body))
    run_id = flows.start()
    for _ in range(4):
        flows.break_down(error="no stock")
        wait = wait_of(flows, run_id)
        flows.advance(3_000)
    assert wait.text == "retry 4 of 5 in 3s, after failure: no stock"
    assert (wait.kind, wait.name) == (WaitKind.RETRY, "start")
    assert (wait.attempt, wait.attempts, wait.error) == (5, 6, "failure: no stock")
    assert wait.due_at_ms == flows.now_ms


def test_a_retry_of_a_plans_executor() -> None:
    body = """
start: {run: "@plan/pay", transitions: {success: flo.Completed, failure: flo.Failed}}
plans:
  pay:
    executors:
      - {name: one, run: "@actions/charge", retry: {max_attempts: 3, backoff: constant}}
"""
    flows = Workflows(flow(body))
    run_id = flows.start()
    assert wait_of(flows, run_id).kind is WaitKind.WORKER
    flows.break_down(error="no luck")
    wait = wait_of(flows, run_id)
    assert wait.text == "retry 1 of 2 in 1s, after failure: no luck"
    assert (wait.attempt, wait.attempts) == (2, 3)


def test_a_poll() -> None:
    body = """
start:
  run: "@actions/charge"
  poll: {maxAttempts: 3, initialDelayMs: 5000}
  transitions: {success: flo.Completed, failure: flo.Failed}
"""
    flows = Workflows(flow(body))
    run_id = flows.start()
    flows.do(outcome="pending")
    wait = wait_of(flows, run_id)
    assert (wait.kind, wait.text) == (WaitKind.POLL, "asks again in 5s")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("{type: go}", "waits for the signal go"),
        ("{type: go, timeoutMs: 90000}", "waits for the signal go, for 1m 30s more"),
    ],
)
def test_a_signal(spec: str, text: str) -> None:
    body = f"start: {{waitForSignal: {spec}, transitions: {{success: flo.Completed}}}}\n"
    flows = Workflows(flow(body))
    wait = wait_of(flows, flows.start())
    assert (wait.kind, wait.name, wait.text) == (WaitKind.SIGNAL, "go", text)


def test_a_child_and_what_that_waits_for() -> None:
    def parent(number: int) -> str:
        run = f'start: {{run: "@workflow/w{number - 1}", transitions: {{success: flo.Completed}}}}'
        return flow(run + "\n", name=f"w{number}")

    flows = Workflows(flow(ONE_STEP.split('"1"', 1)[1], name="w0"), *map(parent, range(1, 7)))
    ids = [flows.start(name=f"w{number}") for number in (1, 6)]
    [child] = flows.children(ids[0])
    wait = wait_of(flows, ids[0])
    assert (wait.kind, wait.name, wait.run_id) == (WaitKind.CHILD, "w0", child)
    assert wait.text == (
        f"waits for workflow w0, {child}: it waits for a worker of charge (none is there)"
    )
    assert wait_of(flows, ids[1]).text.count("workflow w") == 4, "deeper ones have their own"


def test_a_listing_does_not_look() -> None:
    flows = Workflows(ONE_STEP)
    flows.start()
    assert [run.waits_for for run in flows.ask(WorkflowListRuns()).items] == [None]
