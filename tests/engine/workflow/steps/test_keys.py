"""The key of a step's action run: where it comes from, and that limits per key count under it."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionStatus, Limits
from floruntime.engine.workflow.runs.bodies import FOUND
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow
from tests.engine.workflow.steps.plan_flows import Plans, planned

TO_ENDS = "transitions: {success: flo.Completed, failure: flo.Failed, execution_failure: unkeyed}"
UNKEYED = "terminals: {unkeyed: {status: failed}}"
ONE_EACH = Limits(running_per_key=1)


def keyed(key: str, **settings: Any) -> Workflows:
    """A flow of one step with this key."""
    step = f'start: {{run: "@actions/charge", key: {key}, {TO_ENDS}}}'
    return Workflows(flow(f"{step}\n{UNKEYED}"), **settings)


def key_of(flows: Workflows, run_id: str) -> str | None:
    """The key of the action run that the run began last."""
    return flows.ask(ActionStatus(flows.last_action_run(run_id))).key


@pytest.mark.parametrize(
    ("key", "input", "expected"),
    [
        ("acme", {}, "acme"),
        ("$.input.account", {"account": "acme"}, "acme"),
        ("$.input.account", {"account": 2**63}, str(2**63)),
        ("$.input.account", {"account": None}, None),
        ("$.flo.workflow", {}, "flow"),
    ],
)
def test_a_key_is_a_text_or_what_a_path_finds(key: str, input: Any, expected: str | None) -> None:
    flows = keyed(key)
    assert key_of(flows, flows.start(input)) == expected


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ({}, "finds nothing"),
        ({"account": ""}, "has 0 bytes"),
        ({"account": "k" * 256}, "has 256 bytes"),
        ({"account": True}, "neither text nor a whole number"),
        ({"account": 1.5}, "neither text nor a whole number"),
        ({"account": ["acme"]}, "neither text nor a whole number"),
    ],
)
def test_what_can_be_no_key_fails_the_step(account: Any, told: str) -> None:
    flows = keyed("$.input.account")
    run = flows.run(flows.start(account))
    assert (run.terminal, flows.claim()) == ("unkeyed", [])
    assert "$.input.account" in (run.error or "")
    assert told in (run.error or "")


def test_limits_count_steps_of_all_runs_under_their_key() -> None:
    flows = keyed("$.input.account", limits=ONE_EACH)
    for account in ("a", "a", "b"):
        flows.start({"account": account})
    tasks = flows.claim()
    assert [task.payload for task in tasks] == [b'{"account": "a"}', b'{"account": "b"}']
    flows.complete(tasks[0])
    assert [task.payload for task in flows.claim()] == [b'{"account": "a"}']


def test_the_steps_key_goes_before_the_actions_key_path() -> None:
    flows = keyed("$.input.account", key_path="$.other")
    assert key_of(flows, flows.start({"account": "a", "other": "b"})) == "a"
    assert key_of(flows, flows.start({"account": None, "other": "b"})) == "b"


def test_without_a_key_the_actions_key_path_finds_it() -> None:
    flows = Workflows(ONE_STEP, key_path="$.account")
    assert key_of(flows, flows.start({"account": "a"})) == "a"


def test_each_attempt_has_the_key() -> None:
    flows = keyed("acme, retry: {max_attempts: 2}")
    run_id = flows.start()
    first = flows.last_action_run(run_id)
    flows.break_down()
    flows.advance_to_next()
    assert flows.last_action_run(run_id) != first
    assert key_of(flows, run_id) == "acme"


def test_a_step_that_waited_for_its_action_has_the_key() -> None:
    step = f'start: {{run: "@actions/charge", key: acme, waitForTargetMs: 1000, {TO_ENDS}}}'
    flows = Workflows(flow(f"{step}\n{UNKEYED}"), actions=())
    run_id = flows.start()
    flows.register("charge")
    flows.engine.tick()
    assert key_of(flows, run_id) == "acme"


def test_each_branch_has_a_key_of_its_own() -> None:
    flows = Workflows(
        flow("""
start:
  parallel:
    branches:
      one: {run: "@actions/charge", key: $.input.account, inputMapping: 1}
      two: {run: "@actions/charge", key: $.input.account, inputMapping: 2}
      other: {run: "@actions/charge", key: other, inputMapping: 3}
  transitions: {success: flo.Completed, failure: flo.Failed}
"""),
        limits=ONE_EACH,
    )
    flows.start({"account": "a"})
    tasks = flows.claim()
    assert [task.payload for task in tasks] == [b"1", b"3"]
    flows.complete(tasks[0])
    assert [task.payload for task in flows.claim()] == [b"2"]


def items(key: str) -> Workflows:
    """A flow that does something for each item, with this key."""
    each = f'{{items: $.input.items, run: "@actions/charge", key: {key}, inputMapping: $.index}}'
    ends = "transitions: {success: flo.Completed, partial: flo.Failed, failure: flo.Failed}"
    return Workflows(flow(f"start: {{forEach: {each}, {ends}}}"), limits=ONE_EACH)


def test_each_item_has_a_key_of_its_own() -> None:
    flows = items("$.item.account")
    run_id = flows.start({"items": [{"account": key} for key in ("a", "b", "a", 7)]})
    tasks = flows.claim()
    assert [task.payload for task in tasks] == [b"0", b"1", b"3"]
    for task in tasks:
        flows.complete(task)
    flows.do()
    assert flows.status(run_id) == "completed"


def test_an_item_without_a_key_fails_by_itself() -> None:
    flows = items("$.item.account")
    run = flows.run(flows.start({"items": [{}]}))
    assert run.status == "failed"
    assert "$.item.account" in (run.error or "")


def test_a_key_from_elsewhere_is_looked_up_once_for_all_items() -> None:
    flows = items("$.input.account")
    run_id = flows.start({"account": "a", "items": [1, 2, 3]})
    [found] = [row for key, row in flows.engine.rows().items() if key[:2] == FOUND.tag]
    assert b"$.input.account" in found
    for _ in range(3):
        [task] = flows.claim()
        assert flows.ask(ActionStatus(task.run_id)).key == "a"
        flows.complete(task)
    assert flows.status(run_id) == "completed"


def test_an_executor_of_a_plan_has_the_steps_key() -> None:
    flows = Plans(planned("a", "b", step="key: $.input.account"))
    run_id = flows.start({"account": "acme"})
    assert key_of(flows, run_id) == "acme"
    flows.fail(flows.call())
    flows.advance(0)
    assert key_of(flows, run_id) == "acme"


def test_a_key_that_is_none_is_no_executors_fault() -> None:
    flows = Plans(planned("a", "b", step="key: $.input.account"))
    run_id = flows.start({})
    assert flows.details(run_id, "plan_executor_start") == []
    assert "$.input.account" in (flows.run(run_id).error or "")


def test_a_compensation_has_no_key_of_its_steps() -> None:
    flows = Workflows(
        flow("""
start:
  run: "@actions/charge"
  key: acme
  compensate: {run: "@actions/charge"}
  transitions: {success: flo.Failed}
""")
    )
    run_id = flows.start()
    flows.do()
    task = flows.claim_one()
    assert flows.status(run_id) != "failed"
    assert flows.ask(ActionStatus(task.run_id)).key is None
