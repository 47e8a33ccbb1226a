"""Registering, enabling, listing and deleting actions."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.action import (
    ActionDelete,
    ActionGet,
    ActionInvoke,
    ActionList,
    ActionRegister,
    RunStatus,
)
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError, StorageFullError
from floruntime.core.system import NamespaceDelete
from floruntime.core.worker import WorkerAwait, WorkerComplete
from floruntime.engine.action.admin import CANCELLED_PER_STEP_MAX
from tests.engine.action.calls import RESIZE, Actions
from tests.engine.harness import START_MS


def test_registering_makes_version_one_with_the_defaults() -> None:
    info = Actions().engine.query(ActionGet(RESIZE))
    assert (info.name, info.version, info.enabled) == (RESIZE, 1, True)
    assert (info.timeout_ms, info.max_retries, info.retry_delay_ms) == (30_000, 3, 1_000)
    assert (info.run_timeout_ms, info.description) == (None, None)
    assert info.created_at_ms == info.updated_at_ms == START_MS


def test_the_same_settings_change_nothing() -> None:
    actions = Actions(max_retries=1)
    before = actions.engine.rows()
    assert actions.register(max_retries=1).version == 1
    assert actions.engine.rows() == before


@pytest.mark.parametrize(
    "change",
    [
        {"timeout_ms": 1},
        {"max_retries": 0},
        {"retry_delay_ms": 0},
        {"run_timeout_ms": 1},
        {"description": "d"},
        {"retention_ms": limits.IDEMPOTENCY_MS},
    ],
    ids=str,
)
def test_other_settings_raise_the_version(change: dict[str, Any]) -> None:
    actions = Actions()
    actions.engine.advance(5)
    info = actions.register(**change)
    assert info.version == 2
    assert (info.created_at_ms, info.updated_at_ms) == (START_MS, START_MS + 5)
    assert actions.engine.query(ActionGet(RESIZE)) == info
    assert actions.register(**change).version == 2


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("timeout_ms", 1, 0),
        ("timeout_ms", limits.DURATION_MS_MAX, limits.DURATION_MS_MAX + 1),
        ("max_retries", 0, -1),
        ("max_retries", limits.ATTEMPTS_MAX, limits.ATTEMPTS_MAX + 1),
        ("retry_delay_ms", 0, -1),
        ("run_timeout_ms", 1, 0),
        ("retention_ms", limits.IDEMPOTENCY_MS, limits.IDEMPOTENCY_MS - 1),
        ("description", "d" * 4096, "d" * 4097),
    ],
)
def test_settings_at_their_limits_and_one_past(field: str, good: Any, bad: Any) -> None:
    actions = Actions(register=False)
    actions.register(**{field: good})
    with pytest.raises(BadRequestError, match=field):
        actions.register(**{field: bad})


@pytest.mark.parametrize("name", ["", "a" * 256, "a\n"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(BadRequestError):
        Actions(register=False).register(name)


def test_the_same_name_in_another_namespace_is_another_action() -> None:
    actions = Actions()
    actions.engine.run(ActionRegister(RESIZE, max_retries=9), namespace="other")
    assert actions.engine.query(ActionGet(RESIZE)).max_retries == 3
    assert actions.engine.query(ActionGet(RESIZE), namespace="other").max_retries == 9


def test_get_enable_of_an_unknown_action_is_not_found() -> None:
    actions = Actions(register=False)
    with pytest.raises(NotFoundError, match=RESIZE):
        actions.engine.query(ActionGet(RESIZE))
    with pytest.raises(NotFoundError, match=RESIZE):
        actions.enable(True)


def test_disabling_and_enabling_keep_the_version() -> None:
    actions = Actions()
    assert actions.enable(False).enabled is False
    info = actions.enable(True)
    assert (info.enabled, info.version) == (True, 1)


def test_registering_again_does_not_enable() -> None:
    actions = Actions()
    actions.enable(False)
    assert actions.register(max_retries=1).enabled is False


def test_the_list_is_by_name_pages_and_takes_a_prefix() -> None:
    actions = Actions(register=False)
    for name in ("b2", "a", "b1", "b3"):
        actions.register(name)
    everything = actions.engine.query(ActionList())
    assert [info.name for info in everything.items] == ["a", "b1", "b2", "b3"]
    assert everything.cursor is None
    first = actions.engine.query(ActionList("b", 2))
    assert [info.name for info in first.items] == ["b1", "b2"]
    rest = actions.engine.query(ActionList("b", 2, first.cursor))
    assert ([info.name for info in rest.items], rest.cursor) == (["b3"], None)
    with pytest.raises(BadRequestError, match="another listing"):
        actions.engine.query(ActionList("a", 2, first.cursor))


def test_delete_without_runs() -> None:
    actions = Actions()
    assert actions.delete() is True
    assert actions.delete() is False
    with pytest.raises(NotFoundError):
        actions.invoke()
    assert actions.engine.query(ActionList()).items == []


def test_delete_with_unfinished_runs_wants_force() -> None:
    actions = Actions()
    waiting, running = actions.invoke(), actions.invoke(priority=1)
    task = actions.claim_one()
    assert task.run_id == running
    with pytest.raises(ConflictError, match=r"has unfinished runs \(2\); force=True"):
        actions.delete()
    assert actions.delete(force=True) is True
    assert [actions.run(r).status for r in (waiting, running)] == [RunStatus.CANCELLED] * 2
    assert actions.run(waiting).reason == "action_deleted"
    with pytest.raises(ConflictError):
        actions.complete(task)
    assert actions.touch(task) is False


def test_delete_of_many_runs_is_bounded_and_goes_on_by_ticks() -> None:
    actions = Actions()
    runs = [actions.invoke() for _ in range(CANCELLED_PER_STEP_MAX + 2)]
    tasks = actions.claim(3)
    assert actions.delete(force=True)
    unfinished = [r for r in runs if actions.status(r) != RunStatus.CANCELLED]
    assert len(unfinished) == 2
    assert actions.claim(10) == []
    with pytest.raises(ConflictError, match="being deleted"):
        actions.register()
    actions.engine.tick()
    assert {actions.status(r) for r in runs} == {RunStatus.CANCELLED}
    with pytest.raises(ConflictError):
        actions.complete(tasks[0])
    assert actions.register().version == 1


def test_finished_runs_of_a_deleted_action_stay_listed_and_go_in_time() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.complete(actions.claim_one())
    actions.delete()
    assert actions.runs(RESIZE) == [run_id]
    actions.register()
    new = actions.invoke()
    assert actions.runs(RESIZE) == [new, run_id]
    actions.delete(force=True)
    actions.engine.advance(limits.RUN_RETENTION_MS_DEFAULT)
    assert actions.runs() == []
    actions.engine.tick()
    assert [key for key in actions.engine.rows() if key[:2] not in (b"mm", b"ns")] == []


def test_a_namespace_with_an_action_is_not_empty_and_takes_it_along() -> None:
    actions = Actions()
    actions.register_worker(labels={"a": "b"})
    actions.invoke(labels={"a": "b"})
    actions.invoke(idempotency_key="k")
    actions.invoke(delay_ms=5)
    actions.complete(actions.claim_one(), b"out")
    actions.release(actions.claim_one())
    with pytest.raises(ConflictError):
        actions.engine.run(NamespaceDelete("default"))
    actions.engine.run(NamespaceDelete("default", True))
    assert actions.runs() == []
    actions.register()
    with pytest.raises(NotFoundError):
        actions.run("run-2")
    assert actions.claim() == []
    actions.delete()
    actions.engine.advance(2 * limits.RUN_RETENTION_MS_DEFAULT)
    assert [key for key in actions.engine.rows() if key[:2] not in (b"mm", b"ns")] == []


def test_a_nearly_full_disk_refuses_invoke_and_takes_what_lets_work_go_on() -> None:
    actions = Actions()
    actions.invoke()
    engine = actions.engine
    with pytest.raises(StorageFullError):
        engine.run(ActionInvoke(RESIZE, b""), may_grow=False)
    engine.run(ActionRegister("new"), may_grow=False)
    [task] = engine.run(WorkerAwait("w", [RESIZE]), may_grow=False)
    engine.run(WorkerComplete("w", task.run_id, task.lease), may_grow=False)
    assert engine.run(ActionDelete(RESIZE), may_grow=False)
