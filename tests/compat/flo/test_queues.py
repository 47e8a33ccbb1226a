"""Queues by the calls of the first SDK."""

from __future__ import annotations

import floruntime.compat.flo as flo


async def test_a_message_lives(client: flo.FloClient) -> None:
    seq = await client.queue.enqueue("jobs", b"1", flo.EnqueueOptions(priority=5))
    again = flo.EnqueueOptions(dedup_key="k")
    first = await client.queue.enqueue("jobs", b"2", again)
    assert await client.queue.enqueue("jobs", b"2", again) == first
    assert [one.seq for one in (await client.queue.peek("jobs", 5)).messages] == [seq, first]

    leased = await client.queue.dequeue(
        "jobs", 1, flo.DequeueOptions(visibility_timeout_ms=60_000, block_ms=1_000)
    )
    assert [one.payload for one in leased.messages] == [b"1"]
    await client.queue.touch("jobs", [seq], flo.TouchOptions(extend_ms=60_000))
    await client.queue.nack("jobs", [seq], flo.NackOptions(to_dlq=True))
    dead = await client.queue.dlq_list("jobs", flo.DlqListOptions(limit=10))
    assert [one.seq for one in dead.messages] == [seq]
    await client.queue.dlq_requeue("jobs", [one.seq for one in dead.messages])

    rest = await client.queue.dequeue("jobs", 10)
    assert {one.payload for one in rest.messages} == {b"1", b"2"}
    await client.queue.ack("jobs", [one.seq for one in rest.messages])
    assert not (await client.queue.dequeue("jobs", 10)).messages


async def test_it_waits_no_longer_than_told(client: flo.FloClient) -> None:
    assert not (await client.queue.dequeue("jobs", 1, flo.DequeueOptions(block_ms=0))).messages
