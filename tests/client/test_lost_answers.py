"""A lost answer is not a lost request: cut anywhere, a write happens once and is answered first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.core import kv, queue, stream, system
from floruntime.core.errors import ConflictError, FloError
from floruntime.core.types import Request
from floruntime.testing import FloTestServer
from tests.client.cutting_proxy import Cut, CuttingProxy
from tests.until import until

FAST = RetryPolicy(initial_delay_ms=1, max_delay_ms=10)
MINUTE_MS = 60_000


@asynccontextmanager
async def cut_off() -> AsyncIterator[tuple[FloTestServer, CuttingProxy, FloClient]]:
    """A server, a proxy before it, and a client behind the proxy."""
    async with (
        FloTestServer() as server,
        CuttingProxy(server.endpoint) as proxy,
        FloClient(proxy.endpoint, retry=FAST, timeout_ms=20_000) as client,
    ):
        yield server, proxy, client


async def nothing(c: FloClient) -> None:
    """Nothing stands before it."""


class Write(NamedTuple):
    """One kind of write: what stands before it, the call, and whether it happened once."""

    kind: type[Request[Any]]
    act: Callable[[FloClient, Any], Awaitable[Any]]
    happened_once: Callable[[FloClient, Any, Any], Awaitable[bool]]
    prepare: Callable[[FloClient], Awaitable[Any]] = nothing


async def one_key(c: FloClient) -> Any:
    return await c.kv.put("k", b"1", ttl_ms=MINUTE_MS)


async def one_message(c: FloClient) -> Any:
    return await c.queue.enqueue("q", b"x")


async def one_lease(c: FloClient) -> Any:
    await one_message(c)
    return (await c.queue.dequeue("q")).messages


async def one_dead(c: FloClient) -> Any:
    messages = await one_lease(c)
    await c.queue.nack("q", messages, to_dlq=True)
    return messages


async def two_records(c: FloClient) -> Any:
    return await c.stream.append_many("s", [b"a", b"b"])


async def two_pending(c: FloClient) -> Any:
    await two_records(c)
    return (await c.stream.group_read("s", group="g", consumer="c")).records


async def versions(c: FloClient) -> list[int]:
    return [entry.version for entry in await c.kv.history("k")]


async def stats(c: FloClient) -> list[int]:
    """Ready, leased, dead, enqueued, acked."""
    s = await c.queue.stats("q")
    return [s.ready, s.leased, s.dead, s.enqueued_total, s.acked_total]


async def payloads(c: FloClient) -> list[bytes]:
    return [record.payload for record in (await c.stream.read("s")).records]


async def group(c: FloClient) -> list[int]:
    info = await c.stream.group_info("s", "g")
    return [info.pending, info.lag]


async def act_batch(c: FloClient, _: Any) -> Any:
    async with c.batch() as batch:
        batch.kv.incr("n")
        batch.queue.enqueue("q", b"x")
        batch.stream.append("s", b"a")
    return batch.results


async def batch_once(c: FloClient, r: Any, _: Any) -> bool:
    parts = [await c.kv.get("n"), await stats(c), await payloads(c)]
    return parts == [b"1", [1, 0, 0, 1, 0], [b"a"]] and r[0] == 1 and r[1] == 1


async def delivered_once(c: FloClient, r: Any, _: Any) -> bool:
    """Delivered, not lost, no attempt counted twice, and the lease told is the one that holds."""
    (message,) = r.messages
    return (
        message.attempt == 1
        and await stats(c) == [0, 1, 0, 1, 0]
        and (await c.queue.ack("q", [message])).done == [message.seq]
    )


async def read_once(c: FloClient, r: Any, _: Any) -> bool:
    acked = await c.stream.group_ack("s", r.records, group="g")
    return (
        [record.attempt for record in r.records] == [1, 1]
        and len(acked.done) == 2
        and await group(c) == [0, 0]
    )


async def put_once(c: FloClient, r: Any, _: Any) -> bool:
    return await versions(c) == [r.version]


async def changed_once(c: FloClient, r: Any, before: Any) -> bool:
    """One version more than `prepare` left."""
    return await versions(c) == [before.version + 1, before.version]


async def taken_once(c: FloClient, r: Any, _: Any) -> bool:
    """At most once, by choice: a lost answer is lost, but takes no second message."""
    return len(r.messages) <= 1 and await stats(c) == [1, 0, 0, 2, 1]


async def two_messages(c: FloClient) -> Any:
    return await c.queue.enqueue_many("q", [b"x", b"y"])


async def expires_in(c: FloClient) -> int | None:
    entry = await c.kv.entry("k")
    assert entry is not None
    return entry.expires_at_ms and entry.expires_at_ms - entry.updated_at_ms


async def appended_once(c: FloClient, r: Any, _: Any) -> bool:
    results = r if isinstance(r, list) else [r]
    records = (await c.stream.read("s")).records
    return [x.id for x in records] == [x.id for x in results] and len(records) in (1, 2)


WRITES: dict[str, Write] = {}


def write(
    name: str,
    kind: type[Request[Any]],
    act: Callable[[FloClient, Any], Awaitable[Any]],
    happened_once: Callable[[FloClient, Any, Any], Awaitable[bool]],
    prepare: Callable[[FloClient], Awaitable[Any]] = nothing,
) -> None:
    WRITES[name] = Write(kind, act, happened_once, prepare)


def told(
    expected: Any, state: Callable[[FloClient], Awaitable[Any]], after: Any
) -> Callable[[FloClient, Any, Any], Awaitable[bool]]:
    """The call answered `expected`, and `state` is `after`."""

    async def happened_once(c: FloClient, r: Any, _: Any) -> bool:
        return bool(r == expected and await state(c) == after)

    return happened_once


def done(
    state: Callable[[FloClient], Awaitable[Any]], after: Any, count: int = 1
) -> Callable[[FloClient, Any, Any], Awaitable[bool]]:
    """All `count` items were done, none stale, and `state` is `after`."""

    async def happened_once(c: FloClient, r: Any, _: Any) -> bool:
        return len(r.done) == count and not r.stale and await state(c) == after

    return happened_once


async def names(c: FloClient) -> list[str]:
    return sorted(item.name for item in await c.namespaces.list())


async def counter(c: FloClient) -> Any:
    return await c.kv.get("n")


async def dead_records(c: FloClient) -> int:
    return len(await c.stream.group_dead("s", "g"))


async def two_counted(c: FloClient) -> Any:
    return await c.kv.incr("n", 2)


write("put", kv.KvPut, lambda c, _: c.kv.put("k", b"1"), put_once)
write("put, cas", kv.KvPut, lambda c, _: c.kv.put("k", b"1", cas_version=0), put_once)
write("put, new", kv.KvPut, lambda c, _: c.kv.put("k", b"1", if_not_exists=True), put_once)
write(
    "put, next",
    kv.KvPut,
    lambda c, p: c.kv.put("k", b"2", cas_version=p.version),
    changed_once,
    one_key,
)
write("incr", kv.KvIncr, lambda c, _: c.kv.incr("n", 5), told(7, counter, b"7"), two_counted)
write("delete", kv.KvDelete, lambda c, _: c.kv.delete("k"), changed_once, one_key)
write(
    "touch", kv.KvTouch, lambda c, _: c.kv.touch("k", ttl_ms=5), told(True, expires_in, 5), one_key
)
write("persist", kv.KvTouch, lambda c, _: c.kv.persist("k"), told(True, expires_in, None), one_key)
write("json_set", kv.KvJsonSet, lambda c, _: c.kv.json_set("k", "$", {"a": 1}), put_once)
write("json_del", kv.KvJsonDel, lambda c, _: c.kv.json_del("k"), changed_once, one_key)
write(
    "enqueue",
    queue.QueueEnqueue,
    lambda c, _: c.queue.enqueue("q", b"x"),
    told(1, stats, [1, 0, 0, 1, 0]),
)
write(
    "enqueue_many",
    queue.QueueEnqueue,
    lambda c, _: c.queue.enqueue_many("q", [b"x", b"y"]),
    told([1, 2], stats, [2, 0, 0, 2, 0]),
)
write(
    "dequeue", queue.QueueDequeue, lambda c, _: c.queue.dequeue("q", 5), delivered_once, one_message
)
write(
    "dequeue, waiting",
    queue.QueueDequeue,
    lambda c, _: c.queue.dequeue("q", 5, block_ms=5_000),
    delivered_once,
    one_message,
)
write(
    "dequeue, on delivery",
    queue.QueueDequeue,
    lambda c, _: c.queue.dequeue("q", ack_mode="on_delivery"),
    taken_once,
    two_messages,
)
write(
    "ack", queue.QueueAck, lambda c, m: c.queue.ack("q", m), done(stats, [0, 0, 0, 1, 1]), one_lease
)
write(
    "nack",
    queue.QueueNack,
    lambda c, m: c.queue.nack("q", m),
    done(stats, [1, 0, 0, 1, 0]),
    one_lease,
)
write(
    "nack, dead",
    queue.QueueNack,
    lambda c, m: c.queue.nack("q", m, to_dlq=True),
    done(stats, [0, 0, 1, 1, 0]),
    one_lease,
)
write(
    "lease touch",
    queue.QueueTouch,
    lambda c, m: c.queue.touch("q", m),
    done(stats, [0, 1, 0, 1, 0]),
    one_lease,
)
write(
    "dlq_requeue",
    queue.QueueDlqRequeue,
    lambda c, m: c.queue.dlq_requeue("q", m),
    told(1, stats, [1, 0, 0, 1, 0]),
    one_dead,
)
write(
    "dlq_delete",
    queue.QueueDlqDelete,
    lambda c, m: c.queue.dlq_delete("q", m),
    told(1, stats, [0, 0, 0, 1, 0]),
    one_dead,
)
write(
    "dlq_purge",
    queue.QueueDlqPurge,
    lambda c, _: c.queue.dlq_purge("q"),
    told(1, stats, [0, 0, 0, 1, 0]),
    one_dead,
)
write(
    "purge",
    queue.QueuePurge,
    lambda c, _: c.queue.purge("q"),
    told(1, stats, [0, 0, 0, 1, 0]),
    one_message,
)
write(
    "queue delete",
    queue.QueueDelete,
    lambda c, _: c.queue.delete("q"),
    told(True, stats, [0, 0, 0, 0, 0]),
    one_message,
)
write("append", stream.StreamAppend, lambda c, _: c.stream.append("s", b"a"), appended_once)
write(
    "append_many",
    stream.StreamAppend,
    lambda c, _: c.stream.append_many("s", [b"a", b"b"]),
    appended_once,
)
write(
    "trim",
    stream.StreamTrim,
    lambda c, _: c.stream.trim("s", max_records=1),
    told(stream.TrimResult(1), payloads, [b"b"]),
    two_records,
)
write(
    "stream delete",
    stream.StreamDelete,
    lambda c, _: c.stream.delete("s", force=True),
    told(True, payloads, []),
    two_records,
)
write(
    "group_read",
    stream.GroupRead,
    lambda c, _: c.stream.group_read("s", group="g", consumer="c"),
    read_once,
    two_records,
)
write(
    "group_read, waiting",
    stream.GroupRead,
    lambda c, _: c.stream.group_read("s", group="g", consumer="c", block_ms=5_000),
    read_once,
    two_records,
)
write(
    "group_ack",
    stream.GroupAck,
    lambda c, r: c.stream.group_ack("s", r, group="g"),
    done(group, [0, 0], 2),
    two_pending,
)
write(
    "group_nack",
    stream.GroupNack,
    lambda c, r: c.stream.group_nack("s", r, group="g"),
    done(dead_records, 0, 2),
    two_pending,
)
write(
    "group_touch",
    stream.GroupTouch,
    lambda c, r: c.stream.group_touch("s", r, group="g"),
    done(group, [2, 0], 2),
    two_pending,
)
write(
    "group_delete",
    stream.GroupDelete,
    lambda c, _: c.stream.group_delete("s", "g"),
    told(True, payloads, [b"a", b"b"]),
    two_pending,
)
write("batch", system.Batch, act_batch, batch_once)
write(
    "namespace create",
    system.NamespaceCreate,
    lambda c, _: c.namespaces.create("made"),
    told(True, names, ["made"]),
)


async def a_namespace(c: FloClient) -> Any:
    return await c.namespaces.create("made")


write(
    "namespace delete",
    system.NamespaceDelete,
    lambda c, _: c.namespaces.delete("made"),
    told(True, names, []),
    a_namespace,
)


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
@pytest.mark.parametrize("name", WRITES)
async def test_a_write_happens_once_wherever_the_connection_breaks(name: str, cut: Cut) -> None:
    kind, act, happened_once, prepare = WRITES[name]
    async with cut_off() as (_, proxy, client):
        before = await prepare(client)
        proxy.plan(kind, cut)
        result = await act(client, before)
        assert proxy.cuts == 1
        assert await happened_once(client, result, before), result


@pytest.mark.parametrize("cut", [Cut.AT_ONCE, Cut.BEFORE_ANSWER], ids=lambda cut: cut.value)
async def test_the_opening_of_the_session_may_be_cut_too(cut: Cut) -> None:
    async with cut_off() as (_, proxy, client):
        proxy.plan(system.SessionOpen, cut)
        assert await client.kv.incr("n") == 1
        assert await client.kv.incr("n") == 2


async def test_a_write_older_than_what_is_remembered_is_refused_and_not_run_again() -> None:
    async with cut_off() as (server, proxy, client):
        await client.kv.incr("n")
        proxy.plan(kv.KvIncr, Cut.BEFORE_ANSWER, and_shut=True)
        lost = asyncio.create_task(client.kv.incr("n"))
        async with server.client() as other:
            await until(lambda: proxy.cuts == 1)
            await server.settle()
            await server.advance(11 * MINUTE_MS)
            proxy.open()
            with pytest.raises(FloError) as refusal:
                await lost
            assert refusal.value.ran == "maybe"
            assert await other.kv.get("n") == b"2"
        assert await client.kv.incr("n") == 3, "the client goes on"


async def test_a_remembered_write_older_than_ten_minutes_is_refused_though_its_client_stayed() -> (
    None
):
    """A second connection keeps the session; the answer is too old all the same."""
    async with cut_off() as (server, proxy, client):
        await client.kv.incr("n")
        proxy.plan(kv.KvIncr, Cut.BEFORE_ANSWER, and_shut=True)
        lost = asyncio.create_task(client.kv.incr("n"))
        async with server.client() as other:
            await until(lambda: proxy.cuts == 1)
            await server.settle()
            assert client.calls._channel is not None
            session = client.calls._channel._exchange.session
            server.server._clients.came(session)
            await server.advance(11 * MINUTE_MS)
            proxy.open()
            with pytest.raises(ConflictError) as refusal:
                await lost
            assert refusal.value.ran == "maybe"
            assert await other.kv.get("n") == b"2"


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
async def test_thousands_of_writes_in_flight_each_happen_once(cut: Cut) -> None:
    """More than the 1,024 that are remembered: the rest is held back until there is room."""
    async with cut_off() as (_, proxy, client):
        await client.kv.incr("n")
        proxy.plan(kv.KvIncr, cut)
        calls = [asyncio.create_task(client.kv.incr("n")) for _ in range(3_000)]
        for _ in range(3):
            await asyncio.sleep(0)
            proxy.cut_all()
        sums = await asyncio.gather(*calls)
        assert sorted(sums) == list(range(2, 3_002))
        assert await client.kv.get("n") == b"3001"


async def test_a_long_wait_keeps_its_place_while_thousands_of_writes_pass() -> None:
    async with cut_off() as (_, proxy, client):
        waiting = asyncio.create_task(client.queue.dequeue("q", block_ms=MINUTE_MS))
        for _ in range(3):
            await asyncio.gather(*(client.kv.incr("n") for _ in range(1_000)))
            proxy.cut_all()
        await client.queue.enqueue("q", b"x")
        (message,) = (await waiting).messages
        assert message.attempt == 1
        assert await stats(client) == [0, 1, 0, 1, 0]


async def _append_with_cuts(proxy: CuttingProxy, server: FloTestServer, count: int) -> list[bytes]:
    sent = [str(number).encode() for number in range(count)]
    async with server.client() as writer:
        for number, payload in enumerate(sent):
            await writer.stream.append("s", payload)
            if number % 7 == 3:
                proxy.cut_all()
            if number % 5 == 0:
                await asyncio.sleep(0)
    return sent


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
async def test_a_subscription_loses_and_repeats_nothing(cut: Cut) -> None:
    async with cut_off() as (server, proxy, client):
        seen: list[bytes] = []
        proxy.plan(stream.StreamRead, cut)
        async with await client.stream.subscribe("s", lambda r: seen.append(r.payload)):
            sent = await _append_with_cuts(proxy, server, 60)
            await until(lambda: len(seen) >= len(sent))
        assert seen == sent


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
async def test_following_loses_and_repeats_nothing(cut: Cut) -> None:
    async with cut_off() as (server, proxy, client):
        seen: list[bytes] = []
        proxy.plan(stream.StreamRead, cut)
        writing = asyncio.create_task(_append_with_cuts(proxy, server, 60))
        async with asyncio.timeout(10):
            async for record in client.stream.follow("s", start="0"):
                seen.append(record.payload)
                if len(seen) == 60:
                    break
        assert seen == await writing


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
async def test_a_watch_loses_and_repeats_nothing(cut: Cut) -> None:
    async with cut_off() as (server, proxy, client):
        watch = client.kv.watch("k")
        await watch.start()
        proxy.plan(kv.KvChanges, cut)

        async def change() -> None:
            async with server.client() as writer:
                for number in range(60):
                    await writer.kv.put("k", str(number))
                    if number % 7 == 3:
                        proxy.cut_all()

        changing = asyncio.create_task(change())
        async with asyncio.timeout(10):
            seen = [(await anext(watch)).value for _ in range(60)]
        await changing
        assert seen == [str(number).encode() for number in range(60)]
