"""A queue with messages in every state, and one whose messages were all acked."""

from __future__ import annotations

from tests.history.left.scene import Notes, Scene


async def prepare(scene: Scene) -> None:
    queue = scene.client.queue
    await queue.configure(
        "jobs", max_attempts=2, retry_delay_ms=500, dlq_limit=50, dedup_window_ms=3_600_000
    )
    await queue.enqueue("jobs", b"worn out")
    for _ in range(2):
        [message] = (await queue.dequeue("jobs", visibility_timeout_ms=1_000)).messages
        await queue.nack("jobs", [message], error="it broke")
        await scene.server.advance(500)
    await queue.enqueue("jobs", b"abandoned")
    for _ in range(2):
        await queue.dequeue("jobs", visibility_timeout_ms=1_000)
        await scene.server.advance(2_000)
    await queue.enqueue("jobs", b"refused")
    [message] = (await queue.dequeue("jobs")).messages
    await queue.nack("jobs", [message], to_dlq=True, error="poison")
    await queue.enqueue_many("done", [b"1", b"2", b"3"])
    done = await queue.dequeue("done", 3)
    await queue.ack("done", done.messages)


async def leave(scene: Scene) -> Notes:
    queue = scene.client.queue
    dead = await queue.dlq_list("jobs")
    once = await queue.enqueue("jobs", b"leased, to be acked", priority=1, dedup_key="once")
    lost = await queue.enqueue("jobs", b"leased, to be lost", priority=1)
    retried = await queue.enqueue("jobs", b"to be retried", priority=1)
    leased = (await queue.dequeue("jobs", 3, visibility_timeout_ms=60_000)).messages
    assert [message.seq for message in leased] == [once, lost, retried]
    await queue.nack("jobs", [leased[2]])
    ready = await queue.enqueue_many("jobs", [b"ready 1", b"ready 2"], priority=20)
    urgent = await queue.enqueue("jobs", b"urgent", priority=15)
    delayed = await queue.enqueue("jobs", b"delayed", delay_ms=30_000, priority=0)
    return {
        "dead": [message.seq for message in dead.messages],
        "leased": [[message.seq, message.lease] for message in leased[:2]],
        "retried": retried,
        "ready": [urgent, *ready],
        "delayed": delayed,
    }
