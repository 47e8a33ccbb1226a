"""`client.batch()`: several writes, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime import (
    AckResult,
    AppendResult,
    BadRequestError,
    ConflictError,
    FloClient,
    FloError,
    Message,
    NotFoundError,
    PutResult,
    QueueConfig,
)
from floruntime.testing import FloTestServer

MIB = 1024 * 1024


async def take_one(client: FloClient, **options: Any) -> Message:
    [message] = (await client.queue.dequeue("q", **options)).messages
    return message


async def test_results_are_those_of_the_methods_in_order(client: FloClient) -> None:
    await client.queue.enqueue("q", b"x")
    message = await take_one(client)
    async with client.batch() as b:
        b.queue.ack("q", [message])
        b.kv.check("limits", version=0)
        b.kv.put("k", "v", cas_version=0)
        b.kv.incr("n", 5)
        b.kv.delete("none")
        b.kv.json_set("doc", "$", {"a": 1})
        b.kv.json_del("doc", "$.a")
        b.kv.touch("k", ttl_ms=60_000)
        b.kv.persist("k")
        b.queue.enqueue("q", "one", priority=1)
        b.queue.enqueue_many("q", ["two", "three"])
        b.queue.configure("q", max_attempts=2)
        b.queue.purge("other")
        b.stream.append("s", "event")
        b.streams.append_many("s", ["more"])
    assert isinstance(b.results[13], AppendResult)
    assert [type(one) for one in b.results.pop()] == [AppendResult]
    b.results.pop()
    assert b.results == [
        AckResult([message.seq], []),
        None,
        PutResult(1),
        5,
        False,
        PutResult(3),
        True,
        True,
        True,
        2,
        [3, 4],
        QueueConfig(max_attempts=2),
        0,
    ]
    assert await client.kv.get("k") == b"v"
    assert (await client.queue.stats("q")).ready == 3
    assert len((await client.stream.read("s")).records) == 2


async def test_a_later_command_sees_the_earlier(client: FloClient) -> None:
    async with client.batch() as b:
        b.kv.put("k", b"1", if_not_exists=True)
        b.kv.put("k", b"2", cas_version=1)
        b.kv.incr("k")
    assert b.results == [PutResult(1), PutResult(2), 3]
    assert await client.kv.get("k") == b"3"


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (lambda b: b.kv.check("k", version=7), ConflictError),
        (lambda b: b.kv.put("k", b"", if_not_exists=True), ConflictError),
        (lambda b: b.kv.incr("k"), ConflictError),
        (lambda b: b.kv.json_set("none", "$.a", 1), NotFoundError),
        (lambda b: b.kv.put("", b""), BadRequestError),
        (lambda b: b.queue.enqueue("q", b"x", priority=-1), BadRequestError),
        (lambda b: b.queue.ack("q", [999]), ConflictError),
        (lambda b: b.queue.enqueue("q", bytes(MIB + 1)), BadRequestError),
    ],
)
async def test_one_refused_refuses_all(client: FloClient, refused: Any, error: Any) -> None:
    version = (await client.kv.put("k", b"v")).version
    with pytest.raises(error) as caught:  # noqa: PT012 # a batch is a block
        async with client.batch() as b:
            b.kv.put("a", b"1")
            b.queue.enqueue("q", b"x", dedup_key="d")
            refused(b)
            b.kv.put("b", b"1")
    assert isinstance(caught.value, FloError)
    assert (caught.value.index, caught.value.ran) == (2, "no")
    assert b.results == []
    assert [entry.key for entry in (await client.kv.scan()).entries] == ["k"]
    assert (await client.queue.stats("q")).enqueued_total == 0
    assert (await client.kv.put("a", b"1")).version == version + 1
    await client.queue.enqueue("q", b"x", dedup_key="d")
    assert (await client.queue.stats("q")).enqueued_total == 1


async def test_a_lost_condition_tells_the_version(client: FloClient) -> None:
    await client.kv.put("k", b"v")
    with pytest.raises(ConflictError) as caught:
        async with client.batch() as b:
            b.kv.check("k", version=0)
    assert (caught.value.index, caught.value.current_version) == (0, 1)


async def test_a_stale_lease_refuses_all(served: FloClient, server: FloTestServer) -> None:
    await served.queue.enqueue("q", b"x")
    stale = await take_one(served, visibility_timeout_ms=10)
    await server.advance(10)
    async with server.client() as other:
        held = await take_one(other)
        for method, seqs in (("ack", [stale.seq]), ("nack", stale), ("touch", [stale])):
            with pytest.raises(ConflictError) as caught:  # noqa: PT012 # a batch is a block
                async with served.batch() as b:
                    b.kv.put("k", b"1")
                    getattr(b.queue, method)("q", seqs)
            assert caught.value.index == 1
        assert await served.kv.get("k") is None
        async with other.batch() as b:
            b.queue.ack("q", [held.seq])  # known by its seq alone
            b.kv.put("k", b"2")
        assert await served.kv.get("k") == b"2"


async def test_nothing_is_sent_if_the_block_raises(client: FloClient) -> None:
    with pytest.raises(KeyError):  # noqa: PT012 # a batch is a block
        async with client.batch() as b:
            b.kv.put("k", b"v")
            raise KeyError("mine")
    assert await client.kv.get("k") is None
    assert b.results == []


async def test_an_empty_batch_has_no_results(client: FloClient) -> None:
    async with client.batch() as b:
        pass
    assert b.results == []


async def test_what_comes_after_the_end_is_refused_not_forgotten(client: FloClient) -> None:
    async with client.batch() as b:
        b.kv.put("k", b"v")
    with pytest.raises(BadRequestError):
        b.kv.put("k", b"late")
    with pytest.raises(BadRequestError):
        async with b:
            pytest.fail("a batch is for one block")
    assert await client.kv.get("k") == b"v"
    assert b.results == [PutResult(1)]


async def test_it_takes_writes_only(client: FloClient) -> None:
    async with client.batch() as b:
        for read in ("get", "scan", "history", "watch"):
            with pytest.raises((AttributeError, BadRequestError)):
                getattr(b.kv, read)("k")
        for not_taken in ("dequeue", "peek", "stats"):
            with pytest.raises((AttributeError, BadRequestError)):
                getattr(b.queue, not_taken)("q")
        with pytest.raises((AttributeError, BadRequestError)):
            b.stream.group_read("s", group="g", consumer="c")  # type: ignore[attr-defined]  # the point of the test
        with pytest.raises(TypeError):
            b.kv.put("k")  # type: ignore[call-arg]  # the point of the test
        with pytest.raises(BadRequestError):
            b.kv.put("k", None)  # type: ignore[arg-type]  # the point of the test
    assert b.results == []


async def test_it_lies_in_one_namespace(client: FloClient) -> None:
    async with client.batch(namespace="other") as b:
        b.kv.put("k", b"v")
        with pytest.raises(BadRequestError, match="namespace"):
            b.kv.put("k", b"v", namespace="third")
    assert await client.kv.get("k") is None
    assert await client.kv.get("k", namespace="other") == b"v"
    with pytest.raises(BadRequestError):
        async with client.batch(namespace="1") as b:
            b.kv.put("k", b"v")


async def test_a_thousand_commands_and_one_more(client: FloClient) -> None:
    async with client.batch() as b:
        for number in range(1_000):
            b.kv.put(f"k{number}", b"")
    assert [result.version for result in b.results] == list(range(1, 1_001))
    with pytest.raises(BadRequestError, match="1000"):  # noqa: PT012 # a batch is a block
        async with client.batch() as b:
            for _ in range(1_001):
                b.kv.incr("n")
    assert await client.kv.get("n") is None


async def test_four_mebibytes_and_more(client: FloClient) -> None:
    async with client.batch() as b:
        for number in range(4):
            b.kv.put(f"k{number}", bytes(MIB - 100))
    with pytest.raises(BadRequestError, match="4194304"):  # noqa: PT012 # a batch is a block
        async with client.batch() as b:
            for number in range(4):
                b.kv.put(f"k{number}", bytes(MIB))
    assert len((await client.kv.scan(keys_only=True)).entries) == 4
    assert (await client.kv.history("k0"))[0].version == 1
