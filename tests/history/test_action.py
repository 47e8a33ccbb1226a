"""Runs of an earlier version are claimed, finished, tried again and given up."""

from __future__ import annotations

import pytest

from floruntime import ConflictError, RunStatus
from floruntime.core.worker import WorkerComplete
from tests.history.conftest import Left
from tests.history.left.action import WORKER


async def test_runs_are_as_they_were(left: Left) -> None:
    notes, action = left.notes["action"], left.client.action
    [hasty] = await action.list_runs(name="hasty")
    assert (hasty.status, hasty.reason) == ("timed_out", "timeout")
    expected = {
        "completed": "completed",
        "failed": "failed",
        "retried": "pending",
        "running": "running",
        "lost": "running",
        "cancelled": "cancelled",
        "told": "cancelled",
        "pending": "pending",
        "delayed": "pending",
    }
    runs = {name: await action.status(notes[name]) for name in expected}
    assert {name: run.status for name, run in runs.items()} == expected
    assert (runs["completed"].output, runs["completed"].outcome) == (b"done", "approved")
    assert (runs["failed"].error, runs["failed"].attempt) == ("no way", 1)
    assert (runs["cancelled"].reason, runs["retried"].error) == ("no longer needed", "try again")
    assert (runs["pending"].labels, runs["pending"].caller_run_id) == ({"zone": "a"}, "caller")
    listed = await action.list_runs(name="send", status=RunStatus.RUNNING)
    assert [run.run_id for run in listed] == [notes["lost"], notes["running"]]


async def test_settings_and_workers_are_there(left: Left) -> None:
    client = left.client
    send = await client.action.get("send")
    settings = (send.timeout_ms, send.max_retries, send.retry_delay_ms, send.retention_ms)
    assert (*settings, send.description) == (60_000, 2, 30_000, 86_400_000, "sends")
    with pytest.raises(ConflictError, match="disabled"):
        await client.action.invoke("off")
    await client.action.enable("off")
    assert (await client.action.invoke("off")).created
    workers = {each.worker_id: each for each in await client.worker.list()}
    one, two = workers[WORKER], workers["worker-2"]
    assert (one.labels, one.metadata, one.concurrency) == ({"zone": "a"}, {"host": "h"}, 4)
    assert (one.healthy, one.running, two.draining) == (True, 2, True)


async def test_a_run_under_way_is_finished(left: Left) -> None:
    notes, client = left.notes["action"], left.client
    beat = await client.worker.heartbeat(WORKER, running=[notes["running"], notes["told"]])
    assert (beat.known, beat.cancelled) == (True, [notes["told"]])
    await client.call(WorkerComplete(WORKER, notes["running"], notes["running_lease"], b"out"))
    assert (await client.action.status(notes["running"])).output == b"out"
    # said again, as after a lost answer
    await client.call(WorkerComplete(WORKER, notes["completed"], notes["completed_lease"], b"done"))
    with pytest.raises(ConflictError):
        await client.call(WorkerComplete(WORKER, notes["completed"], 1, b"done"))


async def test_what_is_due_is_claimed_when_it_is_due(left: Left) -> None:
    notes, client = left.notes["action"], left.client
    now = await client.worker.await_tasks(WORKER, ["send"], count=10, block_ms=0)
    assert [task.run_id for task in now] == [notes["pending"]]
    await left.server.advance(29_999)
    assert await client.worker.await_task(WORKER, ["send"], block_ms=0) is None
    await left.server.advance(3_001)  # up to a tenth is added to the delay, by the run
    retried = await client.worker.await_task(WORKER, ["send"], block_ms=0)
    assert retried is not None
    assert (retried.run_id, retried.attempt, retried.payload) == (notes["retried"], 2, b"retried")
    await left.server.advance(12_000)
    delayed = await client.worker.await_task(WORKER, ["send"], block_ms=0)
    assert delayed is not None
    assert delayed.run_id == notes["delayed"]
    await client.worker.complete(WORKER, delayed, b"")


async def test_a_lease_that_runs_out_loses_its_run(left: Left) -> None:
    notes, client = left.notes["action"], left.client
    await left.server.advance(60_000)
    run = await client.action.status(notes["lost"])
    assert (run.status, run.reason) == ("pending", "worker_lost")
    await left.server.advance(60_000)  # after a loss it waits for a while
    tasks = await client.worker.await_tasks(WORKER, ["send"], count=10, block_ms=0)
    attempts = {task.run_id: task.attempt for task in tasks}
    assert (attempts[notes["lost"]], attempts[notes["running"]]) == (2, 2)


async def test_an_idempotency_key_stands_for_its_run(left: Left) -> None:
    action, notes = left.client.action, left.notes["action"]
    again = await action.invoke(
        "send", b"pending", labels={"zone": "a"}, idempotency_key="once", caller_run_id="caller"
    )
    assert (again.run_id, again.created) == (notes["pending"], False)
    with pytest.raises(ConflictError):
        await action.invoke("send", b"another", idempotency_key="once")


async def test_ended_runs_are_forgotten_after_their_retention(left: Left) -> None:
    notes, action = left.notes["action"], left.client.action
    await left.client.workflow.disable("every-minute")  # which would start many
    await left.server.advance(86_399_999)
    assert (await action.status(notes["completed"])).status == "completed"
    await left.server.advance(1)
    kept = {run.run_id for run in await action.list_runs(name="send")}
    ended = {notes[name] for name in ("completed", "failed", "cancelled", "told")}
    assert kept & ended == set()
