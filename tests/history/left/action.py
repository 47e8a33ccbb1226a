"""Actions and workers, with runs in every state."""

from __future__ import annotations

from floruntime import FloClient, Task
from tests.history.left.scene import Notes, Scene

WORKER = "worker-1"


async def prepare(scene: Scene) -> None:
    action = scene.client.action
    await action.register(
        "send",
        timeout_ms=60_000,
        max_retries=2,
        retry_delay_ms=30_000,
        description="sends",
        retention_ms=86_400_000,
    )
    await action.register("hasty", run_timeout_ms=1_000)
    await action.register("off")
    await action.disable("off")
    await action.invoke("hasty", b"never claimed")
    await scene.server.advance(2_000)


async def leave(scene: Scene) -> Notes:
    client = scene.client
    await client.worker.register(
        WORKER, ["send"], concurrency=4, labels={"zone": "a"}, metadata={"host": "h"}
    )
    await client.worker.register("worker-2", ["send"])
    await client.worker.drain("worker-2")
    completed = await _claimed(client, b"completed")
    await client.worker.complete(WORKER, completed, b"done", outcome="approved")
    failed = await _claimed(client, b"failed")
    await client.worker.fail(WORKER, failed, "no way", retry=False)
    retried = await _claimed(client, b"retried")
    await client.worker.fail(WORKER, retried, "try again")
    running = await _claimed(client, b"running")
    lost = await _claimed(client, b"lost")
    cancelled = await client.action.invoke("send", b"cancelled")
    await client.action.cancel(cancelled.run_id, reason="no longer needed")
    told = await _claimed(client, b"cancelled while it ran")
    await client.action.cancel(told.run_id)
    pending = await client.action.invoke(
        "send", b"pending", labels={"zone": "a"}, idempotency_key="once", caller_run_id="caller"
    )
    delayed = await client.action.invoke("send", b"delayed", delay_ms=45_000, priority=1)
    return {
        "completed": completed.run_id,
        "completed_lease": completed.lease,
        "failed": failed.run_id,
        "retried": retried.run_id,
        "running": running.run_id,
        "running_lease": running.lease,
        "lost": lost.run_id,
        "cancelled": cancelled.run_id,
        "told": told.run_id,
        "pending": pending.run_id,
        "delayed": delayed.run_id,
    }


async def _claimed(client: FloClient, payload: bytes) -> Task:
    invoked = await client.action.invoke("send", payload, priority=0)
    task = await client.worker.await_task(WORKER, ["send"], block_ms=0)
    assert task is not None
    assert task.run_id == invoked.run_id
    return task
