"""Steps that come before their action: they wait for it, as long as the definition lets them."""

from __future__ import annotations

import pytest

from floruntime.core.action import ActionInvoke
from floruntime.engine.workflow.steps import missing_actions
from floruntime.engine.workflow.steps.missing_actions import AWAITS_ACTION, WAIT_MS
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow


def one_step(extra: str = "", transitions: str = "success: flo.Completed") -> str:
    return flow(f"""
start:
  run: "@actions/charge"
  {extra}
  transitions: {{{transitions}}}
""")


def flows_of(text: str = ONE_STEP) -> Workflows:
    return Workflows(text, actions=())


def waiting(flows: Workflows) -> int:
    return sum(key[:2] == AWAITS_ACTION.tag for key in flows.engine.rows())


def test_a_step_waits_for_its_action_and_goes_on_when_that_is_registered() -> None:
    flows = flows_of()
    run_id = flows.start({"order": 1})
    assert flows.status(run_id) == "waiting"
    waits_for = flows.run(run_id).waits_for
    assert waits_for is not None
    assert (waits_for.kind, waits_for.name, waits_for.workers) == ("worker", "charge", 0)
    assert waits_for.text.startswith("waits for charge, which no worker has registered yet, for ")
    flows.advance(WAIT_MS - 1)
    flows.register("charge")
    flows.engine.tick()
    assert flows.do(output="paid").payload == b'{"order": 1}'
    assert (flows.status(run_id), flows.output(run_id)) == ("completed", "paid")
    assert flows.details(run_id, "action_not_found") == []
    assert waiting(flows) == 0


def test_after_a_minute_it_gives_up() -> None:
    flows = flows_of()
    run_id = flows.start()
    flows.advance(WAIT_MS)
    assert flows.status(run_id) == "failed"
    assert flows.details(run_id, "action_not_found") == ["charge"]
    assert "action 'charge' is not registered" in (flows.run(run_id).error or "")
    assert waiting(flows) == 0


@pytest.mark.parametrize(
    ("extra", "transitions", "wait_ms"),
    [
        ("", "target_not_found: flo.Cancelled, success: flo.Completed", 0),
        ("", "execution_failure: flo.Cancelled, success: flo.Completed", 0),
        ("", "failure: flo.Cancelled, success: flo.Completed", WAIT_MS),
        ("waitForTargetMs: 0", "success: flo.Completed", 0),
        ("waitForTargetMs: 5", "target_not_found: flo.Cancelled, success: flo.Completed", 5),
        ("waitForTargetMs: 300000", "success: flo.Completed", 300_000),
    ],
)
def test_how_long_it_waits(extra: str, transitions: str, wait_ms: int) -> None:
    flows = flows_of(one_step(extra, transitions))
    run_id = flows.start()
    if wait_ms:
        flows.advance(wait_ms - 1)
        assert flows.status(run_id) == "waiting"
        flows.advance(1)
    assert flows.status(run_id) in ("failed", "cancelled")


def test_retries_do_not_prolong_the_wait() -> None:
    flows = flows_of(
        one_step("retry: {max_attempts: 3, initial_delay_ms: 10}\n  waitForTargetMs: 50")
    )
    run_id = flows.start()
    flows.advance(50)
    for _ in range(3):
        flows.advance(100)
    assert flows.status(run_id) == "failed"
    assert len(flows.details(run_id, "action_not_found")) == 3


def test_an_invocation_that_creates_the_action_lets_it_go_on_too() -> None:
    flows = flows_of()
    run_id = flows.start()
    flows.tell(ActionInvoke("charge", create=True))
    flows.engine.tick()
    assert len(flows.claim()) == 2
    assert flows.status(run_id) == "running"


def test_another_action_wakes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    flows = flows_of()
    run_id = flows.start()
    flows.register("refund")
    flows.engine.tick()
    assert flows.status(run_id) == "waiting"
    assert waiting(flows) == 1


def test_more_than_one_command_may_wake_all_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing_actions, "WOKEN_MAX", 10)
    flows = flows_of()
    for _ in range(35):
        flows.start()
    flows.register("charge")
    flows.engine.tick()
    assert len(flows.claim()) == 35
    assert waiting(flows) == 0


@pytest.mark.parametrize("end", ["cancel", "step time"])
def test_a_run_that_leaves_the_step_is_forgotten_there(end: str) -> None:
    flows = flows_of(one_step("timeoutMs: 10"))
    run_id = flows.start()
    if end == "cancel":
        flows.cancel(run_id)
    else:
        flows.advance(10)
    assert flows.status(run_id) in ("cancelled", "failed")
    assert waiting(flows) == 0
    flows.register("charge")
    flows.engine.tick()
    assert flows.claim() == []


def parent(run: str, extra: str = "waitForTargetMs: 1000") -> str:
    return flow(f"""
start:
  run: "{run}"
  {extra}
  transitions: {{success: flo.Completed, failure: flo.Failed}}
plans:
  pay:
    executors:
      - {{name: a, run: "@actions/card"}}
      - {{name: b, run: "@actions/bank"}}
""")


@pytest.mark.parametrize("run", ["@workflow/child", "@workflow/child:1"])
def test_a_step_waits_for_a_workflow_that_was_not_synced_yet(run: str) -> None:
    flows = flows_of(parent(run))
    run_id = flows.start({"order": 1})
    waits_for = flows.run(run_id).waits_for
    assert waits_for is not None
    assert waits_for.text.startswith("waits for workflow child, which nobody has synced yet, for ")
    flows.advance(999)
    flows.sync(ONE_STEP.replace("name: flow", "name: child"))
    flows.engine.tick()
    flows.register("charge")
    flows.engine.tick()
    assert flows.do(output="paid").payload == b'{"order": 1}'
    assert flows.status(run_id) == "completed"
    assert flows.details(run_id, "child_not_found") == []
    assert waiting(flows) == 0


@pytest.mark.parametrize(("registered", "executor"), [("card", "a"), ("bank", "b")])
def test_a_step_waits_for_any_executor_of_its_plan(registered: str, executor: str) -> None:
    flows = flows_of(parent("@plan/pay"))
    run_id = flows.start()
    assert waiting(flows) == 2
    flows.advance(999)
    flows.register(registered)
    flows.engine.tick()
    assert waiting(flows) == 0
    flows.do(registered, output="paid")
    assert flows.status(run_id) == "completed"
    assert flows.details(run_id, "plan_executor_success") == [executor]


@pytest.mark.parametrize("run", ["@workflow/child", "@plan/pay"])
def test_it_gives_up_after_its_time_and_waits_only_where_it_is_told_to(run: str) -> None:
    told = flows_of(parent(run))
    run_id = told.start()
    told.advance(999)
    assert told.status(run_id) == "waiting"
    told.advance(1)
    assert told.status(run_id) == "failed"
    assert waiting(told) == 0
    untold = flows_of(parent(run, ""))
    assert untold.status(untold.start()) == "failed"
