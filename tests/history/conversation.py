"""Conversations as bytes: recorded between a client and a server, and held again with another one.

A turn is `{"connection": NUMBER, "from": "client" | "server", "bytes": HEX}`, or
`{"advance_ms": NUMBER}` where the clock was moved. What one end sent in pieces is one turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import lzma
from pathlib import Path
from typing import Any

from floruntime import FloClient, FloError, RetryPolicy
from floruntime.core.token import Role, TokenCreate, hash_of, id_of
from floruntime.testing import FloTestServer
from tests.history.said import Speaker, say_all

Turn = dict[str, Any]

TOKEN = f"flo_historytoken_{'a' * 43}"
WEB_TOKEN = f"flo_historywebto_{'b' * 43}"
TIMEOUT_MS = 60_000
ONCE = RetryPolicy(initial_delay_ms=TIMEOUT_MS, max_delay_ms=TIMEOUT_MS, jitter=0)
"""A connection that was cut is not made again while the recording lasts."""


class Tap:
    """A port that passes everything on to `endpoint`, and writes it down."""

    def __init__(self, endpoint: str) -> None:
        self._host, _, port = endpoint.rpartition(":")
        self._port = int(port)
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.turns: list[Turn] = []
        self.endpoint = ""

    async def __aenter__(self) -> Tap:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.endpoint = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        there, onward = await asyncio.open_connection(self._host, self._port)
        both = [
            asyncio.create_task(self._pass(number, "client", reader, onward)),
            asyncio.create_task(self._pass(number, "server", there, writer)),
        ]
        self._tasks.update(both)
        await asyncio.wait(both)

    async def _pass(
        self, number: int, end: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                self._note(number, end, data)
                writer.write(data)
        writer.close()

    def _note(self, number: int, end: str, data: bytes) -> None:
        last = self.turns[-1] if self.turns else {}
        if (last.get("connection"), last.get("from")) == (number, end):
            last["bytes"] += data.hex()
        else:
            self.turns.append({"connection": number, "from": end, "bytes": data.hex()})


async def record() -> list[Turn]:
    """What a client of this version and its server say to each other, over TCP and WebSocket."""
    async with FloTestServer() as server, Tap(server.endpoint) as tap:

        async def advance(ms: int) -> None:
            tap.turns.append({"advance_ms": ms})
            await server.advance(ms)

        async with _client(tap.endpoint) as opener:  # which is cut by this
            await opener.call(TokenCreate(str(id_of(TOKEN)), hash_of(TOKEN), Role.ADMIN))
        async with _client(tap.endpoint, token=TOKEN) as client:
            await client.call(TokenCreate(str(id_of(WEB_TOKEN)), hash_of(WEB_TOKEN), Role.WEB))
        for name in ("tcp", "web"):
            endpoint = tap.endpoint if name == "tcp" else f"ws://{tap.endpoint}/ws"
            async with _client(endpoint, token=TOKEN, namespace=name) as client:
                await say_all(Speaker(client, advance), name)
        async with _client(tap.endpoint, token=WEB_TOKEN) as client:
            with contextlib.suppress(FloError):  # a page may not
                await client.queue.enqueue("jobs", b"")
        with contextlib.suppress(FloError):  # nobody may without a token
            async with _client(tap.endpoint):
                pass
    return tap.turns


def _client(endpoint: str, **options: Any) -> FloClient:
    return FloClient(endpoint, timeout_ms=TIMEOUT_MS, retry=ONCE, **options)


def kept(path: Path) -> list[Turn]:
    """The turns of a kept conversation."""
    return [json.loads(line) for line in lzma.decompress(path.read_bytes()).splitlines()]
