"""Answers that are large come as one, and others are served while they are made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime import FloClient, NotConnectedError, OverloadedError, RequestTimeoutError
from floruntime.server.commit import large_answers
from floruntime.server.connections.sockets import SocketConnection
from floruntime.testing import FloTestServer

VALUE = bytes(range(256)) * 2048
KEYS = [f"k{number}" for number in range(20)]


async def filled(server: FloTestServer) -> FloClient:
    client = server.client()
    for key in KEYS:
        await client.kv.put(key, VALUE + key.encode())
    return client


def values(entries: Any) -> list[bytes | None]:
    return [None if entry is None else entry.value for entry in entries]


@pytest.mark.parametrize("door", ["tcp", "web"])
async def test_a_large_answer_is_what_a_small_one_would_be(door: str) -> None:
    async with FloTestServer() as server:
        client = await filled(server)
        reader: Any = client if door == "tcp" else server.web_client()
        entries = await reader.kv.mget(["none", *KEYS])
        assert values(entries) == [None, *(VALUE + key.encode() for key in KEYS)]
        for number in range(20):
            await client.kv.put("h", VALUE + bytes([number]))
        versions = await reader.kv.history("h", limit=20)
        assert [version.value[-1] for version in versions] == list(range(19, -1, -1))
        assert await reader.kv.mget(["none"]) == [None]


@pytest.mark.parametrize("door", ["tcp", "web"])
async def test_its_pieces_are_sent_as_they_are_and_never_put_together(
    door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = SocketConnection.write

    def noted(socket: SocketConnection, data: bytes) -> None:
        sizes.append(len(data))
        write(socket, data)

    monkeypatch.setattr(SocketConnection, "write", noted)
    async with FloTestServer() as server:
        client = await filled(server)
        reader: Any = client if door == "tcp" else server.web_client()
        assert None not in await reader.kv.mget(KEYS)
    assert sum(sizes) > len(KEYS) * len(VALUE)
    assert max(sizes) < large_answers.PIECE_BYTES + 2 * len(VALUE)


async def test_it_shows_one_state_and_what_comes_behind_it_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(large_answers, "SLICE_S", 0.0001)
    async with FloTestServer() as server:
        client, other = await filled(server), server.client()
        reading = asyncio.gather(client.kv.mget(KEYS), client.kv.get("k1"))
        writing = [other.kv.put(key, b"new") for key in KEYS]
        await asyncio.gather(*writing)
        entries, behind = await reading
        assert {len(value or b"") > 1_000 for value in values(entries)} in ({True}, {False})
        assert behind is not None
        assert server.server.answers.held_bytes == 0


async def test_without_room_it_is_refused_half_way_and_forgotten() -> None:
    async with FloTestServer(answers_bytes_max=4 * 1024 * 1024) as server:
        await filled(server)
        hasty = server.client(timeout_ms=300)
        with pytest.raises((OverloadedError, RequestTimeoutError)):
            await hasty.kv.mget(KEYS)
        assert await hasty.kv.get("none") is None, "what comes behind it is done"
        assert server.server.answers.held_bytes == 0


async def test_a_caller_that_goes_lets_go_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_answers, "SLICE_S", 0.0)
    async with FloTestServer() as server:
        client = await filled(server)
        leaver = server.client()
        await leaver.connect()
        reading = asyncio.ensure_future(leaver.kv.mget(KEYS))
        await asyncio.sleep(0)
        await leaver.close()
        with pytest.raises(NotConnectedError):
            await reading
        assert await client.kv.get("none") is None
        await server.settle()
        assert server.server.answers.held_bytes == 0
