"""A client of HTTP on a test server: requests, and what came back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import h11

from floruntime.testing import FloTestServer
from tests.until import WAIT_S


class Reply(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)


class HttpPeer:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._parser = h11.Connection(h11.CLIENT)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request and take its answer. `_` in a header's name stands for a dash."""
        named = {"Host": "localhost"}
        if body is not None:
            named["Content-Type"] = "application/json"
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        named.setdefault("Content-Length", str(len(data)))
        if self._parser.our_state is h11.DONE:
            self._parser.start_next_cycle()
        request = h11.Request(method=method, target=path, headers=list(named.items()))
        self.send(self._parser.send(request) or b"")
        if data:
            self.send(self._parser.send(h11.Data(data=data)) or b"")
        self._parser.send(h11.EndOfMessage())
        return await self.reply()

    async def call(self, path: str, /, **members: Any) -> Any:
        """Make a call that is not refused; its result."""
        reply = await self.ask("POST", f"/v1/{path}", members)
        assert reply.status == 200, reply
        return reply.json

    async def refused(self, path: str, /, **members: Any) -> Any:
        """Make a call that is refused; its problem."""
        reply = await self.ask("POST", f"/v1/{path}", members)
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["status"] == reply.status
        return reply.json

    def send(self, data: bytes) -> None:
        """Send these bytes, HTTP or not."""
        self.writer.write(data)

    async def reply(self) -> Reply:
        """The next answer."""
        head: h11.Response | None = None
        body = b""
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA:
                async with asyncio.timeout(WAIT_S):
                    self._parser.receive_data(await self.reader.read(65536))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                return Reply(
                    head.status_code,
                    {name.decode(): value.decode() for name, value in head.headers},
                    body,
                )
            else:
                assert isinstance(event, h11.InformationalResponse), event

    async def reply_raw(self) -> bytes:
        """What comes next, as it came."""
        async with asyncio.timeout(WAIT_S):
            return await self.reader.read(65536)

    async def rest(self) -> bytes:
        """All that comes until the server ends the connection."""
        async with asyncio.timeout(WAIT_S):
            return await self.reader.read()

    async def close(self) -> None:
        """End the connection."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def connect(server: FloTestServer) -> HttpPeer:
    """A new connection to the server."""
    host, _, port = server.endpoint.partition(":")
    return HttpPeer(*await asyncio.open_connection(host, int(port)))


@asynccontextmanager
async def connected(server: FloTestServer) -> AsyncIterator[HttpPeer]:
    """A connection for a block."""
    peer = await connect(server)
    try:
        yield peer
    finally:
        await peer.close()
