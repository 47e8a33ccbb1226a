"""What earlier versions left of limits, groups, jobs, branches, items and schedules goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from floruntime import FloClient, JobStatus, Task, WorkflowStatus
from floruntime.core.worker import WorkerComplete
from tests.history.conftest import ARCHIVES, Left
from tests.history.left.later import NAMESPACE, WORKER

WITHOUT = {"8ab71e4"}
"""The versions that had none of this."""
HAVING = [path for path in ARCHIVES if path.parent.name not in WITHOUT]


@pytest.fixture(params=HAVING, ids=lambda path: f"{path.parent.name}-{path.name.split('.')[0]}")
def archive(request: pytest.FixtureRequest) -> Path:
    """One archive that has it."""
    path = request.param
    assert isinstance(path, Path)
    return path


@pytest.fixture
def later(left: Left) -> FloClient:
    """A client where that lies."""
    return left.client.within(NAMESPACE)


async def test_limits_hold_what_was_claimed_before(left: Left, later: FloClient) -> None:
    held = left.notes["later"]["held"]
    assert sorted(of for _, _, of in held) == ["a", "b"], "one of each key, two in all"
    assert await later.worker.await_tasks(WORKER, ["limited"], count=4, block_ms=0) == []
    run_id, lease, of = held[0]
    await later.call(WorkerComplete(WORKER, run_id, lease))
    [task] = await later.worker.await_tasks(WORKER, ["limited"], count=4, block_ms=0)
    other = {"a": "b", "b": "a"}[of]
    run = await later.action.status(task.run_id)
    assert run.key in {"a", "b", "c"} - {other}


async def test_a_group_of_messages_keeps_its_order(left: Left, later: FloClient) -> None:
    for expected in (b"1", b"2"):
        [message] = (await later.queue.dequeue("in-order", 5)).messages
        assert message.payload == expected
        await later.queue.ack("in-order", [message])


async def test_a_job_comes_to_its_end(left: Left, later: FloClient) -> None:
    await left.server.advance(10_000)
    job = await later.jobs.status(left.notes["later"]["job"])
    assert job.status is JobStatus.COMPLETED
    assert not (await later.kv.scan("pile/")).entries


async def test_a_schedule_of_an_action_goes_on(left: Left, later: FloClient) -> None:
    await left.server.advance(3_600_000)
    runs = await later.action.list_runs("step", limit=1000)
    assert any(run.input == b'{"by": "schedule"}' for run in runs)


async def test_branches_and_items_go_on_and_join(left: Left, later: FloClient) -> None:
    await later.workflow.resume("branches")
    await later.workflow.signal("branches", "answer", {})
    for _ in range(20):
        for task in await _tasks(later):
            await later.worker.complete(WORKER, task, b"{}")
        await left.server.advance(60_000)
    for run_id in ("branches", "items"):
        run = await later.workflow.status(run_id)
        assert run.status is WorkflowStatus.COMPLETED, run
        types = [event.type for event in await later.workflow.history(run_id, limit=1000)]
        assert types.count("join_reached") == 2


async def test_what_items_did_is_undone(left: Left, later: FloClient) -> None:
    await later.workflow.cancel("items")
    undone = 0
    for _ in range(10):
        for task in await later.worker.await_tasks(WORKER, ["undo"], count=5, block_ms=0):
            await later.worker.complete(WORKER, task, b"{}")
            undone += 1
    assert undone == 1
    assert (await later.workflow.status("items")).status is WorkflowStatus.CANCELLED


async def _tasks(later: FloClient) -> list[Task]:
    return await later.worker.await_tasks(WORKER, ["step"], count=10, block_ms=0)
