"""Transactions: what was read must not have changed when what was written is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from floruntime import BadRequestError, ConflictError, FloClient
from floruntime.client.api.base.operation import Ask
from floruntime.client.api.kv.transaction import (
    Transaction,
    TxnFinishedError,
    TxnUnsupportedOpError,
)
from floruntime.core.kv import KvCheck, KvEntry
from floruntime.core.system import Batch
from tests.client.recorder import RecordingCaller


def entry(value: bytes, version: int) -> KvEntry:
    return KvEntry("a", value, version, 0, None)


class LaterCaller(RecordingCaller):
    """Answers only when all who could ask have done so."""

    async def _answer(self, ask: Ask[Any]) -> Any:
        await asyncio.sleep(0)
        return await super()._answer(ask)


@pytest.fixture
async def client() -> AsyncIterator[FloClient]:
    async with FloClient("memory://") as client:
        yield client


async def test_writes_are_done_together_by_the_commit(client: FloClient) -> None:
    transaction = await client.kv.begin("user:1")
    await transaction.put("name", "Jane", ttl_seconds=60)
    assert await transaction.incr("visits") == 1
    assert await transaction.incr("visits", 4) == 5
    await transaction.delete("mail")
    assert await client.kv.get("name") is None
    done = await transaction.commit()
    assert done.op_count == 4
    entry = await client.kv.entry("name")
    assert entry is not None
    assert entry.value == b"Jane"
    assert done.commit_index == entry.version
    assert done.results[1:] == [1, 5, False]
    assert await client.kv.get("visits") == b"5"


async def test_it_sees_what_it_wrote(client: FloClient) -> None:
    await client.kv.put("a", "1")
    async with await client.kv.begin() as transaction:
        assert await transaction.get("a") == b"1"
        await transaction.put("a", "2")
        assert await transaction.get("a") == b"2"
        await transaction.delete("a")
        assert not await transaction.exists("a")
        await transaction.put("b", "3")
        await transaction.touch("b", ttl_ms=60_000)
        await transaction.persist("b")
    assert not await client.kv.exists("a")
    entry = await client.kv.entry("b")
    assert entry is not None
    assert entry.expires_at_ms is None


async def test_two_that_count_at_once_see_each_other(client: FloClient) -> None:
    await client.kv.put("n", "5")
    async with await client.kv.begin() as transaction:
        counted = await asyncio.gather(transaction.incr("n"), transaction.incr("n", 10))
        assert sorted(counted) in ([6, 16], [15, 16])
    assert await client.kv.get("n") == b"16"


async def test_of_two_reads_at_once_the_commit_judges_by_the_first() -> None:
    caller = LaterCaller(entry(b"1", 1), entry(b"2", 2), [None])
    transaction = Transaction(caller, None, None)
    both = await asyncio.gather(transaction.get("a"), transaction.get("a"))
    assert list(both) == [b"1", b"1"]
    await transaction.commit()
    assert caller.requests[-1] == Batch([KvCheck("a", 1)])


async def test_a_key_that_was_read_must_not_have_changed(client: FloClient) -> None:
    await client.kv.put("a", "1")
    transaction = await client.kv.begin()
    assert await transaction.get("a") == b"1"
    assert await transaction.get("missing") is None
    assert transaction.version_of("a") > 0
    assert transaction.version_of("missing") == 0
    await transaction.put("b", "2")
    await client.kv.put("missing", "here now")
    with pytest.raises(ConflictError):
        await transaction.commit()
    assert await client.kv.get("b") is None


async def test_an_exception_in_its_block_forgets_it(client: FloClient) -> None:
    transaction = await client.kv.begin()

    async def fail() -> None:
        async with transaction:
            await transaction.put("a", "1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await client.kv.get("a") is None
    with pytest.raises(TxnFinishedError):
        await transaction.commit()


async def test_it_is_over_with_its_end(client: FloClient) -> None:
    transaction = await client.kv.begin(namespace="other")
    await transaction.put("a", "1")
    await transaction.rollback()
    await transaction.rollback()
    for call in (transaction.commit, transaction.__aenter__):
        with pytest.raises(TxnFinishedError):
            await call()
    for write in (transaction.get, transaction.exists, transaction.delete, transaction.incr):
        with pytest.raises(TxnFinishedError):
            await write("a")
    empty = await client.kv.begin()
    assert await empty.commit() == (0, 0, [])
    assert empty.id > transaction.id
    assert empty.pinned_hash == 0


async def test_what_is_wrong_is_refused_at_its_line(client: FloClient) -> None:
    transaction = await client.kv.begin()
    wrong: Any = 5
    with pytest.raises(BadRequestError):
        await transaction.put("a", wrong)
    await client.kv.put("text", "no number")
    with pytest.raises(ConflictError, match="holds no counter"):
        await transaction.incr("text")
    with pytest.raises(BadRequestError, match="routing_key"):
        await client.kv.begin(wrong)
    assert (await transaction.commit()).op_count == 0


@pytest.mark.parametrize("method", ["scan", "mget", "history", "json_get", "json_set", "json_del"])
async def test_what_reads_several_keys_is_not_in_it(client: FloClient, method: str) -> None:
    transaction: Transaction = await client.kv.begin()
    with pytest.raises(TxnUnsupportedOpError, match=method):
        await getattr(transaction, method)("a")
