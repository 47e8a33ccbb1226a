"""Keys as a cache: values made once, deleted ones that go at once, versions as wanted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime import BadRequestError, FloClient, NamespaceInfo
from floruntime.testing import FloTestServer

DAY_MS = 24 * 3_600_000


async def test_a_value_is_made_once_and_kept(client: FloClient) -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"n": len(made)}

    for _ in range(3):
        assert await client.kv.get_or_set("k", make) == b'{"n":1}'
    assert made == [1]
    assert [entry.key for entry in (await client.kv.scan()).entries] == ["k"]


async def test_many_who_ask_at_once_get_what_one_makes(served: FloClient, other: FloClient) -> None:
    made: list[int] = []
    opened = asyncio.Event()

    async def make() -> str:
        made.append(1)
        await opened.wait()
        return "v"

    askers = [
        asyncio.ensure_future(client.kv.get_or_set("k", make))
        for client in (served, other)
        for _ in range(5)
    ]
    async with asyncio.timeout(20):
        while not made:
            await served.ping()
    await served.ping()
    opened.set()
    assert await asyncio.gather(*askers) == [b"v"] * 10
    assert made == [1]


async def test_it_expires_and_is_made_again(server: FloTestServer, served: FloClient) -> None:
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return str(len(made))

    assert await served.kv.get_or_set("k", make, ttl_ms=1_000) == b"1"
    await server.advance(1_000)
    assert await served.kv.get_or_set("k", make, ttl_ms=1_000) == b"2"


async def test_where_one_fails_the_next_makes_it(client: FloClient) -> None:
    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await client.kv.get_or_set("k", fail)
    assert await client.kv.get_or_set("k", lambda: b"v") == b"v"


async def test_where_the_value_is_refused_the_next_need_not_wait(client: FloClient) -> None:
    for ttl_ms, value in ((None, b"x" * (2**20 + 1)), (0, b"v")):
        with pytest.raises(BadRequestError):
            await client.kv.get_or_set("k", lambda value=value: value, ttl_ms=ttl_ms)  # type: ignore[misc]  # it is bytes
        assert not await client.kv.exists("k#making")
    assert await client.kv.get_or_set("k", lambda: b"v") == b"v"


async def test_a_purged_key_leaves_nothing(served: FloClient) -> None:
    for value in (b"1", b"2"):
        await served.kv.put("k", value)
    assert await served.kv.delete("k", purge=True) is True
    assert await served.kv.history("k") == []
    assert await served.kv.delete("k", purge=True) is False
    async with asyncio.timeout(20):
        watch = served.kv.watch("k", from_version=0)
        changes = [await anext(watch) for _ in range(3)]
    assert [(change.value, change.deleted) for change in changes] == [(b"", True)] * 3
    await served.kv.put("k", b"3")
    await served.kv.delete("k")
    assert len(await served.kv.history("k")) == 2
    assert await served.kv.delete("k", purge=True) is False
    assert await served.kv.history("k") == []


async def test_a_namespace_keeps_as_many_versions_as_it_is_told(
    server: FloTestServer, served: FloClient
) -> None:
    info = await served.namespaces.configure("default", kv_history=2, kv_deleted_ms=1_000)
    assert info == NamespaceInfo("default", server.now_ms, 2, 1_000)
    for number in range(5):
        await served.kv.put("k", str(number))
    assert [each.value for each in await served.kv.history("k")] == [b"4", b"3"]
    await served.kv.delete("k")
    await server.advance(999)
    assert len(await served.kv.history("k")) == 2
    await server.advance(1)
    assert await served.kv.history("k") == []
    assert (await served.namespaces.configure("default", kv_history=1)).kv_deleted_ms == 1_000
    await served.kv.put("k", b"a")
    await served.kv.put("k", b"b")
    assert [each.value for each in await served.kv.history("k")] == [b"b"]
    [listed] = await served.namespaces.list()
    assert (listed.kv_history, listed.kv_deleted_ms) == (1, 1_000)


async def test_fewer_versions_hold_from_the_next_change_on(served: FloClient) -> None:
    for number in range(10):
        await served.kv.put("k", str(number))
    await served.namespaces.configure("default", kv_history=3)
    assert len(await served.kv.history("k", limit=64)) == 10
    await served.kv.put("k", b"x")
    assert [each.value for each in await served.kv.history("k")] == [b"x", b"9", b"8"]


async def test_deleted_values_may_go_at_once(served: FloClient) -> None:
    await served.namespaces.configure("default", kv_deleted_ms=0)
    await served.kv.put("k", b"secret")
    await served.kv.delete("k")
    assert await served.kv.history("k") == []
    watch = served.kv.watch("k", from_version=0)
    assert [(await anext(watch)).value, (await anext(watch)).value] == [b"", b""]
    await served.kv.put("k", b"new", ttl_ms=1)


async def test_a_setting_that_changes_while_a_key_is_deleted_does_no_harm(
    server: FloTestServer, served: FloClient
) -> None:
    await served.kv.put("k", b"1")
    await served.kv.delete("k")
    await served.namespaces.configure("default", kv_deleted_ms=5)
    await served.kv.put("k", b"2")
    await server.advance(2 * DAY_MS)
    assert await served.kv.get("k") == b"2"
    assert len(await served.kv.history("k")) == 3
    await served.kv.delete("k")
    await server.advance(5)
    assert await served.kv.history("k") == []


@pytest.mark.parametrize("settings", [{"kv_history": 0}, {"kv_history": 65}, {"kv_deleted_ms": -1}])
async def test_settings_out_of_their_limits_are_refused(
    client: FloClient, settings: dict[str, Any]
) -> None:
    with pytest.raises(BadRequestError):
        await client.namespaces.configure("default", **settings)
