"""The same script over TCP, over WebSocket and within the process, with the same results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest

from floruntime import BadRequestError, FloClient, NotFoundError
from floruntime.core.stream import StreamID
from floruntime.testing import FloTestServer
from floruntime.web import FloClient as WebClient

Client = FloClient | WebClient
Pair = tuple[FloClient, Client]
"""Who prepares things, and who follows the script."""


@asynccontextmanager
async def memory() -> AsyncIterator[Pair]:
    async with FloClient("memory://") as client:
        yield client, client


@asynccontextmanager
async def tcp() -> AsyncIterator[Pair]:
    async with FloTestServer() as server, server.client() as client, server.client() as other:
        yield client, other


@asynccontextmanager
async def websocket() -> AsyncIterator[Pair]:
    async with FloTestServer() as server, server.client() as client, server.web_client() as other:
        yield client, other


@asynccontextmanager
async def whole_client_over_websocket() -> AsyncIterator[Pair]:
    async with (
        FloTestServer() as server,
        server.client() as client,
        FloClient(server.web_endpoint) as other,
    ):
        yield client, other


async def script(prepare: FloClient, client: Client) -> list[Any]:
    """Everything that a page may do."""
    await prepare.kv.put("flag", b"off")
    await prepare.kv.put("flag", b"on")
    await prepare.kv.put("other", b"\x00\xff")
    streams, kv = client.streams, client.kv
    follower = streams.follow("chat", start="0")
    heard: list[bytes] = []
    all_heard = asyncio.Event()

    def hear(record: Any) -> None:
        heard.append(record.payload)
        if len(heard) == 4:
            all_heard.set()

    subscription = await streams.subscribe("chat", hear, start="$")
    results: list[Any] = [
        await kv.get("flag"),
        await kv.get("none"),
        await kv.entry("flag"),
        await kv.exists("flag"),
        await kv.exists("none"),
        await kv.history("flag"),
        await kv.mget(["other", "none", "flag"]),
        await kv.scan(limit=1),
        await kv.scan("o", keys_only=True),
        await streams.append("chat", "hello", headers={"from": "ada"}, partition_key="a"),
        await streams.append_many("chat", [b"one", b"\xff", b""]),
        (await streams.read("chat", start="0", limit=3)).records,
        (await streams.read("chat", offset=2)).records,
        (await streams.read("none")).records,
        [await anext(follower) for _ in range(4)],
        await streams.group_create("chat", "g", start="0"),
        await streams.group_join("chat", "g", "one"),
        (await streams.group_read("chat", group="g", consumer="one", limit=2)).records,
        await streams.group_pending("chat", "g"),
    ]
    first, second = results[-2]
    results += [
        await streams.group_touch("chat", [first], group="g"),
        await streams.group_ack("chat", [first], group="g"),
        await streams.group_nack("chat", [second], group="g", error="no"),
        await streams.group_nack("chat", [second], group="g"),
        (await streams.group_claim("chat", group="g", consumer="two", min_idle_ms=0)).records,
        await streams.group_info("chat", "g"),
        await streams.group_list("chat"),
        await streams.group_dead("chat", "g"),
        await streams.group_leave("chat", "g", "one"),
        await streams.group_seek("chat", "g", start="$"),
        await streams.group_delete("chat", "g"),
        await refusal(streams.group_info("chat", "g")),
        await refusal(streams.append("", b"")),
        await refusal(kv.get("k" * 5_000)),
        await refusal(kv.scan(cursor="foreign")),
        await refusal(streams.read("chat", limit=1_001)),
    ]
    async with asyncio.timeout(10):
        await all_heard.wait()
    await subscription.close()
    return [*results, heard]


async def refusal(call: Any) -> tuple[type[Exception], str]:
    with pytest.raises((BadRequestError, NotFoundError)) as caught:
        await call
    return type(caught.value), str(caught.value)


class Plain:
    """Results without what differs from run to run: times, and the numbers made from them."""

    def __init__(self) -> None:
        self._ids: dict[StreamID, int] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, StreamID):
            return f"id {self._ids.setdefault(value, len(self._ids))}"
        if isinstance(value, msgspec.Struct):
            return {
                name: "a time" if name.endswith("_ms") else self.of(getattr(value, name))
                for name in value.__struct_fields__
                if name not in ("lease", "version")
            }
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            return value
        if isinstance(value, dict):
            return value
        return [self.of(each) for each in value]


WAYS: list[Callable[[], AbstractAsyncContextManager[Pair]]] = [
    tcp,
    websocket,
    whole_client_over_websocket,
]


@pytest.mark.parametrize("way", WAYS)
async def test_the_same_script_gives_the_same_results(
    way: Callable[[], AbstractAsyncContextManager[Pair]],
) -> None:
    async with memory() as (prepare, client):
        expected = Plain().of(await script(prepare, client))
    async with way() as (prepare, client):
        assert Plain().of(await script(prepare, client)) == expected
    assert len(expected) > 30
