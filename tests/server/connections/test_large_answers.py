"""Answers that are large come as one, and others are served while they are made."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from floruntime import FloClient, NotConnectedError, OverloadedError, RequestTimeoutError
from floruntime.server.commit import large_answers
from floruntime.server.connections.outgoing import AT_ONCE_BYTES
from floruntime.server.connections.sockets import SocketConnection
from floruntime.testing import FloTestServer
from tests.server.certificates import Authority

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


class WrittenByTurn:
    """How many bytes the server's sockets write in each turn of the loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes: Counter[int] = Counter()
        self.largest_bytes = 0
        self._turn = 0
        self._loop = asyncio.get_running_loop()
        self._turning = self._loop.call_soon(self._next_turn)
        write = SocketConnection._write_piece

        def noted(socket: SocketConnection, piece: bytes | memoryview) -> None:
            self.bytes[self._turn] += len(piece)
            self.largest_bytes = max(self.largest_bytes, len(piece))
            write(socket, piece)

        monkeypatch.setattr(SocketConnection, "_write_piece", noted)

    def _next_turn(self) -> None:
        self._turn += 1
        self._turning = self._loop.call_soon(self._next_turn)

    def stop(self) -> None:
        self._turning.cancel()


@pytest.mark.parametrize("door", ["tcp", "web"])
@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_only_so_much_of_it_is_written_in_one_turn_of_the_loop(
    door: str, is_encrypted: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if is_encrypted:
        authority = Authority(tmp_path)
        settings["tls_cert"], settings["tls_key"] = authority.issue()
        options["tls"] = authority.client()
    written = WrittenByTurn(monkeypatch)
    async with FloTestServer(**settings) as server:
        client = server.client(**options)
        for key in KEYS:
            await client.kv.put(key, VALUE)
        reader: Any = client if door == "tcp" else server.web_client(**options)
        await reader.connect()
        assert None not in await reader.kv.mget(KEYS)
        written.stop()
    assert written.bytes.total() > len(KEYS) * len(VALUE)
    assert max(written.bytes.values()) < 2 * AT_ONCE_BYTES
    assert written.largest_bytes <= AT_ONCE_BYTES


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
