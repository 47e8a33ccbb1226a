"""Pausing and resuming runs."""

from __future__ import annotations

import pytest

from floruntime.core.errors import ConflictError, NotFoundError
from tests.engine.workflow.calls import Workflows, flow
from tests.engine.workflow.steps.plan_flows import Plans, planned

TWO = """
start: {run: "@actions/a", transitions: {success: b, failure: flo.Failed}}
steps: {b: {run: "@actions/b", transitions: {success: flo.Completed}}}
"""
ACTIONS = ("a", "b", "c", "undo")


def flows_of(body: str, *more: str) -> Workflows:
    return Workflows(flow(body), *more, actions=ACTIONS)


def test_what_ends_meanwhile_is_kept_and_nothing_is_begun() -> None:
    flows = flows_of(TWO)
    run_id = flows.start()
    task = flows.claim_one("a")
    run = flows.pause_run(run_id, "look into it")
    assert run.status == "paused"
    assert flows.runs(status="paused") == [run_id]
    flows.complete(task, 5)
    assert flows.claim("b") == []
    assert (flows.status(run_id), flows.step(run_id)) == ("paused", "start")
    flows.engine.reopen()
    assert flows.resume_run(run_id).status == "running"
    flows.do("b", 6)
    assert flows.output(run_id) == 6
    assert flows.details(run_id, "workflow_paused") == ["look into it"]
    assert flows.types(run_id).count("workflow_resumed") == 1


def test_what_was_invoked_and_not_claimed_goes_on() -> None:
    flows = flows_of(TWO)
    run_id = flows.start()
    flows.pause_run(run_id)
    flows.do("a")
    flows.resume_run(run_id)
    assert flows.step(run_id) == "b"


def test_a_failed_attempt_is_tried_again_only_after() -> None:
    flows = flows_of(
        "start: {run: '@actions/a', retry: {max_attempts: 2, initial_delay_ms: 100}, "
        "transitions: {success: flo.Completed}}"
    )
    run_id = flows.start()
    flows.pause_run(run_id)
    flows.break_down("a")
    flows.advance(5_000)
    flows.resume_run(run_id)
    flows.advance(99)
    assert flows.claim("a") == []
    flows.advance(1)
    flows.do("a")
    assert flows.status(run_id) == "completed"


@pytest.mark.parametrize(
    ("step", "left_ms"),
    [
        ("sleep: {forMs: 1000}", 600),
        ("waitForSignal: {type: x, timeoutMs: 1000, onTimeout: flo.Completed}", 600),
        ("run: '@actions/a', timeoutMs: 1000", 600),
    ],
)
def test_durations_stand_still(step: str, left_ms: int) -> None:
    flows = flows_of(
        f"start: {{{step}, transitions: {{success: flo.Completed, timeout: flo.Completed}}}}"
    )
    run_id = flows.start()
    flows.advance(400)
    flows.pause_run(run_id)
    flows.advance(10_000)
    assert flows.status(run_id) == "paused"
    flows.resume_run(run_id)
    flows.advance(left_ms - 1)
    assert flows.status(run_id) in ("waiting", "running")
    flows.advance(1)
    assert flows.status(run_id) == "completed"


def test_a_moment_does_not() -> None:
    flows = flows_of("start: {sleep: {until: $.input}, transitions: {success: flo.Completed}}")
    run_id = flows.start(flows.now_ms + 1_000)
    flows.pause_run(run_id)
    flows.advance(5_000)
    assert flows.status(run_id) == "paused"
    flows.resume_run(run_id)
    flows.engine.tick()
    assert flows.status(run_id) == "completed"


def test_signals_are_kept_and_matched_when_it_goes_on() -> None:
    flows = flows_of("start: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}")
    run_id = flows.start()
    flows.pause_run(run_id)
    flows.signal(run_id, "x", 5)
    assert flows.status(run_id) == "paused"
    flows.resume_run(run_id)
    assert flows.output(run_id) == 5


def test_children_go_on_and_their_ends_are_kept() -> None:
    child = flow("start: {run: '@actions/c', transitions: {success: flo.Completed}}", name="child")
    flows = flows_of(
        "start: {run: '@workflow/child', transitions: {success: flo.Completed}}", child
    )
    run_id = flows.start()
    flows.pause_run(run_id)
    flows.do("c", 5)
    assert flows.status(run_id) == "paused"
    flows.resume_run(run_id)
    assert flows.output(run_id) == 5


def test_branches_stand_still_each() -> None:
    flows = flows_of("""
start:
  parallel:
    branches:
      a: {run: "@actions/a"}
      b: {run: "@actions/b", retry: {max_attempts: 2, initial_delay_ms: 100}}
      nap: {sleep: {forMs: 500}}
      word: {waitForSignal: {type: x}}
      timed: {run: "@actions/c", timeoutMs: 2000}
    join: 4
    onFailure: wait
  transitions: {success: flo.Completed, failure: flo.Failed}
""")
    run_id = flows.start()
    flows.break_down("b")
    flows.advance(50)
    flows.pause_run(run_id)
    flows.do("a", 1)
    flows.signal(run_id, "x", 2)
    flows.advance(10_000)
    assert flows.claim("b") == []
    assert "branch_completed" not in flows.types(run_id)
    flows.engine.reopen()
    flows.resume_run(run_id)
    flows.engine.tick()
    assert flows.details(run_id, "branch_completed") == ["a: success", "word: success"]
    flows.advance(49)
    assert flows.claim("b") == []
    flows.advance(1)
    flows.do("b", 3)
    flows.advance(400)
    assert flows.status(run_id) == "completed"
    assert flows.output(run_id) == {"a": 1, "b": 3, "nap": None, "word": 2, "timed": None}


def test_items_are_not_begun_meanwhile() -> None:
    flows = flows_of("""
start:
  forEach: {items: $.input, run: "@actions/a", inputMapping: $.item, concurrency: 2}
  transitions: {success: flo.Completed}
""")
    run_id = flows.start([1, 2, 3, 4])
    tasks = flows.claim("a")
    flows.pause_run(run_id)
    for task in tasks:
        flows.complete(task, 1)
    assert flows.claim("a") == []
    flows.resume_run(run_id)
    flows.engine.tick()
    for task in flows.claim("a"):
        flows.complete(task, 1)
    assert flows.output(run_id) == [1, 1, 1, 1]


def test_a_thousand_items_go_on_by_ticks() -> None:
    flows = flows_of("""
start:
  forEach: {items: $.input, run: "@actions/a", inputMapping: $.item, concurrency: 1000}
  transitions: {success: flo.Completed}
""")
    run_id = flows.start(list(range(600)))
    flows.engine.tick()
    tasks = flows.claim("a")
    flows.pause_run(run_id)
    for task in tasks:
        flows.complete(task, 1)
    flows.resume_run(run_id)
    flows.engine.tick()
    assert flows.output(run_id) == [1] * 600


def test_a_paused_run_can_be_cancelled_and_compensates() -> None:
    flows = flows_of("""
start:
  run: "@actions/a"
  compensate: {run: "@actions/undo"}
  transitions: {success: b}
steps: {b: {run: "@actions/b", transitions: {success: flo.Completed}}}
""")
    run_id = flows.start()
    flows.do("a")
    flows.pause_run(run_id)
    flows.do("b")
    assert flows.cancel(run_id).status == "compensating"
    for order in (flows.pause_run, flows.resume_run):
        with pytest.raises(ConflictError):
            order(run_id)
    flows.do("undo")
    assert flows.status(run_id) == "cancelled"


def test_pausing_what_is_paused_and_resuming_what_is_not_change_nothing() -> None:
    flows = flows_of(TWO)
    run_id = flows.start()
    assert flows.resume_run(run_id).status == "running"
    flows.pause_run(run_id)
    before = flows.types(run_id)
    assert flows.pause_run(run_id).status == "paused"
    assert flows.types(run_id) == before


def test_what_is_over_cannot_be_paused() -> None:
    flows = flows_of(TWO)
    run_id = flows.start()
    flows.cancel(run_id)
    for order in (flows.pause_run, flows.resume_run):
        with pytest.raises(ConflictError, match="cancelled already"):
            order(run_id)
        with pytest.raises(NotFoundError):
            order("nope")


def test_an_action_that_is_registered_meanwhile_is_found() -> None:
    flows = flows_of("start: {run: '@actions/late', transitions: {success: flo.Completed}}")
    run_id = flows.start()
    flows.pause_run(run_id)
    flows.register("late")
    flows.engine.tick()
    flows.resume_run(run_id)
    flows.engine.tick()
    flows.do("late")
    assert flows.status(run_id) == "completed"


def test_plans_stand_still_too() -> None:
    flows = flows_of("""
plans:
  p:
    executors:
      - {name: one, run: "@actions/a", retry: {max_attempts: 2, initial_delay_ms: 100}}
      - {name: two, run: "@actions/b", tracking: {mode: async, timeout_ms: 1000}}
start: {run: "@plan/p", transitions: {success: flo.Completed, failure: flo.Failed}}
""")
    run_id = flows.start()
    flows.pause_run(run_id)
    flows.break_down("a")
    flows.resume_run(run_id)
    flows.pause_run(run_id)
    flows.advance(1_000)
    flows.resume_run(run_id)
    flows.advance(100)
    flows.break_down("a")
    flows.do("b", outcome="pending")
    flows.pause_run(run_id)
    flows.signal(run_id, "plan:two", {"outcome": "success", "output": 7})
    flows.resume_run(run_id)
    assert flows.output(run_id) == 7


def test_what_a_plan_has_come_to_is_held_while_its_run_is_paused() -> None:
    """The state is looked at when a test has ended: what is held of a plan is sound."""
    flows = Plans(planned("a"))
    run_id = flows.start()
    flows.pause_run(run_id)
    flows.succeed()
    assert flows.status(run_id) == "paused"
