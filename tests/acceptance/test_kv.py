"""`client.kv`, line by line of the contract."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime import (
    BadRequestError,
    ConflictError,
    FloClient,
    FloError,
    GapError,
    KvChange,
    KvEntry,
    NotFoundError,
    PutResult,
    ScanResult,
    VersionEntry,
)
from floruntime.testing import FloTestServer
from tests.acceptance.waiting import under_way

DAY_MS = 24 * 3600 * 1000
TEN_YEARS_MS = 10 * 365 * DAY_MS
MIB = 1024 * 1024


async def conflict_of(awaitable: Any) -> int | None:
    """The version that a lost condition reports."""
    with pytest.raises(ConflictError) as caught:
        await awaitable
    assert caught.value.ran == "no"
    return caught.value.current_version


# get, entry, put, delete, exists


async def test_a_value_comes_back_as_bytes(client: FloClient) -> None:
    assert await client.kv.get("k") is None
    assert await client.kv.entry("k") is None
    assert await client.kv.exists("k") is False
    result = await client.kv.put("k", "grüße")
    assert result == PutResult(version=1)
    assert await client.kv.get("k") == "grüße".encode()
    for value in (b"", b"\x00\xff", bytearray(b"x"), memoryview(b"y")):
        await client.kv.put("k", value)
        assert await client.kv.get("k") == bytes(value)
    assert await client.kv.exists("k") is True


async def test_an_entry_tells_everything(served: FloClient, server: FloTestServer) -> None:
    await served.kv.put("k", b"v", ttl_ms=500)
    assert await served.kv.entry("k") == KvEntry(
        key="k",
        value=b"v",
        version=1,
        updated_at_ms=server.now_ms,
        expires_at_ms=server.now_ms + 500,
    )
    await served.kv.put("k", b"v")
    entry = await served.kv.entry("k")
    assert entry is not None
    assert (entry.version, entry.expires_at_ms) == (2, None)
    with pytest.raises(AttributeError):
        entry.value = b"other"  # type: ignore[misc]  # the point of the test


async def test_delete_says_whether_it_existed(client: FloClient) -> None:
    assert await client.kv.delete("k") is False
    await client.kv.put("k", b"v")
    assert await client.kv.delete("k") is True
    assert await client.kv.delete("k") is False
    assert await client.kv.get("k") is None


async def test_versions_count_each_changed_key_and_go_on_after_deletion(client: FloClient) -> None:
    assert (await client.kv.put("a", b"1")).version == 1
    assert (await client.kv.put("b", b"1")).version == 2
    await client.kv.delete("a")  # 3
    await client.kv.delete("a")  # changes nothing
    assert (await client.kv.put("a", b"2")).version == 4
    await client.kv.incr("n")  # 5
    await client.namespaces.delete("default", force=True)
    assert (await client.kv.put("a", b"3")).version == 6
    assert (await client.kv.put("a", b"1", namespace="other")).version == 1


# Conditions


async def test_cas_takes_the_current_version_and_no_other(client: FloClient) -> None:
    first = (await client.kv.put("k", b"1")).version
    second = (await client.kv.put("k", b"2", cas_version=first)).version
    assert await conflict_of(client.kv.put("k", b"3", cas_version=first)) == second
    assert await conflict_of(client.kv.put("k", b"3", cas_version=0)) == second
    assert await conflict_of(client.kv.put("k", b"3", if_not_exists=True)) == second
    assert await conflict_of(client.kv.delete("k", cas_version=first)) == second
    assert await conflict_of(client.kv.touch("k", ttl_ms=1, cas_version=first)) == second
    assert await conflict_of(client.kv.persist("k", cas_version=first)) == second
    assert await client.kv.get("k") == b"2"
    assert await client.kv.delete("k", cas_version=second) is True


async def test_on_a_missing_key_conditions_report_version_0(client: FloClient) -> None:
    for how in range(2):
        assert await conflict_of(client.kv.put("k", b"1", cas_version=7)) == 0
        assert await conflict_of(client.kv.put("k", b"1", if_exists=True)) == 0
        assert await conflict_of(client.kv.delete("k", cas_version=7)) == 0
        assert await conflict_of(client.kv.touch("k", ttl_ms=5, cas_version=7)) == 0
        assert await conflict_of(client.kv.persist("k", cas_version=7)) == 0
        assert await client.kv.touch("k", ttl_ms=5) is False
        assert await client.kv.persist("k") is False
        if how == 0:  # and the same once more on a tombstone
            await client.kv.put("k", b"1", if_not_exists=True)
            await client.kv.put("k", b"1", if_exists=True)
            await client.kv.delete("k")
    await client.kv.put("k", b"1", cas_version=0)


async def test_an_expired_key_counts_as_missing(served: FloClient, server: FloTestServer) -> None:
    await served.kv.put("k", b"1", ttl_ms=10)
    await server.advance(10)
    assert await conflict_of(served.kv.put("k", b"1", cas_version=1)) == 0
    assert await served.kv.delete("k") is False
    await served.kv.put("k", b"2", cas_version=0, if_not_exists=True)


@pytest.mark.parametrize(
    "options",
    [
        {"if_not_exists": True, "if_exists": True},
        {"if_not_exists": True, "cas_version": 1},
        {"ttl_ms": 1, "ttl_seconds": 1},
        {"ttl_ms": 0},
        {"ttl_seconds": 0},
        {"ttl_ms": -1},
        {"ttl_ms": TEN_YEARS_MS + 1},
        {"ttl_ms": 2**63},
        {"ttl_ms": 2**70},
        {"ttl_ms": 1.5},
        {"ttl_ms": "5"},
        {"ttl_seconds": "5"},
        {"ttl_seconds": float("nan")},
        {"ttl_seconds": 10**400},
        {"cas_version": -1},
        {"cas_version": "1"},
    ],
)
async def test_what_can_never_be_right_is_refused_and_writes_nothing(
    client: FloClient, options: dict[str, Any]
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.kv.put("k", b"v", **options)
    assert caught.value.ran == "no"
    assert await client.kv.get("k") is None
    with pytest.raises(TypeError):
        await client.kv.put("k", b"v", no_such_option=1)  # type: ignore[call-arg]  # the point of the test


# Limits


@pytest.mark.parametrize("key", ["k", "k" * 4096, "ä" * 2048, "\x00", "\n", "日本 😀", "a/b:c"])
async def test_good_keys(client: FloClient, key: str) -> None:
    await client.kv.put(key, b"v")
    assert await client.kv.get(key) == b"v"
    assert [entry.key for entry in (await client.kv.scan()).entries] == [key]


@pytest.mark.parametrize("key", ["", "k" * 4097, "ä" * 2048 + "k", "\ud800", None, 5, b"k"])
async def test_bad_keys(client: FloClient, key: Any) -> None:
    kv = client.kv
    for call in (
        kv.get(key),
        kv.entry(key),
        kv.put(key, b"v"),
        kv.delete(key),
        kv.history(key),
        kv.mget(["good", key]),
        kv.incr(key),
        kv.touch(key, ttl_ms=1),
        kv.persist(key),
        kv.exists(key),
        kv.json_get(key),
        kv.json_set(key, "$", 1),
        kv.json_del(key),
        anext(kv.watch(key)),
    ):
        with pytest.raises(BadRequestError):
            await call
    assert not (await kv.scan()).entries


async def test_a_value_at_the_limit_and_one_past_it(client: FloClient) -> None:
    await client.kv.put("k", bytes(MIB))
    with pytest.raises(BadRequestError, match="1048577"):
        await client.kv.put("k", bytes(MIB + 1))
    assert await client.kv.get("k") == bytes(MIB)


async def test_values_of_16_mib_where_configured() -> None:
    async with FloTestServer(value_bytes_max=16 * MIB) as server, server.client() as client:
        assert (await client.info()).limits.value_bytes_max == 16 * MIB
        await client.kv.put("k", bytes(16 * MIB))
        assert await client.kv.get("k") == bytes(16 * MIB)
        with pytest.raises(BadRequestError):
            await client.kv.put("k", bytes(16 * MIB + 1))
        await client.queue.enqueue("q", bytes(16 * MIB))
        [message] = (await client.queue.dequeue("q", 10)).messages
        assert len(message.payload) == 16 * MIB


@pytest.mark.parametrize("value", [None, 5, 1.0, ["v"], {"a": 1}])
async def test_a_value_is_bytes_or_text(client: FloClient, value: Any) -> None:
    with pytest.raises(BadRequestError):
        await client.kv.put("k", value)


# TTL


async def test_a_key_lives_until_its_deadline_and_not_a_millisecond_more(
    served: FloClient, server: FloTestServer
) -> None:
    await served.kv.put("ms", b"", ttl_ms=1_500)
    await served.kv.put("s", b"", ttl_seconds=1.5)
    await server.advance(1_499)
    assert await served.kv.mget(["ms", "s"]) != [None, None]
    await server.advance(1)
    assert await served.kv.mget(["ms", "s"]) == [None, None]
    assert (await served.kv.scan()).entries == []
    assert [entry.deleted for entry in await served.kv.history("ms")] == [True, False]


async def test_overwriting_clears_the_ttl_and_counting_keeps_it(
    served: FloClient, server: FloTestServer
) -> None:
    for key in ("over", "count", "json", "persisted", "touched", "zero"):
        await served.kv.put(key, b"1", ttl_ms=1_000)
    await served.kv.json_set("json", "$", {"a": 1})
    await served.kv.touch("json", ttl_seconds=1)
    await served.kv.put("over", b"2")
    await served.kv.incr("count")
    await served.kv.json_set("json", "$.a", 2)
    assert await served.kv.persist("persisted") is True
    assert await served.kv.persist("persisted") is True
    assert await served.kv.touch("touched", ttl_ms=2_000) is True
    assert await served.kv.touch("zero", ttl_ms=0) is True
    await server.advance(1_000)
    keys = [entry.key for entry in (await served.kv.scan()).entries]
    assert keys == ["over", "persisted", "touched", "zero"]
    await server.advance(1_000)
    assert await served.kv.exists("touched") is False


async def test_touch_needs_a_ttl_and_keeps_value_and_version(client: FloClient) -> None:
    version = (await client.kv.put("k", b"v")).version
    refused: list[dict[str, Any]] = [{}, {"ttl_ms": 1, "ttl_seconds": 1}, {"ttl_ms": -1}]
    for options in refused:
        with pytest.raises(BadRequestError):
            await client.kv.touch("k", **options)
    assert await client.kv.touch("k", ttl_ms=60_000, cas_version=version) is True
    entry = await client.kv.entry("k")
    assert entry is not None
    assert entry.expires_at_ms is not None
    assert (entry.value, entry.version) == (b"v", version)


# scan and iterate


async def test_a_scan_is_in_byte_order_and_pages(client: FloClient) -> None:
    keys = ["Z", "a", "a\x00", "aa", "b", "é", "😀"]
    for key in reversed(keys):
        await client.kv.put(key, key)
    everything = await client.kv.scan()
    assert isinstance(everything, ScanResult)
    assert [entry.key for entry in everything.entries] == sorted(keys, key=str.encode)
    assert everything.cursor is None
    assert everything.has_more is False
    found: list[str] = []
    cursor = None
    while True:
        page = await client.kv.scan("", limit=3, cursor=cursor)
        found += [entry.key for entry in page.entries]
        assert page.has_more == (page.cursor is not None)
        if not page.has_more:
            break
        cursor = page.cursor
    assert found == keys
    assert [entry.key for entry in (await client.kv.scan("a")).entries] == ["a", "a\x00", "aa"]
    assert [entry.value for entry in (await client.kv.scan("a", keys_only=True)).entries] == [
        b""
    ] * 3
    assert [entry.key async for entry in client.kv.iterate("a")] == ["a", "a\x00", "aa"]
    assert [entry.key async for entry in client.kv.iterate()] == keys


async def test_a_full_last_page_knows_that_it_is_the_last(client: FloClient) -> None:
    for key in ("a", "b", "c"):
        await client.kv.put(key, b"")
    assert (await client.kv.scan(limit=3)).has_more is False
    await client.kv.delete("c")
    page = await client.kv.scan(limit=2)
    assert ([entry.key for entry in page.entries], page.has_more) == (["a", "b"], False)


async def test_what_is_there_throughout_appears_once_while_pages_are_read(
    client: FloClient,
) -> None:
    for number in range(0, 30, 3):
        await client.kv.put(f"k{number:02}", b"")
    seen: list[str] = []
    cursor = None
    for turn in range(10):
        page = await client.kv.scan("k", limit=2, cursor=cursor)
        seen += [entry.key for entry in page.entries]
        await client.kv.put(f"k{turn * 3 + 1:02}", b"")
        if page.entries:
            await client.kv.delete(page.entries[0].key)
        cursor = page.cursor
        if cursor is None:
            break
    assert [key for key in seen if int(key[1:]) % 3 == 0] == [f"k{n:02}" for n in range(0, 30, 3)]
    assert len(seen) == len(set(seen))


async def test_foreign_and_garbled_cursors_are_refused(client: FloClient) -> None:
    for key in ("a1", "a2", "b1", "b2"):
        await client.kv.put(key, b"")
        await client.kv.put(key, b"", namespace="other")
        await client.queue.enqueue(key, b"")
    page = await client.kv.scan("a", limit=1)
    assert page.cursor is not None
    queues = await client.queue.list(limit=1)
    for cursor in ("", "x", "ä", page.cursor[:-2], page.cursor + "A", queues.cursor):
        with pytest.raises(BadRequestError, match="cursor"):
            await client.kv.scan("a", cursor=cursor)
    with pytest.raises(BadRequestError, match="cursor"):
        await client.kv.scan("b", cursor=page.cursor)
    with pytest.raises(BadRequestError, match="cursor"):
        await client.kv.scan("a", cursor=page.cursor, namespace="other")


@pytest.mark.parametrize("limit", [0, -1, 1001, 2**63, 1.5, "1"])
async def test_a_page_has_1_to_1000_entries(client: FloClient, limit: Any) -> None:
    with pytest.raises(BadRequestError, match="limit"):
        await client.kv.scan(limit=limit)
    assert (await client.kv.scan(limit=1000)).entries == []


# history, mget


async def test_history_is_newest_first_deletions_included(
    served: FloClient, server: FloTestServer
) -> None:
    assert await served.kv.history("k") == []
    await served.kv.put("k", b"1")
    await server.advance(5)
    await served.kv.delete("k")
    now_ms = server.now_ms
    assert await served.kv.history("k") == [
        VersionEntry(version=2, value=b"", timestamp_ms=now_ms, deleted=True),
        VersionEntry(version=1, value=b"1", timestamp_ms=now_ms - 5, deleted=False),
    ]
    await server.advance(DAY_MS - 1)
    assert len(await served.kv.history("k")) == 2
    await server.advance(2)
    assert await served.kv.history("k") == []


async def test_history_keeps_64_versions(client: FloClient) -> None:
    for number in range(70):
        await client.kv.put("k", str(number))
    versions = await client.kv.history("k", limit=64)
    assert [int(version.value) for version in versions] == list(range(69, 5, -1))
    assert len(await client.kv.history("k")) == 10
    for limit in (0, 65, -1):
        with pytest.raises(BadRequestError, match="limit"):
            await client.kv.history("k", limit=limit)


async def test_mget_answers_in_order(client: FloClient) -> None:
    await client.kv.put("a", b"1")
    await client.kv.put("b", b"2")
    b, missing, a, again = await client.kv.mget(["b", "none", "a", "b"])
    assert isinstance(a, KvEntry)
    assert isinstance(b, KvEntry)
    assert (a.value, b.value, missing, again) == (b"1", b"2", None, b)
    assert await client.kv.mget([]) == []
    assert len(await client.kv.mget(("a",) * 256)) == 256
    with pytest.raises(BadRequestError, match="256"):
        await client.kv.mget(["a"] * 257)


# incr


async def test_a_counter(client: FloClient) -> None:
    assert await client.kv.incr("n", 5) == 5
    assert await client.kv.incr("n") == 6
    assert await client.kv.incr("n", delta=-10) == -4
    assert await client.kv.get("n") == b"-4"
    assert await client.kv.incr("n", 0) == -4
    await client.kv.put("n", b"41")
    assert await client.kv.incr("n") == 42
    counts = await asyncio.gather(*(client.kv.incr("many") for _ in range(50)))
    assert sorted(counts) == list(range(1, 51))


async def test_a_counter_has_64_bits(client: FloClient) -> None:
    assert await client.kv.incr("n", 2**63 - 1) == 2**63 - 1
    with pytest.raises(ConflictError):
        await client.kv.incr("n")
    assert await client.kv.get("n") == str(2**63 - 1).encode()
    assert await client.kv.incr("m", -(2**63)) == -(2**63)
    with pytest.raises(ConflictError):
        await client.kv.incr("m", -1)
    for delta in (2**63, -(2**63) - 1, 2**64, 1.5, "1"):
        with pytest.raises(BadRequestError):
            await client.kv.incr("n", delta)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("value", ["", "x", "1.0", " 1", "+1", "01", "-", "1\n", "٣", str(2**63)])
async def test_what_is_no_counter_is_a_conflict_and_stays(client: FloClient, value: str) -> None:
    version = (await client.kv.put("k", value)).version
    with pytest.raises(ConflictError):
        await client.kv.incr("k")
    entry = await client.kv.entry("k")
    assert entry is not None
    assert (entry.value, entry.version) == (value.encode(), version)


# JSON


async def test_json_documents(client: FloClient) -> None:
    kv = client.kv
    assert await kv.json_get("k") is None
    with pytest.raises(NotFoundError):
        await kv.json_set("k", "$.a", 1)
    document = {"a": {"b": [1, 2, {"c": None}]}, "big": 2**80, "é": "ü", "f": 0.1}
    assert isinstance(await kv.json_set("k", "$", document), PutResult)
    assert await kv.json_get("k") == document
    assert await kv.json_get("k", "$.a.b[2]") == {"c": None}
    assert await kv.json_get("k", path="$.a.b[-3]") == 1
    assert await kv.json_get("k", "$['é']") == "ü"
    for missing in ("$.x", "$.a.x.y", "$.a.b[3]", "$.f.g", "$.a[0]"):
        assert await kv.json_get("k", missing) is None
        assert await kv.json_del("k", missing) is False
    assert (await kv.history("k"))[0].version == 1
    await kv.json_set("k", "$.a.new", [True])
    await kv.json_set("k", "$.a.b[0]", 2**63)
    for bad in ("$.x.y", "$.a.b[3]", "$.f.g"):
        with pytest.raises(BadRequestError):
            await kv.json_set("k", bad, 1)
    assert await kv.json_get("k", "$.a") == {"b": [2**63, 2, {"c": None}], "new": [True]}
    assert await kv.json_del("k", "$.a.b[0]") is True
    assert await kv.json_get("k", "$.a.b[0]") == 2
    assert await kv.json_del("k") is True
    assert await kv.json_del("k") is False
    assert await kv.exists("k") is False


async def test_a_document_is_text_that_anyone_may_put(client: FloClient) -> None:
    await client.kv.put("k", '{"a": 1}')
    assert await client.kv.json_get("k", "$.a") == 1
    await client.kv.put("k", b"\xff no json")
    for call in (client.kv.json_get("k"), client.kv.json_set("k", "$.a", 1)):
        with pytest.raises(ConflictError):
            await call
    await client.kv.json_set("k", "$", [1])
    assert await client.kv.json_get("k") == [1]
    for path in ("", "a", "$.", "$..a", "$[*]", "$.a[", "$[?@.a]", None):
        with pytest.raises(BadRequestError):
            await client.kv.json_get("k", path)  # type: ignore[arg-type]  # the point of the test
    for value in (float("nan"), {1, 2}, b"bytes", object()):
        with pytest.raises(BadRequestError):
            await client.kv.json_set("k", "$", value)


# Waiting and watching


async def test_get_waits_for_the_key_to_exist(client: FloClient) -> None:
    waiting = asyncio.ensure_future(client.kv.get("k", block_ms=10_000))
    elsewhere = asyncio.ensure_future(client.kv.get("k", block_ms=10_000, namespace="other"))
    await under_way(client)
    await client.kv.put("other", b"")
    await under_way(client)
    assert not waiting.done()
    await client.kv.put("k", b"v")
    assert await asyncio.wait_for(waiting, 1) == b"v"
    assert await client.kv.get("k", block_ms=10_000) == b"v"
    assert not elsewhere.done()
    elsewhere.cancel()


@pytest.mark.parametrize("block_ms", [-1, 300_001, 2**63, 1.5, None])
async def test_block_ms_beyond_its_limit_is_refused(client: FloClient, block_ms: Any) -> None:
    with pytest.raises(BadRequestError, match="block_ms"):
        await client.kv.get("k", block_ms=block_ms)
    with pytest.raises(BadRequestError, match="block_ms"):
        await client.queue.dequeue("q", block_ms=block_ms)


async def test_a_wait_ends_at_its_time_with_nothing(
    served: FloClient, server: FloTestServer
) -> None:
    waiting = asyncio.ensure_future(served.kv.get("k", block_ms=300_000))
    await under_way(served)
    await server.advance(299_999)
    assert not waiting.done()
    await server.advance(1)
    assert await waiting is None


async def next_of(watch: Any) -> KvChange:
    change = await asyncio.wait_for(anext(watch), 2)
    assert isinstance(change, KvChange)
    return change


async def test_a_watch_shows_every_change_in_order(client: FloClient) -> None:
    watch = client.kv.watch("k")
    first = asyncio.ensure_future(next_of(watch))
    await under_way(client)
    await client.kv.put("k", b"1")
    await client.kv.put("kk", b"another key")
    await client.kv.incr("k")
    await client.kv.delete("k")
    assert await first == KvChange(key="k", value=b"1", version=1, deleted=False)
    assert await next_of(watch) == KvChange(key="k", value=b"2", version=3, deleted=False)
    assert await next_of(watch) == KvChange(key="k", value=b"", version=4, deleted=True)


async def test_a_watch_starts_after_the_version_given(client: FloClient) -> None:
    for value in ("1", "2", "3"):
        await client.kv.put("k", value)
    watch = client.kv.watch("k", from_version=1)
    assert [(await next_of(watch)).value for _ in range(2)] == [b"2", b"3"]
    everything = client.kv.watch("", prefix=True, from_version=0)
    assert [(await next_of(everything)).version for _ in range(3)] == [1, 2, 3]
    with pytest.raises(BadRequestError):
        await next_of(client.kv.watch("k", from_version=-1))


async def test_a_watch_begins_when_it_is_made(client: FloClient) -> None:
    await client.kv.put("k", b"before")
    watch = client.kv.watch("k")
    await client.kv.put("k", b"between")
    assert (await next_of(watch)).value == b"between"


async def test_a_prefix_watch_shows_the_keys_that_begin_with_it(client: FloClient) -> None:
    await client.kv.put("user:1", b"old")
    watch = client.kv.watch("user:", prefix=True)
    first = asyncio.ensure_future(next_of(watch))
    await under_way(client)
    await client.kv.put("user", b"no")
    await client.kv.put("user:2", b"yes", namespace="other")
    await client.kv.put("user:2", b"yes")
    assert (await first).key == "user:2"


async def test_a_watch_shows_expiry(served: FloClient, server: FloTestServer) -> None:
    await served.kv.put("k", b"v", ttl_ms=1_000)
    watch = served.kv.watch("k", from_version=1)
    await server.advance(1_000)
    assert await next_of(watch) == KvChange("k", b"", 2, True)


async def test_a_watch_raises_rather_than_skip(served: FloClient, server: FloTestServer) -> None:
    await served.kv.put("k", b"1")
    await served.kv.put("k", b"2")
    await server.advance(DAY_MS + 1)
    await served.kv.put("k", b"3")
    with pytest.raises(GapError) as caught:
        await next_of(served.kv.watch("k", from_version=0))
    first = caught.value.first_version
    assert first == 2
    assert (await next_of(served.kv.watch("k", from_version=first))).value == b"3"


async def test_a_step_that_is_given_up_loses_no_change(client: FloClient) -> None:
    watch = client.kv.watch("k", from_version=0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(watch), 0.05)
    await client.kv.put("k", b"1")
    assert (await next_of(watch)).value == b"1"


async def test_a_watch_can_be_left(client: FloClient) -> None:
    await client.kv.put("k", b"1")
    async for change in client.kv.watch("k", from_version=0):
        assert change.value == b"1"
        break
    assert await client.kv.get("k") == b"1"


async def test_errors_name_what_was_wrong(client: FloClient) -> None:
    with pytest.raises(FloError, match=r"key .*4097.*4096"):
        await client.kv.get("k" * 4097)
    with pytest.raises(FloError, match=r"limit is 0; 1 to 1000"):
        await client.kv.scan(limit=0)
