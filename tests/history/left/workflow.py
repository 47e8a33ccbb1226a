"""Workflows: definitions in versions, and runs that wait for each thing that a run can wait for."""

from __future__ import annotations

from floruntime import FloClient, Task
from tests.history.left import definitions
from tests.history.left.scene import Notes, Scene

WORKER = "hands"
ACTIONS = ["work", "main", "spare"]


async def prepare(scene: Scene) -> None:
    client = scene.client
    for name in ACTIONS:
        await client.action.register(name, max_retries=0, timeout_ms=120_000)
    for definition in (definitions.APPROVE_1, definitions.HASTY):
        await client.workflow.sync(definition)
    await client.workflow.start("hasty", run_id="timed-out")
    await scene.server.advance(2_000)


async def leave(scene: Scene) -> Notes:
    client = scene.client
    await client.worker.register(WORKER, ACTIONS)
    for definition in definitions.ALL:
        await client.workflow.sync(definition)
    await _leave_signals(client)
    await _leave_plan(client)
    await _leave_schedules_and_triggers(client)
    work = await _leave_work(client)
    return {"work": [work.run_id, work.lease]}


async def _leave_signals(client: FloClient) -> None:
    workflow = client.workflow
    await workflow.start("approve", {"of": 1}, run_id="approve-1")
    await workflow.start("approve", run_id="approved")
    await workflow.signal("approved", "decision", {"by": "ada"})
    await workflow.start("approve", run_id="cancelled")
    await workflow.cancel("cancelled", "nobody asks any more")
    await workflow.sync(definitions.APPROVE_2)
    await workflow.start("approve", run_id="approve-2")
    await workflow.start("two-signals", run_id="early")
    await workflow.signal("early", "second", {"came": "early"})
    await workflow.start("parent", run_id="parent")
    await workflow.start("keyed", {"n": 1}, idempotency_key="once", run_id="keyed")


async def _leave_work(client: FloClient) -> Task:
    """What waits for an action, for a retry, for a poll; and what an action ended."""
    workflow = client.workflow
    await workflow.start("frail", run_id="failed")
    await client.worker.fail(WORKER, await _claimed(client), "it broke")
    await workflow.start("acting", {"id": 1}, run_id="retry")
    await client.worker.fail(WORKER, await _claimed(client), "not yet")
    await workflow.start("polling", run_id="poll")
    await client.worker.complete(WORKER, await _claimed(client), outcome="pending")
    await workflow.start("acting", {"id": 2, "customer": "ada"}, run_id="working")
    task = await _claimed(client)
    await workflow.start("acting", {"id": 3, "customer": "bob"}, run_id="unclaimed")
    return task


async def _leave_plan(client: FloClient) -> None:
    """`main` has failed, so its breaker is open; what `spare` gave is cached for order 1."""
    await client.workflow.start("planned", {"order": 1}, run_id="paid")
    await client.worker.fail(WORKER, await _claimed(client, "main"), "down")
    await client.worker.complete(WORKER, await _claimed(client, "spare"), b'{"paid": 1}')
    await client.workflow.start("planned", {"order": 2}, run_id="paying")


async def _leave_schedules_and_triggers(client: FloClient) -> None:
    await client.workflow.pause_schedule("paused")
    await client.workflow.trigger_schedule("nightly")
    await client.stream.append_many("orders", [b'{"order": 1}', b'{"order": 2}', b"no json"])


async def _claimed(client: FloClient, action: str = "work") -> Task:
    task = await client.worker.await_task(WORKER, [action], block_ms=0)
    assert task is not None, action
    return task
