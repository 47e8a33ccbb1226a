"""The cache of a plan: under which key, for how long, and what makes it forget."""

from __future__ import annotations

import pytest

from floruntime.engine.workflow.steps.plan_rows import CACHED
from tests.engine.workflow.steps.plan_flows import SELECTIONS, Plans, executor, planned

CACHE = 'cache: {ttl_ms: 1000, key: "order:{input.id}"'


def cached(more: str = "}", **options: str) -> Plans:
    return Plans(planned("a", plan=CACHE + more, **options))


def is_called(flows: Plans, input: object) -> bool:
    """Whether a run with this input calls anybody; if so it succeeds with the input as output."""
    run_id = flows.start(input)
    if flows.status(run_id) == "completed":
        assert flows.output(run_id) == {"of": input}
        return False
    flows.succeed({"of": input})
    return True


def rows(flows: Plans) -> int:
    return sum(key[:2] == CACHED.tag for key in flows.engine.rows())


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_success_is_given_again_under_its_key(selection: str) -> None:
    flows = Plans(planned("a", "b", selection=selection, plan=CACHE + "}"))
    assert is_called(flows, {"id": 1})
    assert not is_called(flows, {"id": 1})
    assert is_called(flows, {"id": 2})


def test_a_cached_result_says_so_in_history_and_calls_nobody() -> None:
    flows = cached()
    is_called(flows, {"id": 1})
    run_id = flows.start({"id": 1})
    assert flows.types(run_id) == [
        "workflow_started",
        "step_started",
        "plan_executor_success",
        "step_completed",
        "workflow_completed",
    ]
    assert flows.details(run_id, "plan_executor_success") == ["from the cache"]


def test_only_what_the_key_names_counts() -> None:
    flows = cached()
    assert is_called(flows, {"id": 1, "x": 1})
    run_id = flows.start({"id": 1, "x": 2})
    assert flows.output(run_id) == {"of": {"id": 1, "x": 1}}


def test_a_result_is_kept_for_its_time() -> None:
    flows = cached()
    is_called(flows, {"id": 1})
    flows.advance(999)
    assert not is_called(flows, {"id": 1})
    flows.advance(1)
    assert rows(flows) == 0
    assert is_called(flows, {"id": 1})


def test_a_result_is_not_given_after_its_time_even_if_the_tick_is_late() -> None:
    flows = cached()
    is_called(flows, {"id": 1})
    flows.engine.now_ms += 1000
    assert is_called(flows, {"id": 1})
    flows.engine.tick()
    assert not is_called(flows, {"id": 1})


def test_a_result_that_is_given_does_not_live_longer_for_it() -> None:
    flows = cached()
    is_called(flows, {"id": 1})
    for _ in range(2):
        flows.advance(400)
        assert not is_called(flows, {"id": 1})
    flows.advance(200)
    assert is_called(flows, {"id": 1})


def test_two_runs_that_were_under_way_at_once_leave_the_later_result() -> None:
    flows = cached()
    first, second = flows.start({"id": 1}), flows.start({"id": 1})
    one, two = flows.called()
    flows.complete(one, 1)
    flows.advance(500)
    flows.complete(two, 2)
    assert [flows.output(first), flows.output(second)] == [1, 2]
    assert flows.output(flows.start({"id": 1})) == 2
    flows.advance(600)  # the first one's time is up, the second one's is not
    assert flows.output(flows.start({"id": 1})) == 2
    flows.advance(400)
    assert rows(flows) == 0


@pytest.mark.parametrize("outcome", ["declined", "failure", "pending"])
def test_only_a_success_is_cached(outcome: str) -> None:
    flows = cached()
    flows.start({"id": 1})
    flows.succeed(outcome=outcome)
    assert rows(flows) == 0
    assert is_called(flows, {"id": 1})


def test_a_fallback_is_not_cached() -> None:
    flows = Plans(planned("a", plan=CACHE + "}\n    fallback: {value: 1}"))
    flows.start({"id": 1})
    flows.go_wrong()
    assert is_called(flows, {"id": 1})


def test_the_outcome_of_a_tracked_call_is_cached() -> None:
    flows = Plans(planned(executor("a", "tracking: {mode: async}"), plan=CACHE + "}"))
    run_id = flows.start({"id": 1})
    flows.succeed(outcome="pending")
    assert rows(flows) == 0
    flows.signal(run_id, "plan:a", {"of": {"id": 1}})
    assert not is_called(flows, {"id": 1})


def test_a_run_whose_input_lacks_what_the_key_names_is_not_cached() -> None:
    flows = cached()
    for _ in range(2):
        assert is_called(flows, {"other": 1})
    assert rows(flows) == 0


@pytest.mark.parametrize("value", [None, 0, "", False, [], {"a": 1}, "x" * 3000, "ä", "\ud800"])
def test_any_value_makes_a_key(value: object) -> None:
    flows = cached()
    assert is_called(flows, {"id": value})
    assert not is_called(flows, {"id": value})
    assert is_called(flows, {"id": [value]})
    assert all(len(key) < 600 for key in flows.engine.rows())


@pytest.mark.parametrize("mapping", ["", "{of: $.input.id}"])
def test_without_a_key_what_the_plan_is_given_counts(mapping: str) -> None:
    step = f"inputMapping: {mapping}" if mapping else ""
    flows = Plans(planned("a", plan="cache: {ttl_ms: 1000}", step=step))
    assert is_called(flows, {"id": 1, "x": 1})
    assert not is_called(flows, {"id": 1, "x": 1})
    assert is_called(flows, {"id": 2, "x": 1})
    expected = "completed" if mapping else "running"
    assert flows.status(flows.start({"id": 1, "x": 2})) == expected


def test_a_cache_outlives_restarts_and_versions() -> None:
    flows = cached()
    is_called(flows, {"id": 1})
    flows.engine.reopen()
    assert not is_called(flows, {"id": 1})
    flows.sync(planned("a", plan=CACHE + "}", version="2"))
    assert not is_called(flows, {"id": 1})


def test_caches_of_plans_and_workflows_do_not_meet() -> None:
    document = planned("a", plan=CACHE + "}")
    flows = Plans(document, document.replace("name: flow", "name: other"))
    is_called(flows, {"id": 1})
    flows.start({"id": 1}, name="other")
    assert len(flows.called()) == 1


def test_plans_of_one_workflow_have_a_cache_each() -> None:
    flows = Plans(
        planned("a", plan=CACHE + "}", transitions="success: next").replace(
            "start:",
            """  get:
    executors: [{name: a, run: "@actions/a"}]
    cache: {ttl_ms: 1000, key: "order:{input.id}"}
steps:
  next: {run: "@plan/get", transitions: {success: flo.Completed}}
start:""",
        )
    )
    run_id = flows.start({"id": 1})
    flows.succeed(1)
    assert flows.step(run_id) == "next"
    flows.succeed(2)
    assert flows.output(flows.start({"id": 1})) == 2


# What makes it forget


def test_a_signal_of_these_types_makes_it_forget() -> None:
    flows = cached(", invalidate_on: [changed, gone]}")
    waiting_id = flows.start({"id": 9})
    for type in ("changed", "gone"):
        for id in (1, 2):
            is_called_beside(flows, id)
            assert not is_called_beside(flows, id)
        flows.signal(waiting_id, "other")
        assert not is_called_beside(flows, 1)
        flows.signal(waiting_id, type)
        assert is_called_beside(flows, 1)
        assert is_called_beside(flows, 2)


def is_called_beside(flows: Plans, id: int) -> bool:
    """As `is_called`, while another run's call is due, too."""
    run_id = flows.start({"id": id})
    for task in flows.called():
        if task.caller_run_id == run_id:
            flows.complete(task, {"of": {"id": id}})
            return True
    assert flows.output(run_id) == {"of": {"id": id}}
    return False


def test_a_signal_that_makes_it_forget_is_a_signal_like_any_other() -> None:
    flows = Plans(
        planned(
            "a", plan=CACHE + ", invalidate_on: [changed]}", transitions="success: wait"
        ).replace(
            "start:",
            """steps:
  wait: {waitForSignal: {type: changed}, transitions: {success: flo.Completed}}
start:""",
        )
    )
    run_id = flows.start({"id": 1})
    flows.succeed(1)
    assert flows.step(run_id) == "wait"
    flows.signal(run_id, "changed", 5)
    assert flows.output(run_id) == 5
    flows.start({"id": 1})
    assert len(flows.called()) == 1


def test_what_was_forgotten_goes_when_its_time_is_up() -> None:
    flows = cached(", invalidate_on: [changed]}")
    waiting_id = flows.start({"id": 9})
    is_called_beside(flows, 1)
    flows.signal(waiting_id, "changed")
    flows.advance(1000)
    assert rows(flows) == 0


def test_a_call_that_was_under_way_when_it_was_told_to_forget_is_not_cached() -> None:
    """What it gives may be from before the change."""
    flows = cached(", invalidate_on: [changed]}")
    run_id = flows.start({"id": 1})
    flows.signal(run_id, "changed")
    flows.succeed({"of": "old"})
    assert flows.status(run_id) == "completed"
    assert is_called(flows, {"id": 1})
    assert not is_called(flows, {"id": 1})
