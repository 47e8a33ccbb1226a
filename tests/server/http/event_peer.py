"""A reader of Server-Sent Events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import h11

from floruntime.testing import FloTestServer
from tests.server.http.http_peer import Reply
from tests.until import WAIT_S


class Event(NamedTuple):
    """One event. `name` is `message` unless told; a comment has no data."""

    id: str
    data: Any
    name: str = "message"


class EventPeer:
    """Reads the events of one request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._parser = h11.Connection(h11.CLIENT)
        self._text = ""
        self.head: h11.Response | None = None
        self.last_id = ""

    def ask(self, path: str, **headers: str) -> None:
        """Send the request."""
        named = {"Host": "localhost", **{k.replace("_", "-"): v for k, v in headers.items()}}
        request = h11.Request(method="GET", target=path, headers=list(named.items()))
        self._writer.write(self._parser.send(request) or b"")
        self._writer.write(self._parser.send(h11.EndOfMessage()) or b"")

    async def refusal(self) -> Reply:
        """The answer, which is no stream."""
        while await self._chunk() is not None:
            pass
        assert self.head is not None
        headers = {name.decode(): value.decode() for name, value in self.head.headers}
        return Reply(self.head.status_code, headers, self._text.encode())

    async def block(self) -> Event | None:
        """The next event or comment; `None` at the end."""
        while "\n\n" not in self._text:
            if await self._chunk() is None:
                return None
        text, _, self._text = self._text.partition("\n\n")
        lines = text.split("\n")
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        self.last_id = fields.get("id", self.last_id)
        data = json.loads(fields["data"]) if "data" in fields else None
        return Event(self.last_id, data, fields.get("event", "message"))

    async def next(self) -> Event:
        """The next event."""
        while True:
            event = await self.block()
            assert event is not None, (self.head, self._text)
            if event.data is not None:
                return event

    async def rest(self) -> list[Event]:
        """All that comes until it ends."""
        events = []
        while (event := await self.block()) is not None:
            events += [event] if event.data is not None else []
        return events

    async def _chunk(self) -> bool | None:
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA:
                async with asyncio.timeout(WAIT_S):
                    self._parser.receive_data(await self._reader.read(65536))
            elif isinstance(event, h11.Response):
                self.head = event
            elif isinstance(event, h11.Data):
                self._text += bytes(event.data).decode()
                return True
            else:
                return None


@asynccontextmanager
async def following(server: FloTestServer, path: str, **headers: str) -> AsyncIterator[EventPeer]:
    """Follow something for a block."""
    host, _, port = server.endpoint.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    peer = EventPeer(reader, writer)
    peer.ask(path, **headers)
    try:
        yield peer
    finally:
        writer.close()
