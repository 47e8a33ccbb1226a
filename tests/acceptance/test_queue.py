"""`client.queue`, line by line of the contract."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from floruntime import (
    AckResult,
    BadRequestError,
    DequeueResult,
    FloClient,
    Message,
    Page,
    QueueConfig,
    QueueStats,
)
from floruntime.testing import FloTestServer
from tests.acceptance.waiting import under_way

DAY_MS = 24 * 3600 * 1000
TEN_YEARS_MS = 10 * 365 * DAY_MS
MIB = 1024 * 1024


async def take(client: FloClient, count: int = 1, **options: Any) -> list[Message]:
    return (await client.queue.dequeue("q", count, **options)).messages


async def take_one(client: FloClient, **options: Any) -> Message:
    [message] = await take(client, **options)
    return message


# Enqueue and dequeue


async def test_a_message_goes_through(served: FloClient, server: FloTestServer) -> None:
    seq = await served.queue.enqueue("q", "hello", priority=3)
    await server.advance(5)
    result = await served.queue.dequeue("q", count=10, visibility_timeout_ms=1_000)
    assert isinstance(result, DequeueResult)
    [message] = result.messages
    assert (message.seq, message.payload, message.priority, message.attempt) == (
        seq,
        b"hello",
        3,
        1,
    )
    assert message.lease > 0
    assert message.enqueued_at_ms == server.now_ms - 5
    assert message.lease_expires_at_ms == server.now_ms + 1_000
    assert (message.reason, message.error) == (None, None)
    assert await served.queue.ack("q", [seq]) == AckResult(done=[seq], stale=[])
    stats = await served.queue.stats("q")
    assert (stats.ready, stats.leased, stats.enqueued_total, stats.acked_total) == (0, 0, 1, 1)


async def test_many_are_one_commit_with_seqs_in_order(client: FloClient) -> None:
    seqs = await client.queue.enqueue_many("q", [b"a", "b", bytearray(b"c")], priority=1)
    assert isinstance(seqs, list)
    assert seqs == sorted(seqs)
    assert [m.payload for m in await take(client, 10)] == [b"a", b"b", b"c"]
    assert await client.queue.enqueue_many("q", []) == []
    assert len(await client.queue.enqueue_many("q", (b"x" for _ in range(1000)))) == 1000
    for bad in ([b"x"] * 1001, [b"x", None], b"one", "one"):
        with pytest.raises(BadRequestError):
            await client.queue.enqueue_many("q", bad)  # type: ignore[arg-type]  # the point of the test
    assert (await client.queue.stats("q")).ready == 1000
    assert len(await take(client, 1000)) == 1000


async def test_priority_is_strict_then_due_time_then_seq(
    served: FloClient, server: FloTestServer
) -> None:
    await served.queue.enqueue("q", "late", delay_ms=100)
    await server.advance(50)
    await served.queue.enqueue("q", "first")
    await served.queue.enqueue("q", "second")
    await server.advance(60)
    await served.queue.enqueue("q", "last")
    await served.queue.enqueue("q", "urgent", priority=0)
    await served.queue.enqueue("q", "idle", priority=65_535)
    peeked = await served.queue.peek("q", 10)
    messages = await take(served, 10)
    payloads = [message.payload.decode() for message in messages]
    assert payloads == ["urgent", "first", "second", "late", "last", "idle"]
    assert [message.payload.decode() for message in peeked.messages] == payloads


async def test_an_empty_or_missing_queue_gives_nothing(client: FloClient) -> None:
    assert await client.queue.dequeue("none") == DequeueResult([])
    assert (await client.queue.peek("none", count=5)).messages == []
    assert (await client.queue.dlq_list("none")).messages == []
    assert await client.queue.purge("none") == 0
    assert await client.queue.dlq_purge("none") == 0
    assert await client.queue.dlq_requeue("none", [1]) == 0
    assert await client.queue.dlq_delete("none", 1) == 0
    assert await client.queue.delete("none") is False
    assert await client.queue.ack("none", [1, 2]) == AckResult([], [1, 2])
    assert await client.queue.stats("none") == QueueStats("none", 0, 0, 0, 0, 0, 0, 0)
    assert list(await client.queue.list()) == []


async def test_peek_leases_nothing(client: FloClient) -> None:
    await client.queue.enqueue("q", b"x")
    for _ in range(2):
        [message] = (await client.queue.peek("q")).messages
        assert (message.lease, message.attempt, message.lease_expires_at_ms) == (0, 0, None)
    assert (await take_one(client)).attempt == 1
    assert (await client.queue.peek("q")).messages == []


async def test_on_delivery_is_at_most_once(served: FloClient, server: FloTestServer) -> None:
    await served.queue.enqueue("q", b"x")
    message = await take_one(served, ack_mode="on_delivery")
    assert message.payload == b"x"
    await server.advance(DAY_MS)
    assert await take(served) == []
    assert (await served.queue.stats("q")).acked_total == 1


async def test_a_delayed_message_is_invisible_until_due(
    served: FloClient, server: FloTestServer
) -> None:
    await served.queue.enqueue("q", b"x", delay_ms=1_000)
    await server.advance(999)
    assert await take(served) == []
    assert (await served.queue.peek("q")).messages == []
    assert (await served.queue.stats("q")).delayed == 1
    await server.restart()
    await server.advance(1)
    assert len(await take(served)) == 1


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("enqueue", {"priority": -1}),
        ("enqueue", {"priority": 65_536}),
        ("enqueue", {"priority": "high"}),
        ("enqueue", {"priority": None}),
        ("enqueue", {"delay_ms": -1}),
        ("enqueue", {"delay_ms": TEN_YEARS_MS + 1}),
        ("enqueue", {"delay_ms": 2**64}),
        ("enqueue", {"delay_ms": 0.5}),
        ("enqueue", {"dedup_key": ""}),
        ("enqueue", {"dedup_key": "k" * 256}),
        ("enqueue", {"dedup_key": "a\nb"}),
        ("enqueue", {"dedup_key": 5}),
        ("dequeue", {"count": 0}),
        ("dequeue", {"count": -1}),
        ("dequeue", {"count": 1001}),
        ("dequeue", {"count": None}),
        ("dequeue", {"visibility_timeout_ms": 0}),
        ("dequeue", {"visibility_timeout_ms": -5}),
        ("dequeue", {"visibility_timeout_ms": TEN_YEARS_MS + 1}),
        ("dequeue", {"block_ms": 300_001}),
        ("dequeue", {"block_ms": -1}),
        ("dequeue", {"ack_mode": "auto"}),
        ("dequeue", {"ack_mode": None}),
        ("nack", {"delay_ms": -1}),
        ("nack", {"to_dlq": True, "release": True}),
        ("nack", {"error": "e" * 4097}),
        ("nack", {"error": b"bytes"}),
        ("touch", {"extend_ms": 0}),
        ("touch", {"extend_ms": -1}),
        ("touch", {"extend_ms": TEN_YEARS_MS + 1}),
        ("peek", {"count": 0}),
        ("peek", {"count": 1001}),
        ("dlq_list", {"limit": 0}),
        ("dlq_list", {"limit": 1001}),
        ("configure", {"max_attempts": 0}),
        ("configure", {"retry_delay_ms": -1}),
        ("configure", {"dlq_limit": -1}),
        ("configure", {"dedup_window_ms": -1}),
        ("configure", {"dedup_window_ms": TEN_YEARS_MS + 1}),
    ],
)
async def test_what_can_never_be_right_is_refused_and_changes_nothing(
    client: FloClient, method: str, options: dict[str, Any]
) -> None:
    seq = await client.queue.enqueue("q", b"x")
    before = await client.queue.configure("q")
    further: dict[str, list[Any]] = {"enqueue": [b"y"], "nack": [[seq]], "touch": [[seq]]}
    more = further.get(method, [])
    with pytest.raises(BadRequestError) as caught:
        await getattr(client.queue, method)("q", *more, **options)
    assert caught.value.ran == "no"
    stats = await client.queue.stats("q")
    assert (stats.ready, stats.leased, stats.dead, stats.enqueued_total) == (1, 0, 0, 1)
    assert await client.queue.configure("q") == before


@pytest.mark.parametrize("name", ["q", "n" * 255, "ä" * 127, "日本 😀", "a/b: c", "-", " "])
async def test_good_names(client: FloClient, name: str) -> None:
    await client.queue.enqueue(name, b"x", dedup_key=name)
    assert [stats.name for stats in await client.queue.list()] == [name]


@pytest.mark.parametrize("name", ["", "n" * 256, "ä" * 128, "a\nb", "\x00", "\x7f", "\ud800", None])
async def test_bad_names(client: FloClient, name: Any) -> None:
    queue = client.queue
    for call in (
        queue.enqueue(name, b"x"),
        queue.enqueue_many(name, [b"x"]),
        queue.dequeue(name),
        queue.ack(name, [1]),
        queue.nack(name, [1]),
        queue.touch(name, [1]),
        queue.peek(name),
        queue.dlq_list(name),
        queue.dlq_requeue(name, [1]),
        queue.dlq_delete(name, [1]),
        queue.dlq_purge(name),
        queue.purge(name),
        queue.configure(name),
        queue.stats(name),
        queue.delete(name),
    ):
        with pytest.raises(BadRequestError):
            await call


async def test_a_payload_at_the_limit_and_one_past_it(client: FloClient) -> None:
    await client.queue.enqueue("q", bytes(MIB))
    for call in (
        client.queue.enqueue("q", bytes(MIB + 1)),
        client.queue.enqueue_many("q", [b"", bytes(MIB + 1)]),
        client.queue.enqueue("q", bytes(MIB + 1), dedup_key="unused"),
    ):
        with pytest.raises(BadRequestError, match="payload"):
            await call
    assert (await client.queue.stats("q")).enqueued_total == 1
    first = await client.queue.enqueue("q", b"x", dedup_key="unused")
    assert first > 1


# Leases


async def test_what_is_held_is_done_and_what_is_unknown_is_stale(client: FloClient) -> None:
    seqs = await client.queue.enqueue_many("q", [b"a", b"b", b"c"])
    messages = await take(client, 3)
    assert await client.queue.touch("q", messages) == AckResult(seqs, [])
    # ints and messages together, each answered for itself
    mixed: list[int | Message] = [messages[0], 999, seqs[1]]
    assert await client.queue.ack("q", mixed) == AckResult([seqs[0], seqs[1]], [999])
    assert await client.queue.nack("q", messages[2]) == AckResult([seqs[2]], [])
    assert await client.queue.ack("q", []) == AckResult([], [])
    assert await client.queue.ack("q", ()) == AckResult([], [])
    assert await client.queue.ack("q", 999) == AckResult([], [999])
    with pytest.raises(BadRequestError):
        await client.queue.ack("q", range(1, 1002))
    stale = await client.queue.ack("q", (seq for seq in range(100, 1100)))
    assert len(stale.stale) == 1000
    for bad in ("12", [None], [1.5], ["1"], [b"1"]):
        with pytest.raises(BadRequestError):
            await client.queue.ack("q", bad)  # type: ignore[arg-type]  # the point of the test
    for nothing in (None, 1.5):
        with pytest.raises((BadRequestError, TypeError)):
            await client.queue.ack("q", nothing)  # type: ignore[arg-type]  # the point of the test


async def test_a_lease_that_ran_out_may_be_acked_while_nobody_else_has_it(
    served: FloClient, server: FloTestServer
) -> None:
    await served.queue.enqueue("q", b"x")
    message = await take_one(served, visibility_timeout_ms=100)
    await server.advance(100)
    assert (await served.queue.stats("q")).ready == 1
    assert (await served.queue.nack("q", message)).stale == [message.seq]
    assert (await served.queue.touch("q", message)).stale == [message.seq]
    assert (await served.queue.ack("q", message)).done == [message.seq]
    assert await take(served) == []


async def test_a_message_delivered_again_is_stale_for_the_first_holder(
    served: FloClient, server: FloTestServer
) -> None:
    await served.queue.enqueue("q", b"x")
    first = await take_one(served, visibility_timeout_ms=100)
    await server.advance(100)
    async with server.client() as other:
        second = await take_one(other)
        assert second.lease > first.lease
        assert second.attempt == 2
        for seqs in (first, first.seq, [first.seq]):
            assert (await served.queue.ack("q", seqs)) == AckResult([], [first.seq])
            assert (await served.queue.nack("q", seqs, to_dlq=True)).stale == [first.seq]
            assert (await served.queue.touch("q", seqs)).stale == [first.seq]
        assert (await served.queue.stats("q")).leased == 1
        assert (await other.queue.ack("q", second.seq)).done == [second.seq]


async def test_a_client_that_never_dequeued_it_is_believed(
    served: FloClient, server: FloTestServer
) -> None:
    await served.queue.enqueue("q", b"x")
    message = await take_one(served)
    async with server.client() as operator:
        assert (await operator.queue.ack("q", [message.seq])).done == [message.seq]
    assert (await served.queue.ack("q", message)).done == [message.seq]
    assert (await served.queue.stats("q")).acked_total == 1


async def test_a_holder_may_repeat_itself_for_five_minutes(
    served: FloClient, server: FloTestServer
) -> None:
    await served.queue.enqueue_many("q", [b"a", b"b"])
    a, b = await take(served, 2)
    await served.queue.ack("q", a)
    await served.queue.nack("q", b, to_dlq=True)
    await server.advance(299_999)
    assert (await served.queue.ack("q", [a.seq])).done == [a.seq]
    assert (await served.queue.nack("q", [b.seq], to_dlq=True)).done == [b.seq]
    await server.advance(2)
    assert (await served.queue.ack("q", [a.seq])).stale == [a.seq]
    assert (await served.queue.stats("q")).acked_total == 1


async def test_touch_extends_from_now(served: FloClient, server: FloTestServer) -> None:
    await served.queue.enqueue("q", b"x")
    message = await take_one(served, visibility_timeout_ms=100)
    await server.advance(99)
    assert (await served.queue.touch("q", message, extend_ms=100)).done == [message.seq]
    await server.advance(99)
    assert await take(served) == []
    await server.advance(1)
    assert (await take_one(served)).attempt == 2


async def test_leases_are_never_reused(served: FloClient, server: FloTestServer) -> None:
    await served.queue.enqueue("q", b"x")
    leases = []
    for how in ("release", "nack", "run out", "release"):
        message = await take_one(served, visibility_timeout_ms=10)
        leases.append(message.lease)
        if how == "run out":
            await server.advance(10)
        else:
            await served.queue.nack("q", message, release=how == "release")
    await server.restart()
    leases.append((await take_one(served)).lease)
    assert leases == sorted(set(leases))


# Attempts and dead letters


async def test_after_max_attempts_deliveries_in_total_it_is_dead(
    served: FloClient, server: FloTestServer
) -> None:
    config = await served.queue.configure("q", max_attempts=3)
    assert config == QueueConfig(
        max_attempts=3, retry_delay_ms=0, dlq_limit=10_000, dedup_window_ms=300_000
    )
    seq = await served.queue.enqueue("q", b"x", priority=4)
    released = await take_one(served)
    await served.queue.nack("q", released, release=True)
    first = await take_one(served)
    first_ms = server.now_ms
    assert (released.attempt, first.attempt) == (1, 1)
    await served.queue.nack("q", first, error="boom")
    second = await take_one(served, visibility_timeout_ms=10)
    await server.advance(10)
    third = await take_one(served)
    assert (second.attempt, third.attempt) == (2, 3)
    await served.queue.nack("q", third, error="the last")
    assert await take(served) == []
    [letter] = (await served.queue.dlq_list("q")).messages
    assert (letter.seq, letter.payload, letter.attempt) == (seq, b"x", 3)
    assert (letter.reason, letter.error, letter.priority) == ("max_attempts", "the last", 4)
    assert letter.first_delivered_at_ms is not None
    assert letter.first_delivered_at_ms <= first_ms
    assert letter.last_delivered_at_ms == server.now_ms
    stats = await served.queue.stats("q")
    assert (stats.dead, stats.ready, stats.oldest_age_ms) == (1, 0, 0)


async def test_nack_gives_back_at_once_or_after_a_delay(
    served: FloClient, server: FloTestServer
) -> None:
    await served.queue.enqueue("q", b"x")
    await served.queue.nack("q", await take_one(served), delay_ms=500)
    await server.advance(499)
    assert await take(served) == []
    await server.advance(1)
    await served.queue.configure("q", retry_delay_ms=300)
    await served.queue.nack("q", [(await take_one(served)).seq])
    assert await take(served) == []
    await server.advance(300)
    assert (await take_one(served)).attempt == 3


async def test_dead_letters_are_listed_requeued_and_deleted(client: FloClient) -> None:
    seqs = await client.queue.enqueue_many("q", [b"a", b"b", b"c", b"d"])
    messages = await take(client, 4)
    assert (await client.queue.nack("q", messages, to_dlq=True, error="no")).done == seqs
    page = await client.queue.dlq_list("q", limit=3)
    assert [(m.seq, m.reason, m.error) for m in page.messages] == [
        (seq, "nacked", "no") for seq in seqs[:3]
    ]
    assert page.cursor is not None
    rest = await client.queue.dlq_list("q", limit=3, cursor=page.cursor)
    assert ([m.seq for m in rest.messages], rest.cursor) == (seqs[3:], None)
    with pytest.raises(BadRequestError, match="cursor"):
        await client.queue.dlq_list("other", cursor=page.cursor)
    assert await client.queue.dlq_requeue("q", [seqs[0], 999, seqs[0]]) == 1
    assert await client.queue.dlq_requeue("q", seqs[0]) == 0
    again = await take_one(client)
    assert (again.payload, again.attempt, again.reason, again.error) == (b"a", 1, None, None)
    assert (await client.queue.ack("q", messages[0])).stale == [seqs[0]]
    assert await client.queue.dlq_delete("q", page.messages[1]) == 1
    assert await client.queue.dlq_delete("q", [seqs[1]]) == 0
    assert await client.queue.dlq_purge("q") == 2
    assert (await client.queue.stats("q")).dead == 0


async def test_beyond_the_limit_the_oldest_dead_letters_go_and_are_counted(
    client: FloClient,
) -> None:
    await client.queue.configure("q", dlq_limit=2)
    seqs = await client.queue.enqueue_many("q", [b"a", b"b", b"c"])
    await client.queue.nack("q", await take(client, 3), to_dlq=True)
    assert [m.seq for m in (await client.queue.dlq_list("q")).messages] == seqs[1:]
    stats = await client.queue.stats("q")
    assert (stats.dead, stats.dead_evicted_total) == (2, 1)


# Dedup


async def test_a_dedup_key_holds_for_its_window_from_the_first_enqueue(
    served: FloClient, server: FloTestServer
) -> None:
    first = await served.queue.enqueue("q", b"1", dedup_key="k")
    assert await served.queue.enqueue("q", b"2", dedup_key="k") == first
    await served.queue.ack("q", await take_one(served))
    await server.advance(200_000)
    assert await served.queue.enqueue("q", b"3", dedup_key="k") == first
    assert await take(served) == []
    await server.restart()
    await server.advance(99_999)
    assert await served.queue.enqueue("q", b"4", dedup_key="k") == first
    await server.advance(1)
    assert await served.queue.enqueue("q", b"5", dedup_key="k") != first
    assert (await take_one(served)).payload == b"5"


async def test_a_dedup_key_belongs_to_its_namespace_and_queue(client: FloClient) -> None:
    await client.queue.enqueue("q", b"1", dedup_key="k")
    await client.queue.enqueue("r", b"1", dedup_key="k")
    await client.queue.enqueue("q", b"1", dedup_key="k", namespace="other")
    assert (await client.queue.stats("r")).ready == 1
    assert (await client.queue.stats("q", namespace="other")).ready == 1
    for _ in range(2):
        await client.queue.enqueue("q", b"2", dedup_key="K")
    assert (await client.queue.stats("q")).ready == 2


# Administration


async def test_stats_count_every_phase(served: FloClient, server: FloTestServer) -> None:
    await served.queue.enqueue_many("q", [b"x"] * 5)
    await served.queue.enqueue("q", b"x", delay_ms=60_000)
    await served.queue.nack("q", await take_one(served), to_dlq=True)
    await served.queue.ack("q", await take_one(served))
    await take_one(served)
    await server.advance(70)
    assert await served.queue.stats("q") == QueueStats(
        name="q",
        ready=2,
        delayed=1,
        leased=1,
        dead=1,
        oldest_age_ms=70,
        enqueued_total=6,
        acked_total=1,
    )


async def test_queues_are_listed_by_name_in_pages(client: FloClient) -> None:
    for name in ("c", "a", "b"):
        await client.queue.enqueue(name, b"x")
    page = await client.queue.list(limit=2)
    assert isinstance(page, Page)
    assert [stats.name for stats in page] == ["a", "b"]
    assert (len(page), page[0].ready, page.has_more) == (2, 1, True)
    rest = await client.queue.list(limit=2, cursor=page.cursor)
    assert ([stats.name for stats in rest], rest.cursor, rest.has_more) == (["c"], None, False)
    assert (await client.queue.list(limit=3)).has_more is False
    with pytest.raises(BadRequestError, match="cursor"):
        await client.queue.list(cursor=page.cursor, namespace="other")
    for limit in (0, 1001):
        with pytest.raises(BadRequestError, match="limit"):
            await client.queue.list(limit=limit)


async def test_purge_and_delete(served: FloClient, server: FloTestServer) -> None:
    await served.queue.enqueue_many("q", [b"x"] * 3)
    await served.queue.enqueue("q", b"x", delay_ms=50)
    dead, held = await take(served, 2)
    await served.queue.nack("q", dead, to_dlq=True)
    assert await served.queue.purge("q") == 3
    assert await served.queue.purge("q") == 0
    assert (await served.queue.ack("q", held)).stale == [held.seq]
    await server.advance(60_000)
    assert await take(served, 10) == []
    assert (await served.queue.stats("q")).dead == 1
    await served.queue.enqueue("q", b"x", dedup_key="k")
    await served.queue.configure("q", max_attempts=1)
    assert await served.queue.delete("q") is True
    assert await served.queue.delete("q") is False
    assert list(await served.queue.list()) == []
    await served.queue.enqueue("q", b"new", dedup_key="k")
    message = await take_one(served)
    assert message.payload == b"new"
    await served.queue.nack("q", message)
    assert (await served.queue.stats("q")).dead == 0, "the settings went with the queue"


# Waiting


async def test_a_wait_is_woken_by_another_client(served: FloClient, server: FloTestServer) -> None:
    for wake in ("enqueue", "nack", "delay", "lease"):
        waiting = asyncio.ensure_future(take(served, block_ms=60_000))
        async with server.client() as other:
            if wake == "enqueue":
                await under_way(served)
                await other.queue.enqueue("q", wake)
            elif wake == "nack":
                await under_way(served)
                await other.queue.nack("q", [1])
            elif wake == "delay":
                await under_way(served)
                await other.queue.enqueue("q", wake, delay_ms=1_000)
                await server.advance(1_000)
            else:
                await under_way(served)
                await server.advance(30_000)
        messages = await asyncio.wait_for(waiting, 2)
        assert messages, wake
        if wake == "delay":
            await served.queue.nack("q", messages, delay_ms=5_000)
            await server.advance(5_000)
            await take_one(served)


async def test_waiting_consumers_are_served_first_come_first_served(
    served: FloClient, server: FloTestServer
) -> None:
    clients = [server.client() for _ in range(4)]
    waiting = []
    for client in clients:
        await client.connect()
        waiting.append(asyncio.ensure_future(take(client, block_ms=60_000)))
        await under_way(client)
    for number in range(4):
        await served.queue.enqueue("q", str(number))
    results = await asyncio.wait_for(asyncio.gather(*waiting), 2)
    assert [messages[0].payload for messages in results] == [b"0", b"1", b"2", b"3"]
    for client in clients:
        await client.close()


async def test_a_wait_ends_empty_at_its_time(served: FloClient, server: FloTestServer) -> None:
    waiting = asyncio.ensure_future(take(served, block_ms=300_000))
    await under_way(served)
    await server.advance(300_000)
    assert await waiting == []


async def test_a_cancelled_dequeue_takes_no_message(client: FloClient) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.queue.dequeue("q", block_ms=60_000), 0.05)
    await client.queue.enqueue("q", b"x")
    message = await take_one(client, block_ms=1_000)
    assert (message.payload, message.attempt) == (b"x", 1)


@pytest.mark.parametrize("client", ["memory", "tcp"], indirect=True)
async def test_a_dequeue_cancelled_while_the_message_comes_hands_it_back(
    client: FloClient,
) -> None:
    for turn in range(20):
        waiting = asyncio.ensure_future(client.queue.dequeue("q", block_ms=60_000))
        await under_way(client)
        enqueued = asyncio.ensure_future(client.queue.enqueue("q", str(turn)))
        for _ in range(turn):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await enqueued
        if waiting.cancelled():
            message = await take_one(client, block_ms=5_000)
        else:
            [message] = waiting.result().messages
        assert (message.payload, message.attempt) == (str(turn).encode(), 1)
        await client.queue.ack("q", message)


async def test_a_closed_clients_wait_takes_no_message(
    served: FloClient, server: FloTestServer
) -> None:
    other = server.client()
    await other.connect()
    waiting = asyncio.ensure_future(take(other, block_ms=60_000))
    await under_way(other)
    await other.close()
    await asyncio.gather(waiting, return_exceptions=True)
    await served.queue.enqueue("q", b"x")
    assert (await take_one(served)).attempt == 1


async def test_a_missing_queue_is_waited_for(client: FloClient) -> None:
    waiting = asyncio.ensure_future(take(client, block_ms=10_000))
    await under_way(client)
    await client.queue.enqueue("another", b"no")
    await client.queue.enqueue("q", b"no", namespace="other")
    await under_way(client)
    assert not waiting.done()
    await client.queue.enqueue_many("q", [b"yes", b"left"])
    assert [m.payload for m in await asyncio.wait_for(waiting, 2)] == [b"yes"]


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    endpoint = f"file:{tmp_path / 'data'}"
    async with FloClient(endpoint) as client:
        await client.queue.configure("q", max_attempts=2)
        await client.queue.enqueue_many("q", [b"held", b"dead", b"ready"])
        held, dead = await take(client, 2)
        await client.queue.nack("q", dead, to_dlq=True, error="why")
    async with FloClient(endpoint) as client:
        stats = await client.queue.stats("q")
        assert (stats.ready, stats.leased, stats.dead, stats.enqueued_total) == (1, 1, 1, 3)
        assert (await client.queue.dlq_list("q")).messages[0].error == "why"
        assert (await client.queue.ack("q", held)).done == [held.seq]
        assert (await take_one(client)).payload == b"ready"
        assert (await client.queue.configure("q", max_attempts=None)).max_attempts == 2
