"""Forks: new runs that begin at a step of another."""

from __future__ import annotations

import pytest

from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from tests.engine.workflow.calls import Workflows, flow

THREE = """
start: {run: "@actions/a", transitions: {success: b, failure: flo.Failed}}
steps:
  b:
    run: "@actions/b"
    inputMapping: {a: $.steps.start.output, in: $.input}
    transitions: {success: c, failure: flo.Failed}
  c:
    run: "@actions/c"
    inputMapping: {a: $.steps.start.output, b: {path: $.steps.b.output, default: none}}
    transitions: {success: flo.Completed, failure: flo.Failed}
"""
COMPENSATED = THREE.replace(
    '    run: "@actions/b"\n', '    run: "@actions/b"\n    compensate: {run: "@actions/undo"}\n'
)
ACTIONS = ("a", "b", "c", "undo")


def failed_at_c(body: str = THREE) -> tuple[Workflows, str]:
    flows = Workflows(flow(body), actions=ACTIONS)
    run_id = flows.start({"x": 1}, run_id="old")
    flows.do("a", 1)
    flows.do("b", 2)
    flows.break_down("c")
    return flows, run_id


def test_it_begins_at_the_step_and_knows_what_was_known() -> None:
    flows, old = failed_at_c()
    before = flows.history(old)
    new = flows.fork(old, "c")
    assert flows.types(new) == [
        *("workflow_forked", "workflow_started", "step_started", "awaiting_action")
    ]
    assert flows.details(new, "workflow_forked") == ["old, at c"]
    assert flows.do("c", 3).payload == b'{"a":1,"b":2}'
    assert flows.output(new) == 3
    assert flows.history(old) == before


def test_of_the_step_itself_nothing_is_known() -> None:
    flows, old = failed_at_c()
    new = flows.fork(old, "b")
    assert flows.do("b", 9).payload == b'{"a":1,"in":{"x":1}}'
    assert flows.do("c").payload == b'{"a":1,"b":9}'
    assert flows.status(new) == "completed"


def test_it_may_have_another_input_id_and_version() -> None:
    flows, old = failed_at_c()
    flows.sync(flow(THREE.replace("$.steps.start.output, in", "fixed, in"), version="2"))
    new = flows.fork(old, "b", input=b'{"x":2}', version="2", new_run_id="new")
    assert new == "new"
    assert flows.run(new).version == "2"
    assert flows.do("b").payload == b'{"a":"fixed","in":{"x":2}}'


def test_a_step_need_not_have_run_and_a_run_need_not_have_ended() -> None:
    flows = Workflows(flow(THREE), actions=ACTIONS)
    old = flows.start()
    new = flows.fork(old, "c")
    assert flows.step(new) == "c"
    assert flows.status(new) == "failed", "its path finds nothing"
    assert flows.status(old) == "running"
    assert flows.step(flows.fork(old, "_start")) == "start"


def test_what_cannot_be_forked() -> None:
    flows, old = failed_at_c()
    with pytest.raises(NotFoundError):
        flows.fork("nope", "c")
    with pytest.raises(BadRequestError, match="is not a step of version"):
        flows.fork(old, "d")
    with pytest.raises(NotFoundError, match="no version"):
        flows.fork(old, "c", version="7")
    with pytest.raises(ConflictError, match="is used already"):
        flows.fork(old, "c", new_run_id="old")
    with pytest.raises(BadRequestError):
        flows.fork(old, "c", input=b"{")
    flows.enable(False)
    with pytest.raises(ConflictError, match="disabled"):
        flows.fork(old, "c")


def test_behind_a_compensated_step_it_is_refused() -> None:
    flows, old = failed_at_c(COMPENSATED)
    flows.do("undo")
    assert flows.status(old) == "failed"
    with pytest.raises(ConflictError, match="has compensated step 'b'"):
        flows.fork(old, "c")
    new = flows.fork(old, "b")
    flows.do("b", 5)
    flows.break_down("c")
    flows.do("undo")
    assert flows.status(new) == "failed"


def test_behind_a_step_that_is_about_to_be_compensated_it_is_refused_too() -> None:
    flows, old = failed_at_c(
        COMPENSATED.replace(
            'start: {run: "@actions/a"',
            'start: {run: "@actions/a", compensate: {run: "@actions/undo"}',
        )
    )
    assert flows.status(old) == "compensating", "it undoes b, and the first step after it"
    for step in ("b", "c"):
        with pytest.raises(ConflictError, match="compensates, or will compensate, step"):
            flows.fork(old, step)
    new = flows.fork(old, "start")
    flows.cancel(new)
    flows.do("undo")
    flows.do("undo")
    assert flows.status(old) == "failed"


def test_of_a_run_with_much_to_compensate_each_step_that_ended_counts() -> None:
    flows = Workflows(
        flow(
            """
start:
  forEach:
    items: $.input
    run: "@actions/a"
    concurrency: 1000
    compensate: {run: "@actions/undo"}
  transitions: {success: b, failure: flo.Failed}
steps:
  b:
    run: "@actions/b"
    compensate: {run: "@actions/undo"}
    transitions: {success: c, failure: flo.Failed}
  c: {run: "@actions/c", transitions: {success: flo.Completed, failure: flo.Failed}}
"""
        ),
        actions=ACTIONS,
    )
    old = flows.start(list(range(201)), run_id="old")
    while tasks := flows.claim("a"):
        for task in tasks:
            flows.complete(task)
        flows.advance(1)
    flows.do("b")
    flows.break_down("c")
    assert flows.status(old) == "compensating"
    with pytest.raises(ConflictError, match="step 'start'"):
        flows.fork(old, "b")
    with pytest.raises(ConflictError, match="compensates, or will compensate, step"):
        flows.fork(old, "c")


def test_what_was_copied_is_not_compensated_by_the_fork() -> None:
    flows, old = failed_at_c(COMPENSATED + "compensation: onCancel\n")
    new = flows.fork(old, "c")
    flows.cancel(new)
    assert flows.claim("undo") == []
    assert flows.status(new) == "cancelled"


def test_searches_find_it() -> None:
    flows, old = failed_at_c(
        THREE + "searchAttributes: [{name: x, type: number, from: $.input.x}, "
        "{name: a, type: number, from: $.steps.start.output}]\n"
    )
    new = flows.fork(old, "c")
    assert flows.found(x=1) == [new, old]
    assert flows.found(a=1) == [new, old]
