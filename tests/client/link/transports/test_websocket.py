"""The client's WebSocket: against our server, against what is no server, and bit by bit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from floruntime import FloClient
from floruntime.client.link.endpoint import WebEndpoint
from floruntime.client.link.transports.websocket import WebSocketLink
from floruntime.core.errors import (
    ConnectionFailedError,
    FloError,
    ForbiddenError,
)
from floruntime.testing import FloTestServer
from tests.server.connections.fake_socket import FakeTransport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)


def saying(data: bytes, *, and_close: bool = True) -> Serve:
    """A server that reads a request and says this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        if not and_close:
            await reader.read()
        writer.close()

    return serve


# Against our server


async def test_everything_goes_over_a_websocket() -> None:
    async with FloTestServer() as server, FloClient(server.web_endpoint) as client:
        results = await asyncio.gather(
            *(client.stream.append("s", bytes([number])) for number in range(200))
        )
        assert sorted(each.offset for each in results) == list(range(200))
        records = (await client.stream.read("s", limit=1_000)).records
        assert sorted(each.payload[0] for each in records) == list(range(200))
        assert len(await client.stream.append_many("large", [b"x" * 1_000_000] * 4)) == 4
        large = await client.stream.read("large")
        assert [len(each.payload) for each in large.records] == [1_000_000] * 4


async def test_a_lost_connection_is_made_again_and_nothing_comes_twice() -> None:
    async with FloTestServer() as server, FloClient(server.web_endpoint) as client:
        seen: list[bytes] = []
        done = asyncio.Event()

        def see(record: Any) -> None:
            seen.append(record.payload)
            if record.payload == b"19":
                done.set()

        subscription = await client.stream.subscribe("s", see)
        for number in range(20):
            await client.stream.append("s", str(number))
            if number % 5 == 0:
                await server.restart()
        async with asyncio.timeout(10):
            await done.wait()
        assert seen == [str(number).encode() for number in range(20)]
        await subscription.close()


async def test_another_path_says_what_the_server_said() -> None:
    async with FloTestServer() as server:
        with pytest.raises(ConnectionFailedError, match="at /ws") as failure:
            await FloClient(f"ws://{server.endpoint}/elsewhere").connect()
        assert "404" in str(failure.value)
        assert server.server.info().connections == 0


async def test_a_server_that_is_not_there_is_a_failed_connection() -> None:
    async with FloTestServer() as server:
        endpoint = server.web_endpoint
    with pytest.raises(ConnectionFailedError, match=endpoint):
        await FloClient(endpoint).connect()


# Against what is no server of ours


async def test_a_refused_page_is_forbidden_and_told_why() -> None:
    said = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nnot here!"
    async with listening(saying(said)) as endpoint:
        with pytest.raises(ForbiddenError, match="not here!"):
            await FloClient(endpoint).connect()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"FLO?",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    ],
)
async def test_what_takes_no_websocket_is_a_failed_connection(said: bytes) -> None:
    async with listening(saying(said)) as endpoint:
        with pytest.raises(ConnectionFailedError, match="cannot connect to ws://"):
            await FloClient(endpoint).connect()


async def test_silence_is_a_failed_connection_when_the_time_is_up() -> None:
    async with listening(saying(b"", and_close=False)) as endpoint:
        with pytest.raises(ConnectionFailedError, match="no answer came within"):
            await FloClient(endpoint, timeout_ms=20).connect()


# Bit by bit


class End:
    """A link on a fake socket, and the server's end of it."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.closes = 0
        endpoint = WebEndpoint("h", 1, "/ws", False)
        self.link = WebSocketLink(endpoint, self.received.extend, self._closed)
        self.transport = FakeTransport()
        self.transport.protocol = cast(Any, self.link)
        self.transport.high = 2**40
        self.link.connection_made(cast(Any, self.transport))
        self.server = ServerProtocol()
        self.server.receive_data(self.transport.take())
        [request] = self.server.events_received()
        assert isinstance(request, Request)
        self.server.send_response(self.server.accept(request))
        self.push()

    def _closed(self, reason: FloError | None) -> None:
        self.closes += 1

    def push(self) -> None:
        for part in self.server.data_to_send():
            for place in range(len(part)):
                self.link.data_received(part[place : place + 1])

    def messages(self) -> list[bytes]:
        self.server.receive_data(self.transport.take())
        events: list[Any] = self.server.events_received()
        return [bytes(each.data) for each in events if each.opcode is Opcode.BINARY]


@pytest.fixture(autouse=True)
def quiet() -> Any:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def test_each_body_is_a_message() -> None:
    end = End()
    await end.link.opened
    end.link.send([b"hello"])
    end.link.send([b"one", b"two"])
    assert end.messages() == [b"hello", b"one", b"two"]
    end.server.send_binary(b"ans", fin=False)
    end.server.send_continuation(b"wer", fin=True)
    end.server.send_binary(b"")
    end.push()
    assert end.received == [b"answer", b""]


async def test_a_ping_is_answered_and_a_text_ends_it() -> None:
    end = End()
    end.server.send_ping(b"?")
    end.push()
    assert end.transport.take()[:2] == b"\x8a\x81"
    end.server.send_text(b"hello")
    end.push()
    end.messages()
    assert end.server.close_rcvd is not None
    assert end.server.close_rcvd.code == 1003
    assert end.received == []


async def test_a_server_that_closes_is_answered_and_the_socket_closed() -> None:
    end = End()
    end.server.send_close(1001, "going")
    end.push()
    end.messages()
    assert end.server.close_rcvd is not None
    assert end.transport.calls
    end.link.connection_lost(None)
    assert end.closes == 1
    end.link.send([b"too late"])
    assert end.transport.take() == b""


async def test_closing_says_so_and_twice_does_nothing() -> None:
    end = End()
    end.link.close()
    end.link.close()
    end.messages()
    assert end.server.close_rcvd is not None
    assert end.server.close_rcvd.code == 1000


async def test_a_link_that_never_opened_is_told_to_who_waits_alone() -> None:
    for error in (None, OSError("broken")):
        closes: list[None] = []
        link = WebSocketLink(
            WebEndpoint("h", 1, "/ws", False), lambda bodies: None, lambda reason: None
        )
        link._on_close = lambda reason: closes.append(None)  # noqa: B023 # used within the round
        link.connection_lost(error)
        with pytest.raises((OSError, ConnectionFailedError)):
            await link.opened
        assert closes == []
        with contextlib.suppress(asyncio.InvalidStateError):
            link.connection_lost(None)
