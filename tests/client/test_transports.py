"""TCP over a real loopback socket, with and without TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from floruntime.client.client import FloClient
from floruntime.core.errors import ConnectionFailedError
from tests.client.fake_server import FakeServer, Peer

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LoopbackServer:
    """A fake server behind a socket."""

    def __init__(self) -> None:
        self.fake = FakeServer()
        self.writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        peer = Peer(self.fake, writer.write)
        while data := await reader.read(7_000):
            peer.receive_data(data)
        writer.close()


@asynccontextmanager
async def loopback() -> AsyncIterator[LoopbackServer]:
    server = LoopbackServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in server.writers:
            writer.close()
        await listener.wait_closed()
        await asyncio.sleep(0)


async def test_calls_over_tcp() -> None:
    async with loopback() as server, FloClient(f"127.0.0.1:{server.port}") as client:
        results = await asyncio.gather(*(client.kv.put(f"k{n}", bytes(n)) for n in range(300)))
        assert sorted(each.version for each in results) == list(range(1, 301))
        large = b"x" * 1_000_000
        await client.kv.put("large", large)
        assert server.fake.applied[-1].request.value == large


async def test_a_broken_tcp_connection_is_made_again_and_the_write_runs_once() -> None:
    async with loopback() as server, FloClient(f"127.0.0.1:{server.port}") as client:
        server.fake.loses_answers = False
        await client.kv.put("a", b"")
        server.fake.loses_answers = True
        task = asyncio.ensure_future(client.kv.put("b", b""))
        while len(server.fake.applied) < 2:
            await asyncio.sleep(0)
        server.fake.loses_answers = False
        server.writers[0].transport.abort()
        assert (await task).version == 2
        assert len(server.fake.applied) == 2
        assert len(server.writers) == 2


async def test_a_refused_tcp_connection_says_where() -> None:
    async with loopback() as server:
        port = server.port
    with pytest.raises(ConnectionFailedError, match=f"127.0.0.1:{port}"):
        await FloClient(f"127.0.0.1:{port}").connect()


@pytest.mark.parametrize("host", ["a..b", "x" * 300])
async def test_a_host_that_is_no_name_is_a_failed_connection(host: str) -> None:
    with pytest.raises(ConnectionFailedError):
        await FloClient(host).connect()


async def test_tls_against_a_server_without_it_is_a_failed_connection() -> None:
    async with loopback() as server:
        context = ssl.create_default_context()
        with pytest.raises(ConnectionFailedError):
            await FloClient(f"127.0.0.1:{server.port}", tls=context, timeout_ms=2_000).connect()
