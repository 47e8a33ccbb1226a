"""Keys by the calls of the first SDK."""

from __future__ import annotations

import json
from typing import Any

import pytest

import floruntime.compat.flo as flo


async def test_what_is_got_is_bytes_and_has_a_version(client: flo.FloClient) -> None:
    put = await client.kv.put("user:1", b"Jane")
    got = await client.kv.get("user:1")
    assert got == b"Jane"
    assert isinstance(got, flo.GetResult)
    assert (got.value, got.version) == (b"Jane", put.version)
    assert await client.kv.get("user:2") is None
    assert await client.kv.get("user:2", flo.GetOptions(block_ms=10)) is None


async def test_a_blocking_get_has_a_version_too(client: flo.FloClient) -> None:
    put = await client.kv.put("a", b"1")
    got = await client.kv.get("a", flo.GetOptions(block_ms=1_000))
    assert got is not None
    assert got.version == put.version


async def test_conditions(client: flo.FloClient) -> None:
    put = await client.kv.put("a", b"1", flo.PutOptions(ttl_seconds=60, if_not_exists=True))
    await client.kv.put("a", b"2", flo.PutOptions(cas_version=put.version))
    with pytest.raises(flo.ConflictError):
        await client.kv.put("a", b"3", flo.PutOptions(cas_version=put.version))
    with pytest.raises(flo.ConflictError):
        await client.kv.delete("a", flo.DeleteOptions(if_match=put.version))
    await client.kv.delete("a")
    await client.kv.delete("a")  # it may be gone
    with pytest.raises(flo.ConflictError):
        await client.kv.put("a", b"4", flo.PutOptions(if_exists=True))


async def test_keys_may_be_bytes(client: flo.FloClient) -> None:
    await client.kv.put(b"caf\xc3\xa9", b"1")
    assert await client.kv.get("café") == b"1"
    with pytest.raises(UnicodeDecodeError):
        await client.kv.get(b"\xff")


async def test_scans_are_of_bytes(client: flo.FloClient) -> None:
    for name in ("user:1", "user:2", "user:3"):
        await client.kv.put(name, name[-1].encode())
    page = await client.kv.scan("user:", flo.ScanOptions(limit=2))
    assert page.entries == [flo.KVEntry(b"user:1", b"1"), flo.KVEntry(b"user:2", b"2")]
    assert page.has_more
    assert isinstance(page.cursor, bytes)
    rest = await client.kv.scan(b"user:", flo.ScanOptions(cursor=page.cursor, keys_only=True))
    assert rest == flo.ScanResult([flo.KVEntry(b"user:3", None)], None, False)


async def test_several_keys(client: flo.FloClient) -> None:
    put = await client.kv.put("a", b"1")
    assert await client.kv.mget(["a", b"b"]) == [
        flo.MGetEntry("a", b"1", put.version, True),
        flo.MGetEntry("b", b"", 0, False),
    ]
    assert await client.kv.mget([]) == []


async def test_counters_and_what_lives_how_long(client: flo.FloClient) -> None:
    assert await client.kv.incr("n") == 1
    assert await client.kv.incr("n", flo.KVIncrOptions(delta=-3)) == -2
    await client.kv.touch("n", 60_000)
    entry = await client.native.kv.entry("n")
    assert entry is not None
    assert entry.expires_at_ms is not None
    await client.kv.persist("n")
    entry = await client.native.kv.entry("n")
    assert entry is not None
    assert entry.expires_at_ms is None
    assert await client.kv.exists("n")


async def test_history(client: flo.FloClient) -> None:
    for value in (b"1", b"2", b"3"):
        await client.kv.put("a", value)
    latest = await client.kv.history("a", flo.HistoryOptions(limit=2))
    assert [one.value for one in latest] == [b"3", b"2"]


async def test_json_is_text(client: flo.FloClient) -> None:
    put = await client.kv.json_set("doc", "$", json.dumps({"a": {"b": 1}}).encode())
    got = await client.kv.json_get("doc", "$.a")
    assert got is not None
    assert json.loads(got) == {"b": 1}
    assert got.version == put.version
    changed = await client.kv.json_set("doc", "$.a.b", b"2")
    assert changed.version > put.version
    assert (await client.kv.json_del("doc", "$.a")).version > changed.version
    assert await client.kv.json_get("doc", "$.a") is None
    with pytest.raises(ValueError, match="Expecting"):
        await client.kv.json_set("doc", "$", b"{")


async def test_a_transaction(client: flo.FloClient) -> None:
    put = await client.kv.put("a", b"1")
    transaction = await client.kv.begin("user:1")
    got = await transaction.get("a")
    assert got is not None
    assert (got.value, got.version) == (b"1", put.version)
    await transaction.put("a", b"2", flo.PutOptions(ttl_ms=60_000))
    assert await transaction.get("a") == b"2"
    assert await transaction.incr("n") == 1
    await transaction.touch("n", 60_000)
    await transaction.delete("old")
    assert await client.kv.get("a") == b"1"
    done = await transaction.commit()
    assert done.op_count == 4
    assert await client.kv.get("a") == b"2"
    with pytest.raises(flo.TxnFinishedError):
        await transaction.put("a", b"3")


async def test_a_transaction_that_lost(client: flo.FloClient) -> None:
    transaction = await client.kv.begin("a")
    assert await transaction.get("a") is None
    await client.kv.put("a", b"1")
    await transaction.put("a", b"2")
    with pytest.raises(flo.ConflictError):
        await transaction.commit()
    assert await client.kv.get("a") == b"1"


async def test_a_transaction_in_another_namespace(client: flo.FloClient) -> None:
    async with await client.kv.begin("a", namespace="other") as transaction:
        await transaction.put("a", b"1")
    assert await client.kv.get("a") is None
    assert await client.kv.get("a", flo.GetOptions(namespace="other")) == b"1"


@pytest.mark.parametrize("options", [flo.PutOptions(), {"block_ms": 1}, 5])
async def test_options_of_another_call_are_refused(client: flo.FloClient, options: Any) -> None:
    with pytest.raises(TypeError, match="options must be GetOptions, not"):
        await client.kv.get("a", options)
