"""`floruntime.web.FloClient`: what there is on it, and that it works."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator

import pytest

from floruntime import BadRequestError, ConnectionFailedError, NotConnectedError
from floruntime.client.api.kv.kv import Kv
from floruntime.client.api.stream.stream import Stream
from floruntime.testing import FloTestServer
from floruntime.web import FloClient


@pytest.fixture
async def server() -> AsyncIterator[FloTestServer]:
    async with FloTestServer() as server:
        yield server


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_nothing_else_exists_on_it() -> None:
    client = FloClient("ws://localhost:9000/ws")
    assert public(client) == {
        *(
            "close",
            "connect",
            "endpoint",
            "is_connected",
            "kv",
            "namespace",
            "on_connect",
            "on_disconnect",
            "staleness_ms",
            "streams",
        ),
    }
    assert public(client.kv) == {"entry", "exists", "get", "history", "mget", "scan"}
    assert public(client.streams) - {"commands"} == {
        *("append", "append_many", "follow", "read", "subscribe"),
        *(name for name in public(Stream) if name.startswith("group_")),
    }


@pytest.mark.parametrize(("part", "whole"), [("kv", Kv), ("streams", Stream)])
def test_what_exists_is_the_same_as_on_the_whole_client(part: str, whole: type[object]) -> None:
    mine = getattr(FloClient("ws://localhost:9000/ws"), part)
    for name in public(mine) - {"commands"}:
        assert getattr(whole, name) is inspect.unwrap(getattr(type(mine), name))


@pytest.mark.parametrize(
    "endpoint", ["localhost:9000", "memory://", "file:x", "http://localhost:9000/ws"]
)
def test_only_websockets_are_taken(endpoint: str) -> None:
    with pytest.raises(BadRequestError, match="ws://"):
        FloClient(endpoint)


async def test_pages_append_read_and_subscribe(server: FloTestServer) -> None:
    async with server.client(namespace="shop") as whole:
        await whole.kv.put("flag", b"on")
    async with server.web_client(namespace="shop") as client:
        assert (client.namespace, client.endpoint) == ("shop", server.web_endpoint)
        assert client.is_connected
        assert await client.kv.get("flag") == b"on"
        follower = client.streams.follow("chat")
        await follower.start()
        await client.streams.append("chat", "hello", headers={"from": "ada"})
        assert (await anext(follower)).headers == {"from": "ada"}
        batch = await client.streams.group_read("chat", group="g", consumer="c")
        assert (await client.streams.group_ack("chat", batch.records, group="g")).stale == []


async def test_it_connects_and_closes_by_hand_too(server: FloTestServer) -> None:
    client = server.web_client(timeout_ms=1_000)
    assert await client.kv.get("k", block_ms=0) is None
    assert await client.connect() is client
    await client.close()
    await client.close()
    assert not client.is_connected
    with pytest.raises(NotConnectedError, match="closed"):
        await client.kv.get("k")


async def test_a_server_that_is_not_there_is_a_failed_connection() -> None:
    with pytest.raises(ConnectionFailedError):
        await FloClient("ws://127.0.0.1:1/ws").connect()
