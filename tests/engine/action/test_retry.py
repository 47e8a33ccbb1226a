"""Runs that failed for good are tried again; how many there are in each status; progress."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionCountRuns, ActionRetry, ActionRun
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.worker import Task, TaskResult, WorkerTouch
from tests.engine.action.calls import RESIZE, WORKER, Actions

DAY_MS = 24 * 3_600_000


def retry(actions: Actions, run_id: str) -> ActionRun:
    return actions.engine.run(ActionRetry(run_id))


def failed(actions: Actions, **options: Any) -> str:
    run_id = actions.invoke(**options)
    actions.fail(actions.claim_one(), retry=False)
    return run_id


def test_a_failed_run_is_due_again_and_has_all_its_attempts() -> None:
    actions = Actions(max_retries=1, retry_delay_ms=10)
    run_id = actions.invoke(b"payload")
    for _ in range(2):
        actions.fail(actions.claim_one())
        actions.engine.advance(100)
    assert actions.run(run_id).attempts
    run = retry(actions, run_id)
    assert (run.status, run.attempt, run.error, run.outcome) == ("pending", 0, None, None)
    assert (run.started_at_ms, run.completed_at_ms, run.worker_id) == (None, None, None)
    assert actions.run(run_id).attempts == []
    for attempt in (1, 2):
        task = actions.claim_one()
        assert (task.run_id, task.attempt, task.payload) == (run_id, attempt, b"payload")
        actions.fail(task)
        actions.engine.advance(100)
    assert actions.status(run_id) == "failed"
    assert [each.attempt for each in actions.run(run_id).attempts] == [1, 2]


def test_a_run_that_timed_out_has_its_whole_time_again() -> None:
    actions = Actions(run_timeout_ms=1_000)
    run_id = actions.invoke()
    actions.engine.advance(1_000)
    assert actions.status(run_id) == "timed_out"
    retry(actions, run_id)
    actions.engine.advance(999)
    assert actions.status(run_id) == "pending"
    actions.engine.advance(1)
    assert actions.status(run_id) == "timed_out"


def test_who_held_it_before_is_stale() -> None:
    actions = Actions()
    run_id = actions.invoke()
    task = actions.claim_one()
    actions.fail(task, retry=False)
    retry(actions, run_id)
    with pytest.raises(ConflictError, match="stale lease"):
        actions.complete(task)
    with pytest.raises(ConflictError, match="stale lease"):
        actions.fail(task)


def test_it_is_kept_for_its_whole_time_after_its_new_end() -> None:
    actions = Actions(retention_ms=2 * DAY_MS)
    run_id = failed(actions)
    actions.engine.advance(DAY_MS)
    retry(actions, run_id)
    actions.engine.advance(3 * DAY_MS)
    actions.complete(actions.claim_one())
    actions.engine.advance(2 * DAY_MS - 1)
    assert actions.status(run_id) == "completed"
    actions.engine.advance(1)
    with pytest.raises(NotFoundError):
        actions.run(run_id)


def test_its_idempotency_key_stands_for_it_again() -> None:
    actions = Actions()
    run_id = failed(actions, idempotency_key="key")
    actions.engine.advance(DAY_MS - 1)
    retry(actions, run_id)
    actions.engine.advance(DAY_MS)
    assert actions.invoke(idempotency_key="key") == run_id
    actions.complete(actions.claim_one())
    actions.engine.advance(DAY_MS)
    assert actions.invoke(idempotency_key="key") != run_id


def test_a_key_that_was_forgotten_is_not_taken_from_another_run() -> None:
    actions = Actions()
    run_id = failed(actions, idempotency_key="key")
    actions.engine.advance(DAY_MS)
    other = actions.invoke(idempotency_key="key")
    retry(actions, run_id)
    for _ in range(2):
        actions.complete(actions.claim_one())
    assert actions.invoke(idempotency_key="key") == other


@pytest.mark.parametrize("how", ["pending", "running", "completed", "cancelled"])
def test_a_run_that_stands_otherwise_is_refused(how: str) -> None:
    actions = Actions()
    run_id = actions.invoke()
    if how != "pending":
        task = actions.claim_one()
        if how == "completed":
            actions.complete(task)
        elif how == "cancelled":
            actions.cancel(run_id)
    with pytest.raises(ConflictError, match=f"is {how}; only a run that failed or timed out"):
        retry(actions, run_id)


def test_a_disabled_or_deleted_action_takes_no_run_back() -> None:
    actions = Actions()
    run_id = failed(actions)
    actions.enable(False)
    with pytest.raises(ConflictError, match="disabled"):
        retry(actions, run_id)
    actions.delete()
    with pytest.raises(ConflictError, match="no longer registered"):
        retry(actions, run_id)
    with pytest.raises(NotFoundError):
        retry(actions, "run-999")


# Counts


def counts(actions: Actions, name: str | None = None) -> dict[str, int]:
    found = actions.engine.query(ActionCountRuns(name))
    return {status: count for status, count in found.items() if count}


def test_runs_are_counted_by_status_as_they_change() -> None:
    actions = Actions(max_retries=0, run_timeout_ms=5_000)
    actions.register("other")
    assert actions.engine.query(ActionCountRuns()) == dict.fromkeys(
        ["pending", "running", "completed", "failed", "cancelled", "timed_out"], 0
    )
    runs = [actions.invoke() for _ in range(6)]
    actions.invoke(name="other", delay_ms=100_000)
    tasks = actions.claim(3)
    assert counts(actions, RESIZE) == {"pending": 3, "running": 3}
    actions.complete(tasks[0])
    actions.fail(tasks[1])
    actions.cancel(runs[5])
    assert counts(actions) == {
        "pending": 3,
        "running": 1,
        "completed": 1,
        "failed": 1,
        "cancelled": 1,
    }
    retry(actions, runs[1])
    assert counts(actions, RESIZE)["pending"] == 3
    actions.engine.advance(5_000)
    assert counts(actions, RESIZE) == {"completed": 1, "cancelled": 1, "timed_out": 4}
    actions.engine.advance(30 * DAY_MS)
    assert counts(actions, RESIZE) == {}
    with pytest.raises(NotFoundError):
        counts(actions, "none")


# Progress


def touch(actions: Actions, task: Task, progress: float | None, note: str | None = None) -> bool:
    return actions.engine.run(WorkerTouch(WORKER, task.run_id, task.lease, 1, progress, note))


def test_progress_is_kept_with_the_run_until_its_next_attempt() -> None:
    actions = Actions(max_retries=1, retry_delay_ms=0)
    run_id = actions.invoke()
    task = actions.claim_one()
    assert touch(actions, task, 0.4, "resizing")
    assert touch(actions, task, 0.5)
    assert touch(actions, task, None)
    run = actions.run(run_id)
    assert (run.progress, run.progress_note) == (0.5, "resizing")
    actions.fail(task)
    assert actions.run(run_id).progress == 0.5
    task = actions.claim_one()
    assert actions.run(run_id).progress is None
    actions.exchange(TaskResult(run_id, task.lease, progress=1.0, progress_note="done"))
    run = actions.run(run_id)
    assert (run.status, run.progress, run.progress_note) == ("completed", 1.0, "done")


@pytest.mark.parametrize("progress", [-0.1, 1.1, float("nan")])
def test_progress_is_from_0_to_1(progress: float) -> None:
    actions = Actions()
    actions.invoke()
    task = actions.claim_one()
    with pytest.raises(BadRequestError, match="must be from 0 to 1"):
        touch(actions, task, progress)
