"""Messages of an earlier version are acked, come again, die and return as they would have."""

from __future__ import annotations

from floruntime.core.queue import QueueAck, QueueNack
from tests.history.conftest import Left


async def test_counts_and_settings_are_there(left: Left) -> None:
    queue = left.client.queue
    stats = await queue.stats("jobs")
    counts = (stats.ready, stats.delayed, stats.leased, stats.dead)
    assert counts == (3, 2, 2, 3)
    config = await queue.configure(
        "jobs", max_attempts=None, retry_delay_ms=None, dlq_limit=None, dedup_window_ms=None
    )
    settings = (config.max_attempts, config.retry_delay_ms, config.dlq_limit)
    assert (*settings, config.dedup_window_ms) == (2, 500, 50, 3_600_000)
    done = await queue.stats("done")
    assert (done.enqueued_total, done.acked_total, done.ready) == (3, 3, 0)


async def test_ready_messages_come_in_order(left: Left) -> None:
    peeked = await left.client.queue.peek("jobs", 10)
    assert [message.seq for message in peeked.messages] == left.notes["queue"]["ready"]
    taken = await left.client.queue.dequeue("jobs", 10)
    assert [message.payload for message in taken.messages] == [b"urgent", b"ready 1", b"ready 2"]
    acked = await left.client.queue.ack("jobs", taken.messages)
    assert (acked.done, acked.stale) == (left.notes["queue"]["ready"], [])


async def test_leases_are_held_and_run_out(left: Left) -> None:
    [[seq, lease], [lost, lost_lease]] = left.notes["queue"]["leased"]
    acked = await left.client.call(QueueAck("jobs", [seq], [lease]))
    assert (acked.done, acked.stale) == ([seq], [])
    await left.server.advance(60_500)
    taken = (await left.client.queue.dequeue("jobs", 10)).messages
    assert (await left.client.call(QueueAck("jobs", [lost], [lost_lease]))).stale == [lost]
    again = {message.seq: message.attempt for message in taken}
    assert again[lost] == 2
    assert seq not in again


async def test_delays_and_retries_come_due(left: Left) -> None:
    notes, queue = left.notes["queue"], left.client.queue
    await left.server.advance(499)
    assert (await queue.stats("jobs")).delayed == 2
    await left.server.advance(1)
    [retried] = (await queue.dequeue("jobs")).messages
    assert (retried.seq, retried.attempt, retried.payload) == (
        notes["retried"],
        2,
        b"to be retried",
    )
    nacked = await left.client.call(
        QueueNack("jobs", [retried.seq], [retried.lease], error="again")
    )
    assert nacked.done == [retried.seq]
    dead = (await queue.dlq_list("jobs")).messages[-1]
    assert (dead.seq, dead.reason, dead.error) == (retried.seq, "max_attempts", "again")
    await left.server.advance(29_499)
    assert (await queue.stats("jobs")).delayed == 1
    await left.server.advance(1)
    [delayed] = (await queue.dequeue("jobs")).messages
    assert (delayed.seq, delayed.payload) == (notes["delayed"], b"delayed")


async def test_dead_letters_are_read_and_return(left: Left) -> None:
    queue, notes = left.client.queue, left.notes["queue"]
    dead = (await queue.dlq_list("jobs")).messages
    assert [message.seq for message in dead] == notes["dead"]
    assert [(each.payload, each.reason, each.error) for each in dead] == [
        (b"worn out", "max_attempts", "it broke"),
        (b"abandoned", "max_attempts", None),
        (b"refused", "nacked", "poison"),
    ]
    assert await queue.dlq_requeue("jobs", notes["dead"][:2]) == 2
    assert await queue.dlq_delete("jobs", notes["dead"][2:]) == 1
    taken = (await queue.dequeue("jobs", 2)).messages
    assert [(message.payload, message.attempt) for message in taken] == [
        *((b"worn out", 1), (b"abandoned", 1))
    ]
    assert (await queue.stats("jobs")).dead == 0


async def test_what_was_enqueued_once_is_not_enqueued_again(left: Left) -> None:
    queue = left.client.queue
    [[once, _], _] = left.notes["queue"]["leased"]
    assert await queue.enqueue("jobs", b"again", dedup_key="once") == once
    await left.server.advance(3_600_000)
    newest = await queue.enqueue("jobs", b"again", dedup_key="once")
    assert newest == left.notes["queue"]["delayed"] + 1
