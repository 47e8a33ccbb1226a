"""Branches side by side: joins, failures, what is taken back, and what paths see of them."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.errors import ConflictError
from tests.engine.workflow.calls import Workflows, flow

TO_ENDS = "transitions: {success: flo.Completed, failure: flo.Failed, timeout: flo.TimedOut}"
THREE = """
a: {run: "@actions/a"}, b: {run: "@actions/b"}, c: {run: "@actions/c"}
"""


def forked(branches: str = THREE, more: str = "", **options: Any) -> Workflows:
    body = f"start: {{parallel: {{branches: {{{branches}}}{more}}}, {TO_ENDS}}}"
    return Workflows(flow(body), actions=("a", "b", "c"), **options)


def branch_events(flows: Workflows, run_id: str) -> list[str]:
    return [
        f"{event.type.removeprefix('branch_')} {event.detail}"
        for event in flows.history(run_id)
        if event.type.startswith("branch_")
    ]


def test_all_go_on_at_once_and_the_last_one_goes_on() -> None:
    flows = forked()
    run_id = flows.start()
    tasks = {task.action: task for task in flows.claim("a", "b", "c")}
    assert flows.status(run_id) == "running"
    for action in ("c", "a", "b"):
        assert flows.status(run_id) == "running"
        flows.complete(tasks[action], {"of": action})
    assert flows.status(run_id) == "completed"
    assert flows.output(run_id) == {"a": {"of": "a"}, "b": {"of": "b"}, "c": {"of": "c"}}
    assert branch_events(flows, run_id) == [
        *("started a", "started b", "started c"),
        *("completed c: success", "completed a: success", "completed b: success"),
    ]
    assert flows.details(run_id, "join_reached") == ["3 succeeded, 0 failed"]


def test_the_first_failure_takes_the_others_back() -> None:
    flows = forked()
    run_id = flows.start()
    late = {task.action: task for task in flows.claim("a", "b", "c")}
    flows.fail(late["b"], "no")
    run = flows.run(run_id)
    assert run.status == "failed"
    assert "branch 'b': no" in (run.error or "")
    for action in ("a", "c"):
        with pytest.raises(ConflictError, match="stale"):
            flows.complete(late[action])
    assert branch_events(flows, run_id)[-2:] == ["cancelled a", "cancelled c"]
    assert flows.types(run_id)[-2:] == ["step_completed", "workflow_failed"]


def test_with_wait_the_others_end_first() -> None:
    flows = forked(more=", onFailure: wait")
    run_id = flows.start()
    flows.break_down("a")
    assert flows.status(run_id) == "running"
    flows.do("b")
    flows.do("c", 3)
    assert flows.status(run_id) == "failed"
    assert flows.output(run_id) == {"a": None, "b": None, "c": 3}


@pytest.mark.parametrize("join", ["any", "1"])
def test_one_is_enough(join: str) -> None:
    flows = forked(more=f", join: {join}")
    run_id = flows.start()
    flows.break_down("a")
    assert flows.status(run_id) == "running"
    flows.do("b", 2)
    assert flows.status(run_id) == "completed"
    assert flows.output(run_id) == {"a": None, "b": 2, "c": None}
    assert flows.claim("c") == []


def test_a_number_is_enough_and_too_many_failures_are_a_failure_at_once() -> None:
    for failures, status in ((1, "completed"), (2, "failed")):
        flows = forked(more=", join: 2")
        run_id = flows.start()
        for action in ("a", "b", "c")[:failures]:
            flows.break_down(action)
        for action in ("a", "b", "c")[failures:]:
            if flows.status(run_id) == "running":
                flows.do(action)
        assert flows.status(run_id) == status


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("approved", "completed"),
        ("success", "completed"),
        *((name, "failed") for name in ("failure", "timeout", "pending", "target_not_found")),
    ],
)
def test_what_counts_as_a_failure(outcome: str, status: str) -> None:
    flows = forked('a: {run: "@actions/a"}')
    run_id = flows.start()
    flows.do("a", outcome=outcome)
    assert flows.status(run_id) == status


@pytest.mark.parametrize(
    ("terminal", "kind", "status"),
    [("failure", "completed", "completed"), ("success", "failed", "failed")],
)
def test_a_child_counts_by_how_it_ended(terminal: str, kind: str, status: str) -> None:
    child = flow(
        f'start: {{run: "@actions/a", transitions: {{success: {terminal}}}}}\n'
        f"terminals: {{{terminal}: {{status: {kind}}}}}",
        name="child",
    )
    flows = forked('one: {run: "@workflow/child"}')
    flows.sync(child)
    run_id = flows.start()
    [kid] = flows.children(run_id)
    assert flows.run(kid).parent_run_id == run_id
    flows.do("a")
    assert flows.status(run_id) == status


def test_children_of_branches_are_cancelled_with_them() -> None:
    child = flow(
        "start: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}", name="c"
    )
    flows = forked('one: {run: "@workflow/c"}, two: {run: "@actions/a"}', ", join: any")
    flows.sync(child)
    run_id = flows.start()
    [kid] = flows.children(run_id)
    flows.do("a")
    assert (flows.status(run_id), flows.status(kid)) == ("completed", "cancelled")


def test_retries_polls_and_time_outs_are_each_branchs_own() -> None:
    flows = forked(
        'a: {run: "@actions/a", retry: {max_attempts: 2, initial_delay_ms: 100}}, '
        'b: {run: "@actions/b", poll: {initialDelayMs: 50}}, '
        'c: {run: "@actions/c", timeoutMs: 400}',
        ", join: 2, onFailure: wait",
    )
    run_id = flows.start()
    flows.break_down("a")
    flows.do("b", outcome="pending")
    flows.advance(50)
    flows.do("b", 2)
    flows.engine.reopen()
    flows.advance(50)
    flows.do("a", 1)
    assert flows.status(run_id) == "completed"
    assert flows.details(run_id, "step_retry") == ["a: attempt 2 in 100 ms, after failure: broken"]
    assert flows.details(run_id, "poll_scheduled") == ["b: poll 1 in 50 ms"]


def test_a_branchs_time_out_is_a_failure_of_it() -> None:
    flows = forked('a: {run: "@actions/a", timeoutMs: 400}')
    run_id = flows.start()
    flows.advance(400)
    assert flows.status(run_id) == "failed"
    assert branch_events(flows, run_id)[-1].startswith("completed a: timeout")


def test_the_steps_own_time_out_takes_all_back() -> None:
    flows = Workflows(
        flow(f"start: {{parallel: {{branches: {{{THREE}}}}}, timeoutMs: 100, {TO_ENDS}}}"),
        actions=("a", "b", "c"),
    )
    run_id = flows.start()
    flows.advance(100)
    assert flows.status(run_id) == "timed_out"
    assert branch_events(flows, run_id)[3:] == ["cancelled a", "cancelled b", "cancelled c"]
    assert flows.claim("a", "b", "c") == []


def test_cancelling_the_run_takes_all_back() -> None:
    flows = forked()
    run_id = flows.start()
    task = flows.claim_one("a")
    flows.cancel(run_id)
    assert flows.claim("b", "c") == []
    with pytest.raises(ConflictError):
        flows.complete(task)
    assert flows.types(run_id)[-1] == "workflow_cancelled"


def test_signals_go_to_the_branch_that_waits_for_them() -> None:
    flows = forked(
        "a: {waitForSignal: {type: x}}, b: {waitForSignal: {anyOf: [y, z]}}, "
        "c: {waitForSignal: {allOf: [p, q]}}"
    )
    run_id = flows.start()
    for type in ("q", "z", "other", "x", "p"):
        flows.signal(run_id, type, type)
    assert flows.output(run_id) == {"a": "x", "b": "z", "c": {"p": "p", "q": "q"}}
    assert flows.details(run_id, "signal_matched") == ["b: z", "a: x", "c: p", "c: q"]


def test_a_signal_that_came_early_and_one_that_comes_too_late() -> None:
    flows = forked('a: {waitForSignal: {type: x, timeoutMs: 100}}, b: {run: "@actions/a"}')
    run_id = flows.start()
    flows.advance(100)
    assert flows.status(run_id) == "failed"
    flows = Workflows(
        flow(
            "start: {waitForSignal: {type: go}, transitions: {success: fork}}\n"
            "steps: {fork: {parallel: {branches: {a: {waitForSignal: {type: x}}}}, "
            f"{TO_ENDS}}}}}"
        )
    )
    run_id = flows.start()
    flows.signal(run_id, "x", 5)
    flows.signal(run_id, "go")
    assert flows.output(run_id) == {"a": 5}


def test_a_plan_in_a_branch_is_tracked_by_its_signal() -> None:
    body = f"""
plans: {{p: {{executors: [{{name: e, run: "@actions/a", tracking: {{mode: async}}}}]}}}}
start: {{parallel: {{branches: {{x: {{run: "@plan/p"}}, y: {{run: "@actions/b"}}}}}}, {TO_ENDS}}}
"""
    flows = Workflows(flow(body), actions=("a", "b"))
    run_id = flows.start()
    flows.do("a", outcome="pending")
    flows.do("b")
    flows.signal(run_id, "plan:e", {"outcome": "success", "output": 7})
    assert flows.output(run_id) == {"x": 7, "y": None}


def test_an_action_that_is_not_there_yet_is_waited_for() -> None:
    flows = forked('a: {run: "@actions/late"}, b: {run: "@actions/never", waitForTargetMs: 50}')
    run_id = flows.start()
    flows.register("late")
    flows.engine.tick()
    flows.do("late", 1)
    flows.advance(50)
    assert flows.status(run_id) == "failed"
    assert "not registered" in (flows.run(run_id).error or "")


def test_paths_see_each_branch() -> None:
    flows = Workflows(
        flow("""
start:
  parallel:
    branches: {a: {run: "@actions/a"}, b: {run: "@actions/b"}, c: {run: "@actions/c"}}
    join: 1
  transitions: {success: then}
steps:
  then:
    run: "@actions/a"
    inputMapping:
      b: $.steps.start.branches.b.output.x
      outcomes: [$.steps._start.branches.a.outcome, $.steps.start.branches.b.outcome]
      c: $.steps.start.branches.c.outcome
      all: $.steps.start.output
    transitions: {success: flo.Completed}
"""),
        actions=("a", "b", "c"),
    )
    flows.start()
    flows.break_down("a")
    flows.do("b", {"x": 1}, "approved")
    assert flows.claim_one("a").payload == (
        b'{"b":1,"outcomes":["failure","approved"],"c":"cancelled",'
        b'"all":{"a":null,"b":{"x":1},"c":null}}'
    )


def test_handlers_keys_differ_by_branch_and_stay_over_retries() -> None:
    flows = forked(
        'a: {run: "@actions/a", retry: {max_attempts: 2, initial_delay_ms: 0}}, '
        'b: {run: "@actions/b"}'
    )
    flows.start()
    first = flows.claim_one("a")
    other = flows.claim_one("b")
    flows.fail(first)
    flows.engine.tick()
    again = flows.claim_one("a")
    assert first.idempotency_key == again.idempotency_key != other.idempotency_key


def test_outputs_that_are_too_large_together_are_a_failure() -> None:
    flows = forked('a: {run: "@actions/a"}, b: {run: "@actions/b"}')
    run_id = flows.start()
    flows.do("a", "x" * 600_000)
    flows.do("b", "x" * 600_000)
    assert flows.status(run_id) == "failed"
    assert "bytes together" in (flows.run(run_id).error or "")


def test_a_run_that_failed_at_its_branches_is_retried_with_all_of_them() -> None:
    flows = forked()
    run_id = flows.start()
    flows.do("a")
    flows.break_down("b")
    flows.retry(run_id)
    for action in ("a", "b", "c"):
        flows.do(action)
    assert flows.status(run_id) == "completed"


def test_it_joins_once_when_all_end_in_one_commit() -> None:
    flows = forked(more=", join: any")
    run_id = flows.start()
    tasks = flows.claim("a", "b", "c")
    flows.engine.hold = True
    for task in tasks:
        try:
            flows.complete(task)
        except ConflictError:
            continue
    flows.engine.hold = False
    flows.engine.flush()
    assert flows.types(run_id).count("join_reached") == 1
    assert flows.types(run_id).count("workflow_completed") == 1
