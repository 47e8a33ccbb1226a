"""Undoing what a run did, before it ends as anything but completed."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionCancel
from floruntime.core.errors import ConflictError
from tests.engine.workflow.calls import Workflows, flow

ACTIONS = ("a", "b", "c", "undo-a", "undo-b", "undo-c")
TWO = """
start:
  run: "@actions/a"
  compensate: {run: "@actions/undo-a", inputMapping: {id: $.steps.start.output.id}}
  transitions: {success: b, failure: flo.Failed}
steps:
  b:
    run: "@actions/b"
    compensate: {run: "@actions/undo-b", inputMapping: {of: $.input}, retry: {max_attempts: 2}}
    transitions: {success: c, failure: flo.Failed}
  c:
    run: "@actions/c"
    transitions: {success: flo.Completed, failure: flo.Failed}
"""


def two(head: str = "", body: str = TWO) -> Workflows:
    return Workflows(flow(head + body), actions=ACTIONS)


def events(flows: Workflows, run_id: str) -> list[str]:
    return [
        f"{event.type.removeprefix('compensation_')} {event.detail}"
        for event in flows.history(run_id)
        if event.type.startswith("compensation_")
    ]


def test_what_succeeded_is_undone_the_newest_first_and_then_the_run_fails() -> None:
    flows = two()
    run_id = flows.start(7)
    flows.do("a", {"id": 1})
    flows.do("b")
    flows.break_down("c", "no")
    assert flows.status(run_id) == "compensating"
    assert flows.runs(status="compensating") == [run_id]
    assert flows.claim("undo-a") == []
    assert flows.do("undo-b").payload == b'{"of":7}'
    assert flows.status(run_id) == "compensating"
    assert flows.do("undo-a").payload == b'{"id":1}'
    run = flows.run(run_id)
    assert (run.status, run.terminal) == ("failed", "flo.Failed")
    assert run.error == "step 'c' led to flo.Failed: failure: no"
    assert events(flows, run_id) == ["started b", "completed b", "started start", "completed start"]
    assert flows.types(run_id)[-1] == "workflow_failed"


def test_a_run_that_completes_undoes_nothing() -> None:
    flows = two()
    run_id = flows.start()
    for action in ("a", "b", "c"):
        flows.do(action, {"id": 1})
    assert flows.status(run_id) == "completed"
    assert events(flows, run_id) == []


def test_what_did_not_succeed_is_not_undone() -> None:
    flows = two()
    run_id = flows.start()
    flows.do("a", {"id": 1})
    flows.break_down("b")
    flows.do("undo-a")
    assert flows.status(run_id) == "failed"
    assert events(flows, run_id) == ["started start", "completed start"]


def test_a_cancelled_run_undoes_too() -> None:
    flows = two()
    run_id = flows.start()
    flows.do("a", {"id": 1})
    assert flows.cancel(run_id, "enough").status == "compensating"
    assert flows.claim("b") == []
    flows.do("undo-a")
    run = flows.run(run_id)
    assert (run.status, run.error) == ("cancelled", "enough")


@pytest.mark.parametrize(
    ("rule", "end", "is_undone"),
    [
        ("none", "fail", False),
        ("none", "cancel", False),
        ("onFailure", "fail", True),
        ("onFailure", "cancel", False),
        ("onCancel", "fail", False),
        ("onCancel", "cancel", True),
        ("always", "fail", True),
    ],
)
def test_the_definition_says_before_which_ends(rule: str, end: str, is_undone: bool) -> None:
    flows = two(f"compensation: {rule}\n")
    run_id = flows.start()
    flows.do("a", {"id": 1})
    if end == "fail":
        flows.break_down("b")
    else:
        flows.cancel(run_id)
    assert (flows.status(run_id) == "compensating") == is_undone


def test_a_compensation_that_fails_for_good_is_told_and_the_others_go_on() -> None:
    flows = two()
    run_id = flows.start()
    flows.do("a", {"id": 1})
    flows.do("b")
    flows.break_down("c", "no")
    flows.break_down("undo-b", "stuck")
    flows.engine.reopen()
    flows.advance(1_000)
    flows.break_down("undo-b", "stuck")
    flows.do("undo-a")
    run = flows.run(run_id)
    assert run.status == "failed"
    assert run.error == (
        "step 'c' led to flo.Failed: failure: no; could not be compensated: b (failure: stuck)"
    )
    assert "failed b: failure: stuck" in events(flows, run_id)


def test_a_mapping_that_finds_nothing_is_a_failed_compensation() -> None:
    flows = two()
    run_id = flows.start()
    flows.do("a", {"other": 1})
    flows.break_down("b")
    run = flows.run(run_id)
    assert run.status == "failed"
    assert "start (execution_failure: path '$.steps.start.output.id' finds nothing)" in (
        run.error or ""
    )


def test_cancelling_its_run_fails_a_compensation_for_good() -> None:
    flows = two()
    run_id = flows.start()
    flows.do("a", {"id": 1})
    flows.do("b")
    flows.break_down("c")
    undoing = flows.claim_one("undo-b")
    waits_for = flows.run(run_id).waits_for
    assert waits_for is not None
    assert (waits_for.kind, waits_for.run_id) == ("compensation", undoing.run_id)
    flows.tell(ActionCancel(undoing.run_id, "leave it"))
    flows.do("undo-a")
    assert flows.status(run_id) == "failed"
    assert "b (failure: run-" in (flows.run(run_id).error or "")


def test_its_time_bounds_all_its_attempts() -> None:
    flows = two(
        body=TWO.replace("retry: {max_attempts: 2}", "retry: {max_attempts: 9}, timeoutMs: 1500")
    )
    run_id = flows.start()
    flows.do("a", {"id": 1})
    flows.do("b")
    flows.break_down("c")
    flows.break_down("undo-b")
    flows.advance(1_000)
    flows.advance(500)
    assert flows.claim("undo-b") == []
    flows.do("undo-a")
    assert "b (timeout: " in (flows.run(run_id).error or "")


def test_meanwhile_the_run_takes_no_orders() -> None:
    flows = two()
    run_id = flows.start()
    flows.do("a", {"id": 1})
    flows.cancel(run_id)
    for order in (flows.cancel, flows.retry, lambda id: flows.signal(id, "x")):
        with pytest.raises(ConflictError):
            order(run_id)
    flows.do("undo-a")
    with pytest.raises(ConflictError):
        flows.cancel(run_id)


def test_a_run_that_has_compensated_cannot_be_retried() -> None:
    flows = two()
    run_id = flows.start()
    flows.do("a", {"id": 1})
    flows.break_down("b")
    flows.do("undo-a")
    with pytest.raises(ConflictError, match=r"start.*fork"):
        flows.retry(run_id)


def test_one_that_had_nothing_to_undo_can_be_retried() -> None:
    flows = two()
    run_id = flows.start()
    flows.break_down("a")
    flows.retry(run_id)
    flows.do("a", {"id": 1})
    assert flows.step(run_id) == "b"


def test_each_success_in_a_loop_is_undone() -> None:
    flows = two(
        body="""
start:
  run: "@actions/a"
  compensate: {run: "@actions/undo-a", inputMapping: $.steps.start.output}
  transitions: {success: start, enough: flo.Failed}
"""
    )
    run_id = flows.start()
    for n in (1, 2):
        flows.do("a", n)
    flows.do("a", 3, "enough")
    assert [flows.do("undo-a").payload for _ in range(3)] == [b"3", b"2", b"1"]
    assert flows.status(run_id) == "failed"


def test_begun_is_what_failed_or_was_broken_off_too() -> None:
    body = """
start:
  run: "@actions/a"
  compensate:
    run: "@actions/undo-a"
    inputMapping: {out: {path: $.steps.start.output, default: none}}
    when: begun
  transitions: {success: flo.Completed, failure: flo.Failed}
"""
    for is_cancelled in (False, True):
        flows = two(body=body)
        run_id = flows.start()
        if is_cancelled:
            flows.cancel(run_id)
        else:
            flows.break_down("a")
        assert flows.do("undo-a").payload == b'{"out":"none"}'
        assert flows.status(run_id) in ("failed", "cancelled")


def test_branches_and_items_are_undone_each_by_itself() -> None:
    flows = two(
        body="""
start:
  parallel:
    branches:
      x:
        run: "@actions/a"
        compensate:
          {run: "@actions/undo-a", inputMapping: $.steps.start.branches.x.output}
      y: {run: "@actions/b", compensate: {run: "@actions/undo-b", when: begun}}
      z: {run: "@actions/c"}
  transitions: {success: flo.Completed, failure: flo.Failed}
"""
    )
    run_id = flows.start()
    flows.do("a", 5)
    flows.break_down("c")
    flows.do("undo-b")
    assert flows.do("undo-a").payload == b"5"
    assert flows.status(run_id) == "failed"
    assert [one for one in events(flows, run_id) if one.startswith("started")] == [
        "started start/y",
        "started start/x",
    ]


def test_items_write_one_event_each_and_see_their_own_output() -> None:
    flows = two(
        body="""
start:
  forEach:
    items: $.input
    run: "@actions/a"
    inputMapping: $.item
    compensate:
      run: "@actions/undo-a"
      inputMapping: {item: $.item, index: $.index, got: $.steps.start.output}
  transitions: {success: b}
steps:
  b: {run: "@actions/b", transitions: {success: flo.Completed, failure: flo.Failed}}
"""
    )
    run_id = flows.start([7, 8])
    for n, task in enumerate(flows.claim("a")):
        flows.complete(task, n * 10)
    flows.break_down("b")
    assert flows.do("undo-a").payload == b'{"item":8,"index":1,"got":10}'
    assert flows.do("undo-a").payload == b'{"item":7,"index":0,"got":0}'
    assert flows.status(run_id) == "failed"
    assert events(flows, run_id) == ["completed start/1", "completed start/0"]


def test_a_child_undoes_by_itself_and_its_parent_waits_for_that() -> None:
    flows = Workflows(
        flow(TWO, name="child"),
        flow(
            "start: {run: '@workflow/child', transitions: {success: flo.Completed, "
            "failure: flo.Failed}}"
        ),
        actions=ACTIONS,
    )
    run_id = flows.start()
    flows.do("a", {"id": 1})
    flows.break_down("b")
    [child] = flows.children(run_id)
    assert (flows.status(run_id), flows.status(child)) == ("running", "compensating")
    flows.do("undo-a")
    assert (flows.status(run_id), flows.status(child)) == ("failed", "failed")


def test_a_cancelled_parent_leaves_its_child_to_undo() -> None:
    flows = Workflows(
        flow(TWO, name="child"),
        flow("start: {run: '@workflow/child', transitions: {success: flo.Completed}}"),
        actions=ACTIONS,
    )
    run_id = flows.start()
    flows.do("a", {"id": 1})
    [child] = flows.children(run_id)
    flows.cancel(run_id)
    assert (flows.status(run_id), flows.status(child)) == ("cancelled", "compensating")
    flows.do("undo-a")
    assert flows.status(child) == "cancelled"


def test_a_completed_child_is_undone_by_its_steps_compensation_alone() -> None:
    flows = Workflows(
        flow("start: {run: '@actions/a', transitions: {success: flo.Completed}}", name="child"),
        flow("""
start:
  run: "@workflow/child"
  compensate: {run: "@actions/undo-a", inputMapping: $.steps.start.output}
  transitions: {success: b}
steps: {b: {run: "@actions/b", transitions: {success: flo.Completed, failure: flo.Failed}}}
"""),
        actions=ACTIONS,
    )
    run_id = flows.start()
    flows.do("a", 9)
    flows.break_down("b")
    assert flows.do("undo-a").payload == b"9"
    assert flows.status(run_id) == "failed"


def test_a_workflow_may_be_the_way_back() -> None:
    flows = Workflows(
        flow("start: {run: '@actions/undo-a', transitions: {success: flo.Completed}}", name="back"),
        flow("""
start:
  run: "@actions/a"
  compensate: {run: "@workflow/back", inputMapping: {x: 1}}
  transitions: {success: b}
steps: {b: {run: "@actions/b", transitions: {success: flo.Completed, failure: flo.Failed}}}
"""),
        actions=ACTIONS,
    )
    run_id = flows.start()
    flows.do("a")
    flows.break_down("b")
    assert flows.do("undo-a").payload == b'{"x":1}'
    assert flows.status(run_id) == "failed"


def test_more_than_two_hundred_that_end_at_once_go_on_by_ticks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flows = two(
        body="""
start:
  forEach:
    items: $.input
    run: "@actions/a"
    concurrency: 500
    compensate: {run: "@actions/gone", inputMapping: $.input.missing}
  transitions: {success: b}
steps:
  b: {run: "@actions/b", transitions: {success: flo.Completed, failure: flo.Failed}}
"""
    )
    run_id = flows.start(list(range(500)))
    flows.engine.tick()
    for task in flows.claim("a"):
        flows.complete(task)
    flows.break_down("b")
    assert flows.status(run_id) == "compensating"
    flows.engine.tick()
    run = flows.run(run_id)
    assert run.status == "failed"
    assert "and 490 more" in (run.error or "")


def test_keys_of_compensations_are_their_own(monkeypatch: Any) -> None:
    flows = two()
    flows.start()
    first = flows.do("a", {"id": 1})
    flows.do("b")
    flows.break_down("c")
    keys = [
        first.idempotency_key,
        *(flows.do(name).idempotency_key for name in ("undo-b", "undo-a")),
    ]
    assert len(set(keys)) == 3
