"""Namespaces: made, listed, deleted, and blind to each other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime import (
    BadRequestError,
    ConflictError,
    FloClient,
    GapError,
    NotFoundError,
    Page,
)
from floruntime.testing import FloTestServer
from tests.acceptance.waiting import under_way
from tests.until import until


async def names(client: FloClient) -> list[str]:
    return [namespace.name for namespace in await client.namespaces.list()]


async def test_they_are_made_listed_and_deleted(client: FloClient) -> None:
    assert await names(client) == []
    await client.namespaces.create("b")
    await client.namespaces.create("b")
    await client.kv.put("k", b"v", namespace="a")
    await client.queue.enqueue("q", b"x", namespace="c")
    assert await names(client) == ["a", "b", "c"]
    page = await client.namespaces.list(limit=2)
    assert isinstance(page, Page)
    assert ([one.name for one in page], page.has_more) == (["a", "b"], True)
    rest = await client.namespaces.list(limit=2, cursor=page.cursor)
    assert ([one.name for one in rest], rest.has_more, rest.cursor) == (["c"], False, None)
    with pytest.raises(BadRequestError, match="cursor"):
        await client.namespaces.list(cursor="garbage")
    assert await client.namespaces.delete("b") is True
    assert await client.namespaces.delete("b") is False
    for full in ("a", "c"):
        with pytest.raises(ConflictError):
            await client.namespaces.delete(full)
        assert await client.namespaces.delete(full, force=True) is True
    assert await names(client) == []


@pytest.mark.parametrize("read", ["get", "scan", "stats", "dequeue", "watch"])
async def test_reading_makes_none(client: FloClient, read: str) -> None:
    if read == "watch":
        await client.kv.watch("k").start()
    elif read in ("stats", "dequeue"):
        await getattr(client.queue, read)("q")
    else:
        await getattr(client.kv, read)("k")
    assert await names(client) == []


@pytest.mark.parametrize("name", ["a", "A1", "a" * 63, "a-b_c.d", "z."])
async def test_good_names(client: FloClient, name: str) -> None:
    await client.kv.put("k", b"v", namespace=name)
    assert await names(client) == [name]


@pytest.mark.parametrize("name", ["", "1a", "-a", "a b", "ä", "a" * 64, "a/b", "a\n", "\ud800", 5])
async def test_bad_names(client: FloClient, name: Any) -> None:
    for call in (
        client.namespaces.create(name),
        client.namespaces.delete(name),
        client.kv.put("k", b"v", namespace=name),
        client.kv.get("k", namespace=name),
        client.queue.enqueue("q", b"x", namespace=name),
        client.queue.dequeue("q", namespace=name),
        client.queue.ack("q", [1], namespace=name),
    ):
        with pytest.raises(BadRequestError):
            await call
    assert await names(client) == []


async def test_they_never_see_each_other(server: FloTestServer) -> None:
    async with server.client(namespace="one") as one, server.client(namespace="two") as two:
        await one.kv.put("k", b"1")
        await one.queue.enqueue("q", b"1", dedup_key="d")
        waiting = asyncio.ensure_future(two.queue.dequeue("q", block_ms=60_000))
        await under_way(two)
        await one.queue.enqueue("q", b"2")
        await under_way(two)
        assert not waiting.done()
        assert await two.kv.get("k") is None
        assert (await two.kv.scan()).entries == []
        assert list(await two.queue.list()) == []
        assert (await two.queue.stats("q")).enqueued_total == 0
        await two.queue.enqueue("q", b"mine", dedup_key="d")
        [message] = (await waiting).messages
        assert message.payload == b"mine"
        # a seq of the one namespace means another message in the other
        assert (await one.queue.ack("q", [message])).stale == [message.seq]
        assert (await two.queue.ack("q", [message])).done == [message.seq]
        assert await one.kv.get("k", namespace="two") is None
        assert await two.kv.get("k", namespace="one") == b"1"


async def test_leases_are_known_by_namespace(client: FloClient) -> None:
    for namespace in ("default", "other"):
        await client.queue.enqueue("q", b"x", namespace=namespace)
        await client.queue.dequeue("q", namespace=namespace)
    assert (await client.queue.ack("q", [1], namespace="other")).done == [1]
    assert (await client.queue.ack("q", [1], namespace="default")).done == [1]
    assert (await client.queue.stats("q")).leased == 0


async def test_deleting_one_takes_all_of_it_at_once(
    served: FloClient, server: FloTestServer
) -> None:
    await served.kv.put("k", b"v", ttl_ms=1_000)
    await served.kv.put("kept", b"v", namespace="other")
    await served.queue.enqueue("q", b"x", delay_ms=1_000, dedup_key="d")
    version = (await served.kv.put("k2", b"v")).version
    await served.namespaces.delete("default", force=True)
    assert (await served.kv.scan()).entries == []
    assert await served.kv.history("k") == []
    assert list(await served.queue.list()) == []
    await served.kv.put("k", b"new")
    await server.advance(60_000)  # the timers of the old one do nothing
    entry = await served.kv.entry("k")
    assert entry is not None
    assert (entry.value, entry.version) == (b"new", version + 1)
    assert (await served.queue.dequeue("q")).messages == []
    assert await served.kv.get("kept", namespace="other") == b"v"


async def test_one_whose_keys_are_all_gone_is_empty(client: FloClient) -> None:
    await client.kv.put("k", b"v")
    await client.kv.delete("k")
    assert await client.namespaces.delete("default") is True


# Deleted while somebody waits


async def test_a_watch_of_a_deleted_namespace_is_told_of_the_gap(served: FloClient) -> None:
    put = await served.kv.put("flag", b"on")
    watch = served.kv.watch("flag")
    step = asyncio.ensure_future(anext(watch))
    await under_way(served)
    await served.namespaces.delete("default", force=True)
    with pytest.raises(GapError, match="was deleted after version 1"):
        await step
    anew = served.kv.watch("flag")
    await anew.start()
    with pytest.raises(GapError) as caught:
        await anext(served.kv.watch("flag", from_version=put.version))
    told = served.kv.watch("flag", from_version=caught.value.first_version)
    later = asyncio.ensure_future(anext(told))
    await under_way(served)
    assert (await served.kv.put("flag", b"new")).version == put.version + 1
    assert (await later).value == (await anext(anew)).value == b"new"
    with pytest.raises(GapError):
        await anext(served.kv.watch("flag", from_version=put.version))


async def test_a_watch_goes_on_over_other_namespaces(served: FloClient) -> None:
    await served.kv.put("k", b"v", namespace="other")
    watch = served.kv.watch("k")
    step = asyncio.ensure_future(anext(watch))
    await under_way(served)
    await served.namespaces.delete("other", force=True)
    await served.kv.put("k", b"v")
    assert (await step).value == b"v"


async def test_whoever_follows_a_stream_of_it_is_told_of_the_gap(served: FloClient) -> None:
    await served.stream.append("s", b"x")
    follower = served.stream.follow("s", start="0")
    await anext(follower)
    heard: list[bytes] = []
    subscription = await served.stream.subscribe("s", lambda record: heard.append(record.payload))
    step = asyncio.ensure_future(anext(follower))
    await under_way(served)
    await served.namespaces.delete("default", force=True)
    with pytest.raises(GapError, match="was deleted with its namespace"):
        await step
    await until(lambda: not subscription.is_active)
    assert isinstance(subscription.error, GapError)


async def test_all_that_waits_in_it_ends(served: FloClient) -> None:
    await served.queue.enqueue("other", b"x")
    await served.action.register("act")
    run = (await served.action.invoke("act")).run_id
    await served.worker.register("w", ["none"])
    waits: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(each)
        for each in (
            served.queue.dequeue("q", block_ms=300_000),
            served.stream.read("s", tail=True, block_ms=300_000),
            served.stream.group_read("s", group="g", consumer="c", block_ms=300_000),
            served.kv.get("k", block_ms=300_000),
            served.worker.await_task("w", ["none"], block_ms=300_000),
            served.action.wait(run, block_ms=300_000),
            served.action.call("act", block_ms=300_000),
        )
    ]
    await under_way(served)
    await served.namespaces.delete("default", force=True)
    async with asyncio.timeout(20):
        answers: list[Any] = await asyncio.gather(*waits, return_exceptions=True)
    queue, read, group, value, task, *runs = answers
    assert (queue.messages, read.records, group.records, value, task) == ([], [], [], None, None)
    assert [type(each) for each in runs] == [NotFoundError, NotFoundError]
