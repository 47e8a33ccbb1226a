"""Holds a kept conversation with another server: sends what was sent, and takes what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
from websockets.frames import Opcode
from websockets.utils import apply_mask

from floruntime.core import framing, wire
from floruntime.core.types import Request
from floruntime.testing import FloTestServer
from tests.history.conversation import Turn

WAIT_S = 60.0
END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Reply:
    """A request, what was answered then, and what is answered now."""

    request: Request[Any]
    then: bytes
    now: bytes


class Side:
    """What one end of one connection has sent: message after message, over TCP or WebSocket."""

    def __init__(self) -> None:
        self._data = b""
        self.is_web: bool | None = None
        self.head = b""

    def take(self, data: bytes, *, is_web: bool) -> list[bytes]:
        """The bodies of the messages that `data` completes."""
        self._data += data
        if is_web and not self.head:
            self.head, _, self._data = self._data.partition(END_OF_HEAD)
        self._data = self._data.removeprefix(framing.PREAMBLE)
        bodies: list[bytes] = []
        while (found := (_web_message if is_web else _frame)(self._data)) is not None:
            size, body = found
            self._data = self._data[size:]
            bodies += [] if body is None else [body]
        return bodies


def _frame(data: bytes) -> tuple[int, bytes | None] | None:
    if len(data) < framing.LENGTH.size:
        return None
    (size,) = framing.LENGTH.unpack_from(data)
    end = framing.LENGTH.size + size
    return (end, data[framing.LENGTH.size : end]) if len(data) >= end else None


def _web_message(data: bytes) -> tuple[int, bytes | None] | None:
    """One frame of WebSocket (RFC 6455, section 5.2), whole messages only; its size and payload."""
    if len(data) < 2:
        return None
    is_masked, size = data[1] & 0x80, data[1] & 0x7F
    wide = {126: 2, 127: 8}.get(size, 0)
    at = 2 + wide
    if wide:
        size = int.from_bytes(data[2:at])
    mask = data[at : at + 4] if is_masked else b""
    at += len(mask)
    if len(data) < at + size:
        return None
    payload = data[at : at + size]
    body = apply_mask(payload, mask) if mask else payload
    return at + size, bytes(body) if data[0] & 0x0F == Opcode.BINARY else None


class Connection:
    """One connection of a kept conversation: the requests of then, and both answers to each."""

    def __init__(self, is_web: bool) -> None:
        self._is_web = is_web
        self._asked: dict[int, Request[Any]] = {}
        self._sent, self._then, self._now = Side(), Side(), Side()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, data: bytes, server: FloTestServer) -> None:
        if self._writer is None:
            host, _, port = server.endpoint.rpartition(":")
            self._reader, self._writer = await asyncio.open_connection(host, int(port))
        self._writer.write(data)
        self.told(data)

    def told(self, data: bytes) -> None:
        """Know the requests that the client sent."""
        for body in self._sent.take(data, is_web=self._is_web):
            envelope = wire.decode_envelope(body)
            self._asked[envelope.id] = envelope.request

    def answered(self, data: bytes) -> list[tuple[Request[Any], bytes]]:
        """The requests that `data` answered then, with the bytes of their answers."""
        bodies = self._then.take(data, is_web=self._is_web)
        return [(self._asked[_id_of(body)], body) for body in bodies]

    async def receive(self, data: bytes) -> list[Reply]:
        """Wait for as much as was answered then."""
        then = {_id_of(body): body for body in self._then.take(data, is_web=self._is_web)}
        now: dict[int, bytes] = {}
        async with asyncio.timeout(WAIT_S):
            while len(now) < len(then) or (self._then.head and not self._now.head):
                assert self._reader is not None
                some = await self._reader.read(65_536)
                assert some, f"the server closed the connection before it answered {then}"
                now |= {_id_of(body): body for body in self._now.take(some, is_web=self._is_web)}
        assert then.keys() == now.keys()
        assert _accepted(self._then.head) == _accepted(self._now.head)
        return [Reply(self._asked[id], then[id], now[id]) for id in then]

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _id_of(body: bytes) -> int:
    id = msgspec.msgpack.decode(body)[0]
    assert isinstance(id, int)
    return id


def _accepted(head: bytes) -> list[bytes]:
    """Of a response to the request for a WebSocket: its status, and the proof that it was read."""
    lines = head.split(b"\r\n")
    return lines[:1] + [line for line in lines if line.lower().startswith(b"sec-websocket-accept")]


async def replay(turns: list[Turn], server: FloTestServer) -> AsyncIterator[Reply]:
    """Every reply of the conversation, held with `server`."""
    connections: dict[int, Connection] = {}
    try:
        for turn in turns:
            if "advance_ms" in turn:
                await server.advance(turn["advance_ms"])
                continue
            data = bytes.fromhex(turn["bytes"])
            connection = connection_of(connections, turn, data)
            if turn["from"] == "client":
                await connection.send(data, server)
            else:
                for reply in await connection.receive(data):
                    yield reply
    finally:
        for connection in connections.values():
            connection.close()


def kept_answers(turns: list[Turn]) -> list[tuple[Request[Any], bytes]]:
    """Every request of the conversation with the bytes of its answer, without a server."""
    connections: dict[int, Connection] = {}
    answers = []
    for turn in turns:
        if "bytes" in turn:
            data = bytes.fromhex(turn["bytes"])
            connection = connection_of(connections, turn, data)
            if turn["from"] == "client":
                connection.told(data)
            else:
                answers += connection.answered(data)
    return answers


def connection_of(connections: dict[int, Connection], turn: Turn, data: bytes) -> Connection:
    """The connection that `turn` is of, which its first bytes tell the kind of."""
    number = turn["connection"]
    if number not in connections:
        connections[number] = Connection(is_web=data.startswith(b"GET "))
    return connections[number]
