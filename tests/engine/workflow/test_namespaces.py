"""Namespaces: runs, definitions and all else of one are not there for another; deleting one."""

from __future__ import annotations

import pytest

from floruntime.core.action import ActionRegister
from floruntime.core.errors import ConflictError, NotFoundError
from floruntime.core.system import NamespaceDelete
from floruntime.core.workflow import (
    ScheduleDue,
    WorkflowGetDefinition,
    WorkflowListDefinitions,
    WorkflowSchedules,
)
from floruntime.engine.workflow.catalog.schedules import STANDING
from tests.engine.harness import Engine
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow
from tests.engine.workflow.runs.test_control import CHILD, EVERY_WAIT

NAMESPACED = flow(
    """
idempotency: optional
searchAttributes: [{name: n, type: number, from: $.input.n}]
schedule: {cron: "0 * * * *"}
trigger: {stream: events, batch_size: 5}
start: {waitForSignal: {type: x, timeoutMs: 60000}, transitions: {success: flo.Completed}}
"""
)


def two() -> tuple[Workflows, Workflows]:
    one = Workflows(NAMESPACED)
    return one, Workflows(NAMESPACED, engine=one.engine, namespace="other")


def test_the_same_names_ids_and_keys_mean_something_else_in_another() -> None:
    one, other = two()
    assert one.start({"n": 1}, run_id="r", idempotency_key="k") == "r"
    with pytest.raises(NotFoundError):
        other.run("r")
    with pytest.raises(NotFoundError):
        other.signal("r", "x")
    with pytest.raises(NotFoundError):
        other.cancel("r")
    with pytest.raises(NotFoundError):
        other.history("r")
    assert other.start({"n": 2}, run_id="r", idempotency_key="k") == "r"
    assert (one.run("r").input, other.run("r").input) == (b'{"n": 1}', b'{"n": 2}')
    one.signal("r", "x", 1)
    assert (one.status("r"), other.status("r")) == ("completed", "waiting")


def test_made_ids_are_of_their_namespace() -> None:
    one, other = two()
    run_id = one.start()
    with pytest.raises(NotFoundError):
        other.run(run_id)
    assert other.start(run_id=run_id) == run_id


def test_lists_show_ones_own() -> None:
    one, other = two()
    run_ids = one.start({"n": 7}), other.start({"n": 7})
    assert (one.runs(), other.runs()) == ([run_ids[0]], [run_ids[1]])
    assert (one.found(n=7), other.found(n=7)) == ([run_ids[0]], [run_ids[1]])
    assert one.runs(workflow_name="flow", status="waiting") == [run_ids[0]]


def test_definitions_and_switches_are_of_their_namespace() -> None:
    one, other = two()
    one.sync(NAMESPACED.replace('"1"', '"2"'))
    one.enable(False)
    assert other.run(other.start()).version == "1"
    with pytest.raises(ConflictError):
        one.start()
    third = Workflows(engine=one.engine, namespace="third", actions=())
    assert third.ask(WorkflowGetDefinition("flow")) is None
    assert third.ask(WorkflowListDefinitions()).items == []
    assert third.ask(WorkflowSchedules()).items == []


def rows_beside(engine: Engine) -> dict[bytes, bytes]:
    """All rows but the machine's and the directory of namespaces, which count on."""
    return {key: data for key, data in engine.rows().items() if key[:2] not in (b"mm", b"ns")}


def test_a_namespace_goes_with_runs_in_every_state_and_nothing_of_it_is_left() -> None:
    engine = Engine()
    Workflows(ONE_STEP, engine=engine).start()
    before = rows_beside(engine)
    flows = Workflows(
        CHILD,
        ONE_STEP,
        NAMESPACED.replace("name: flow", "name: scheduled"),
        *(
            flow(EVERY_WAIT.replace("STEP", step), name=name)
            for name, step in {
                "action": 'run: "@actions/charge"',
                "retry": 'run: "@actions/lost"\n  retry: {max_attempts: 9}',
                "child-of": 'run: "@workflow/child"',
                "signal": "waitForSignal: {type: x, timeoutMs: 1000}",
                "executor": 'run: "@plan/sync"',
            }.items()
        ),
        engine=engine,
        namespace="gone",
    )
    for name in ("flow", "scheduled", "action", "retry", "child-of", "signal", "executor"):
        run_id = flows.start({"n": 1}, name=name, run_id=f"of-{name}")
        flows.signal(run_id, "kept")
    cancelled_id = flows.start()
    flows.cancel(cancelled_id)
    done_id = flows.start()
    flows.complete(flows.claim()[-1])
    assert flows.status(done_id) == "completed"
    with pytest.raises(ConflictError, match="not empty"):
        engine.run(NamespaceDelete("gone", False))
    engine.run(NamespaceDelete("gone", True))
    with pytest.raises(NotFoundError):
        flows.run("of-action")
    assert flows.runs() == []
    engine.now_ms += 40 * 24 * 3_600_000  # its timers come due
    engine.tick()
    view = engine.machine.view(engine.store, "default", 0)
    for due in list(STANDING.due_by(view, engine.now_ms)):
        engine.run(ScheduleDue(due.owner_id, due.due_ms, 0, 0))  # as the server does
    assert rows_beside(engine) == before


def test_timers_of_a_deleted_namespace_do_nothing_to_its_successor() -> None:
    timed = flow(
        "start: {waitForSignal: {type: x, timeoutMs: 1000}, transitions: {success: flo.Completed}}"
    )
    flows = Workflows(timed, namespace="again")
    flows.start(run_id="r")
    flows.engine.run(NamespaceDelete("again", True))
    successor = Workflows(timed, engine=flows.engine, namespace="again")
    successor.advance(500)
    successor.start(run_id="r")
    successor.advance(500)
    assert successor.status("r") == "waiting"
    successor.advance(500)
    assert successor.status("r") == "timed_out"


def test_an_empty_namespace_with_a_definition_is_not_empty() -> None:
    engine = Engine()
    Workflows(ONE_STEP, engine=engine, namespace="ns", actions=())
    with pytest.raises(ConflictError, match="not empty"):
        engine.run(NamespaceDelete("ns", False))


def test_a_claim_by_the_worker_of_a_deleted_namespace_finds_nothing() -> None:
    flows = Workflows(ONE_STEP, namespace="gone")
    flows.start()
    task = flows.claim_one()
    flows.engine.run(NamespaceDelete("gone", True))
    with pytest.raises(NotFoundError):
        flows.complete(task)
    flows.engine.run(ActionRegister("charge"), namespace="gone")
    assert flows.claim() == []
