"""Runs of workflows that an earlier version began go on from what they wait for, to their ends."""

from __future__ import annotations

import json

import pytest

from floruntime import ConflictError, FloClient, Task, WorkflowRun
from tests.history.conftest import Left
from tests.history.left.definitions import ALL, APPROVE_1, APPROVE_2
from tests.history.left.workflow import WORKER


async def claimed(client: FloClient, action: str = "work") -> Task:
    task = await client.worker.await_task(WORKER, [action], block_ms=0)
    assert task is not None
    return task


async def decided(client: FloClient, run_id: str, type: str = "decision") -> WorkflowRun:
    await client.workflow.signal(run_id, type, {"yes": True})
    return await client.workflow.status(run_id)


async def test_runs_are_as_they_were(left: Left) -> None:
    workflow = left.client.workflow
    expected = {
        "timed-out": "timed_out",
        "approved": "completed",
        "cancelled": "cancelled",
        "failed": "failed",
        "paid": "completed",
        "approve-1": "waiting",
        "approve-2": "waiting",
        "early": "waiting",
        "keyed": "waiting",
        "retry": "waiting",
        "poll": "waiting",
        "parent": "running",
        "working": "running",
        "unclaimed": "running",
        "paying": "running",
    }
    runs = {name: await workflow.status(name) for name in expected}
    assert {name: run.status for name, run in runs.items()} == expected
    assert (runs["approved"].output, runs["approve-1"].input) == (b'{"by":"ada"}', b'{"of":1}')
    assert (runs["approve-1"].version, runs["approve-2"].version) == ("1", "2")
    assert "nobody asks" in (runs["cancelled"].error or "")
    [found] = await workflow.list_runs(search={"customer": "ada"})
    assert found.run_id == "working"
    events = [event.type for event in await workflow.history("approved")]
    assert events == [
        *("workflow_started", "step_started", "waiting_for_signal", "signal_received"),
        *("signal_matched", "step_completed", "workflow_completed"),
    ]


async def test_definitions_are_there_and_what_is_synced_again_is_unchanged(left: Left) -> None:
    workflow = left.client.workflow
    assert await workflow.get_definition("approve") == APPROVE_2.encode()
    assert await workflow.get_definition("approve", version="1") == APPROVE_1.encode()
    for definition in [*ALL, APPROVE_2]:
        assert (await workflow.sync(definition)).action == "unchanged"
    current = {each.name: each.version for each in await workflow.list_definitions()}
    assert current["approve"] == "2"
    assert len(current) == len(ALL)


async def test_signals_end_waits_those_that_came_early_too(left: Left) -> None:
    client = left.client
    assert (await decided(client, "approve-1")).status == "completed"
    assert (await decided(client, "approve-2")).wait_signal == "confirmation"
    assert (await decided(client, "approve-2", "confirmation")).status == "completed"
    early = await decided(client, "early", "first")
    assert early.status == "completed"
    assert json.loads(early.output or b"") == {"first": {"yes": True}, "second": {"came": "early"}}
    with pytest.raises(ConflictError):
        await client.workflow.signal("approved", "decision")


async def test_a_wait_runs_out_of_time(left: Left) -> None:
    await left.server.advance(3_599_999)
    assert (await left.client.workflow.status("approve-1")).status == "waiting"
    await left.server.advance(1)
    assert (await left.client.workflow.status("approve-1")).status == "timed_out"


async def test_an_action_under_way_takes_its_run_on(left: Left) -> None:
    client = left.client
    run_id, lease = left.notes["workflow"]["work"]
    task = Task(run_id, "work", b"", 1, lease, 0, 0)
    assert json.loads((await client.action.status(run_id)).input) == {"id": 2, "run": "working"}
    await client.worker.complete(WORKER, task, b'{"made": 1}')
    run = await client.workflow.status("working")
    assert (run.current_step, run.wait_signal) == ("confirm", "confirmation")
    done = await decided(client, "working", "confirmation")
    assert (done.status, json.loads(done.output or b"")) == ("completed", {"worked": {"made": 1}})
    unclaimed = await claimed(client)
    assert json.loads(unclaimed.payload) == {"id": 3, "run": "unclaimed"}
    await client.worker.complete(WORKER, unclaimed)
    assert (await client.workflow.status("unclaimed")).current_step == "confirm"


async def test_retries_and_polls_come_due(left: Left) -> None:
    client = left.client
    await client.worker.release(WORKER, await claimed(client))  # that of the run `unclaimed`
    await left.server.advance(29_999)
    assert [(await client.workflow.status(name)).status for name in ("retry", "poll")] == [
        *("waiting", "waiting")
    ]
    await left.server.advance(1)
    callers = {}
    for _ in range(3):
        task = await claimed(client)
        callers[task.caller_run_id] = task
    assert set(callers) == {"retry", "poll", "unclaimed"}
    await client.worker.complete(WORKER, callers["retry"])
    await client.worker.complete(WORKER, callers["poll"], b'"ready"')
    assert (await client.workflow.status("retry")).current_step == "confirm"
    polled = await client.workflow.status("poll")
    assert (polled.status, polled.output) == ("completed", b'"ready"')


async def test_a_failed_run_is_retried(left: Left) -> None:
    client = left.client
    assert (await client.workflow.retry("failed")).status == "running"
    await client.worker.release(WORKER, await claimed(client))
    tasks = await client.worker.await_tasks(WORKER, ["work"], count=9, block_ms=0)
    [task] = [task for task in tasks if task.caller_run_id == "failed"]
    await client.worker.complete(WORKER, task)
    assert (await client.workflow.status("failed")).status == "completed"


async def test_a_child_ends_and_its_parent_goes_on(left: Left) -> None:
    workflow = left.client.workflow
    children = await workflow.list_runs(workflow_name="approve")
    [child] = [run for run in children if run.parent_run_id == "parent"]
    assert (await decided(left.client, child.run_id)).status == "completed"
    parent = await workflow.status("parent")
    assert (parent.status, json.loads(parent.output or b"")) == ("completed", {"yes": True})


async def test_a_plan_remembers_its_breaker_and_its_cache(left: Left) -> None:
    client = left.client
    cached = await client.workflow.start("planned", {"order": 1})
    assert (await client.workflow.status(cached)).output == b'{"paid": 1}'
    spare = await claimed(client, "spare")
    assert spare.caller_run_id == "paying"
    await client.worker.complete(WORKER, spare, b'{"paid": 2}')
    assert (await client.workflow.status("paying")).status == "completed"
    await client.workflow.start("planned", {"order": 3}, run_id="third")
    assert (await claimed(client, "spare")).caller_run_id == "third"
    await left.server.advance(60_000)
    await client.workflow.start("planned", {"order": 4}, run_id="fourth")
    assert (await claimed(client, "main")).caller_run_id == "fourth"


async def test_an_idempotency_key_stands_for_its_run(left: Left) -> None:
    start = left.client.workflow.start
    assert await start("keyed", {"n": 1}, idempotency_key="once") == "keyed"
    with pytest.raises(ConflictError):
        await start("keyed", {"n": 2}, idempotency_key="once")


async def test_schedules_go_on(left: Left) -> None:
    workflow, now_ms = left.client.workflow, left.server.now_ms
    schedules = {each.name: each for each in await workflow.schedules()}
    assert set(schedules) == {"every-minute", "nightly", "paused"}
    assert schedules["every-minute"].next_run_at_ms == now_ms + 60_000
    # 2:30 in Berlin, of the 15th of November 2023
    assert schedules["nightly"].next_run_at_ms == 1_700_011_800_000
    assert schedules["nightly"].running == 1
    assert schedules["paused"].paused
    await left.server.advance(180_000)
    assert len(await workflow.list_runs(workflow_name="every-minute")) == 3
    assert len(await workflow.list_runs(workflow_name="paused")) == 0
    await workflow.resume_schedule("paused")
    await left.server.advance(60_000)
    assert len(await workflow.list_runs(workflow_name="paused")) == 1
    for run in await workflow.list_runs(workflow_name="nightly"):
        await decided(left.client, run.run_id)
    await left.server.advance(1_700_011_800_000 - left.server.now_ms)
    newest = (await workflow.list_runs(workflow_name="nightly"))[0]
    assert newest.run_id == "nightly@1700011800000"


async def test_triggers_take_each_record_once(left: Left) -> None:
    workflow = left.client.workflow
    runs = await workflow.list_runs(workflow_name="order")
    assert [json.loads(run.input) for run in reversed(runs)] == [
        *({"order": 1}, {"order": 2}, {"base64": "bm8ganNvbg=="})
    ]
    [pair] = await workflow.list_runs(workflow_name="collected")
    assert json.loads(pair.input) == [{"order": 1}, {"order": 2}]
    await left.server.advance(60_000)  # the third has waited for its batch long enough
    rest = await workflow.list_runs(workflow_name="collected")
    assert json.loads(rest[0].input) == [{"base64": "bm8ganNvbg=="}]
    await left.client.stream.append("orders", b"4")
    await left.server.settle()
    assert len(await workflow.list_runs(workflow_name="order")) == 4
    assert [len(await left.client.stream.group_pending("orders", "wf-order"))] == [0]
