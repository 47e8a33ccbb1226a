"""Forgetting runs: when, in bounded pieces, and without a trace."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.action import ActionRegister
from floruntime.core.errors import NotFoundError
from floruntime.core.system import Tick
from floruntime.engine.action.run_rows import ACTION_RUN_MARKS
from floruntime.engine.system.timers import TIMER
from floruntime.engine.workflow.runs import retention
from floruntime.engine.workflow.runs.rows import EVENTS, WORKFLOW_RUN, WORKFLOW_RUN_MARKS
from tests.engine.harness import Engine
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

DAY_MS = 24 * 3_600_000
MACHINE_ROW = b"mm"
CHILD = flow(
    'start: {run: "@actions/charge", transitions: {success: flo.Completed, failure: flo.Failed}}',
    name="child",
)
EVERYTHING = flow("""
idempotency: optional
searchAttributes: [{name: n, type: number, from: $.input.n}]
plans:
  pay:
    executors:
      - {name: a, run: "@actions/charge", breaker: {}, rate_limit: {max_per_second: 9}}
    cache: {ttl_ms: 1000, key: "{input.n}"}
start:
  run: "@actions/charge"
  retry: {max_attempts: 2, initial_delay_ms: 5}
  poll: {}
  timeoutMs: 60000
  transitions: {success: wait}
steps:
  wait: {waitForSignal: {type: x, timeoutMs: 1000}, transitions: {success: child}}
  child: {run: "@workflow/child", transitions: {success: plan, failure: plan}}
  plan: {run: "@plan/pay", transitions: {success: flo.Completed, failure: flo.Failed}}
""")


def stored(engine: Engine) -> dict[bytes, bytes]:
    """The rows of the store, but for the machine's own, which counts on, and the marks of indexes:
    later ones see to them.
    """
    marks = (*ACTION_RUN_MARKS[1:], *WORKFLOW_RUN_MARKS[1:])
    kept = (MACHINE_ROW, *(table.tag for table in marks))
    return {key: data for key, data in engine.rows().items() if key[:2] not in kept}


def through_everything(flows: Workflows, **options: Any) -> list[str]:
    """A run that goes through every kind of step to its end, and its child."""
    run_id = flows.start({"n": 7}, **options)
    flows.break_down()
    flows.advance(5)
    flows.do(outcome="pending")
    flows.advance(0)
    flows.do(output="done")
    flows.signal(run_id, "never waited for")
    flows.signal(run_id, "x", 1)
    child_id = flows.children(run_id)[0]
    flows.break_down()
    flows.retry(child_id)
    for task in flows.claim():
        flows.complete(task)
    assert flows.status(run_id) == "completed"
    return [run_id, child_id]


def test_a_run_leaves_no_trace() -> None:
    flows = Workflows(CHILD, EVERYTHING)
    through_everything(flows, run_id="a-first-one")
    flows.advance(100 * DAY_MS)
    before = stored(flows.engine)
    for run_id in through_everything(flows, run_id="mine", idempotency_key="k"):
        flows.run(run_id)
    flows.advance(100 * DAY_MS)
    after = stored(flows.engine)
    plan = b"wq"  # the plan's health and breakers are the workflow's, not the run's
    assert {k: v for k, v in after.items() if k[:2] != plan} == {
        k: v for k, v in before.items() if k[:2] != plan
    }
    with pytest.raises(NotFoundError):
        flows.run("mine")
    assert flows.runs() == flows.found(n=7) == []
    assert flows.start({"n": 7}, run_id="mine", idempotency_key="k") == "mine"


@pytest.mark.parametrize("how", ["completed", "failed", "cancelled", "timed_out"])
def test_a_run_is_kept_30_days_from_its_end(how: str) -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {success: flo.Completed, late: flo.TimedOut}}
""")
    )
    run_id = flows.start()
    flows.advance(50 * DAY_MS)
    run_id = flows.start()
    if how == "cancelled":
        flows.cancel(run_id)
    else:
        outcome = {"completed": "success", "failed": "x", "timed_out": "late"}[how]
        flows.complete(flows.claim()[-1], outcome=outcome)
    flows.advance(30 * DAY_MS - 1)
    assert flows.status(run_id) == how
    flows.advance(1)
    with pytest.raises(NotFoundError):
        flows.run(run_id)


def test_a_definition_may_keep_its_runs_for_another_time() -> None:
    flows = Workflows(ONE_STEP + f"\nretentionMs: {2 * DAY_MS}")
    run_id = flows.start()
    flows.do()
    flows.advance(2 * DAY_MS - 1)
    assert flows.status(run_id) == "completed"
    flows.advance(1)
    assert flows.runs() == []


def test_a_run_that_was_retried_is_kept_from_its_last_end() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.break_down()
    flows.advance(20 * DAY_MS)
    flows.retry(run_id)
    flows.do()
    flows.advance(29 * DAY_MS)
    assert flows.status(run_id) == "completed"
    flows.advance(DAY_MS)
    assert flows.runs() == []


@pytest.mark.parametrize("rows_max", [1, 2, 3, 7, 100])
def test_a_run_with_much_history_goes_in_bounded_pieces(
    rows_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_PER_TICK_MAX", rows_max)
    flows = Workflows(flow("start: {waitForSignal: {type: x}, transitions: {success: start}}"))
    before = stored(flows.engine)
    run_id = flows.start()
    for n in range(20):
        flows.signal(run_id, "x" if n % 2 else f"other-{n}")
    flows.cancel(run_id)
    flows.engine.now_ms += 30 * DAY_MS + 5  # the tick is late
    ticks = 0
    while any(key[:2] == WORKFLOW_RUN.tag for key in flows.engine.rows()):
        rows = len(flows.engine.rows())
        flows.tell(Tick())
        ticks += 1
        # its last rows (the run, its input, its place in indexes) go together with the last piece
        assert rows - len(flows.engine.rows()) <= rows_max + 6
    assert ticks >= 33 // rows_max
    assert stored(flows.engine) == before


def test_a_run_that_is_going_is_no_longer_half_there_after_a_restart() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.do()
    flows.engine.now_ms += 30 * DAY_MS
    flows.engine.reopen()
    flows.engine.tick()
    assert flows.runs() == []
    assert not [key for key in flows.engine.rows() if key[:2] in (EVENTS.tag, WORKFLOW_RUN.tag)]
    with pytest.raises(NotFoundError):
        flows.history(run_id)


def test_a_parent_that_is_forgotten_is_still_named_by_its_child() -> None:
    transitions = "{success: flo.Completed, failure: flo.Failed}"
    parent = flow(f'start: {{run: "@workflow/child", transitions: {transitions}}}')
    flows = Workflows(CHILD, parent)
    run_id = flows.start()
    child_id = flows.children(run_id)[0]
    flows.break_down()
    flows.advance(20 * DAY_MS)
    flows.retry(child_id)
    flows.advance(20 * DAY_MS)
    assert flows.runs() == [child_id]
    assert flows.run(child_id).parent_run_id == run_id
    flows.do()
    assert flows.status(child_id) == "completed"


def test_a_child_that_is_forgotten_is_still_named_by_its_parents_history() -> None:
    flows = Workflows(
        CHILD,
        flow("""
start: {run: "@workflow/child", transitions: {success: wait}}
steps:
  wait: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
"""),
    )
    run_id = flows.start()
    child_id = flows.children(run_id)[0]
    flows.do()
    flows.advance(31 * DAY_MS)
    assert flows.runs() == [run_id]
    assert flows.children(run_id) == [child_id]


def test_the_counts_of_actions_are_their_own() -> None:
    """What a workflow leaves behind in actions is kept as those are told to."""
    flows = Workflows(ONE_STEP, retention_ms=limits.IDEMPOTENCY_MS)
    before = stored(flows.engine)
    flows.start()
    flows.do()
    flows.advance(31 * DAY_MS)
    assert stored(flows.engine) == before
    flows.tell(ActionRegister("charge", max_retries=0, timeout_ms=3_600_000))


def test_no_timer_is_left_when_all_is_over() -> None:
    flows = Workflows(CHILD, EVERYTHING)
    through_everything(flows, idempotency_key="k")
    flows.advance(100 * DAY_MS)
    assert not [key for key in flows.engine.rows() if key[:2] == TIMER.tag]
