"""TCP over a real loopback socket, with and without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from floruntime.client.client import FloClient
from floruntime.client.link.transports.sockets import READ_BYTES_MAX
from floruntime.client.link.transports.tcp import TcpLink
from floruntime.core.errors import ConnectionFailedError, ProtocolError
from floruntime.core.framing import PREAMBLE, FrameReader, frame
from floruntime.core.kv import KvPut
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
        peer = Peer(self.fake, lambda body: writer.write(frame(body)))
        frames = FrameReader(2**28)
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(PREAMBLE)) != PREAMBLE:
                raise ConnectionError("it began with something else")
            while data := await reader.read(7_000):
                peer.receive(frames.receive_data(data))
        writer.close()


@asynccontextmanager
async def loopback(context: ssl.SSLContext | None = None) -> AsyncIterator[LoopbackServer]:
    server = LoopbackServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
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
        assert server.fake.requests(KvPut)[-1].value == large


async def test_a_link_reads_into_memory_of_its_own_and_gives_copies_of_it() -> None:
    bodies: list[bytes] = []
    link = TcpLink(bodies.extend, lambda reason: None)
    room = link.get_buffer(-1)
    for body in (b"one", b"two"):
        data = frame(body)
        link.get_buffer(-1)[: len(data)] = data
        link.buffer_updated(len(data))
    assert bodies == [b"one", b"two"]
    assert link.get_buffer(-1).obj is room.obj


async def test_a_broken_tcp_connection_is_made_again_and_the_write_runs_once() -> None:
    async with loopback() as server, FloClient(f"127.0.0.1:{server.port}") as client:
        server.fake.loses_answers = False
        await client.kv.put("a", b"")
        server.fake.loses_answers = True
        task = asyncio.ensure_future(client.kv.put("b", b""))
        while len(server.fake.applied) < 2:  # noqa: ASYNC110 # no event to wait for
            await asyncio.sleep(0)
        server.fake.loses_answers = False
        server.writers[0].transport.abort()
        assert (await task).version == 2
        assert len(server.fake.applied) == 2
        assert len(server.writers) == 2


async def test_of_several_nodes_any_that_answers_will_do() -> None:
    async with loopback() as first, loopback() as second:
        second.fake = first.fake
        endpoint = f"127.0.0.1:1,127.0.0.1:{first.port},127.0.0.1:{second.port}"
        async with FloClient(endpoint) as client:
            await client.kv.put("a", b"")
            assert (len(first.writers), len(second.writers)) == (1, 0)
            first.writers[0].transport.abort()
            await client.kv.put("b", b"")
            assert len(second.writers) == 1  # never the same one again at once


async def test_a_client_learns_the_other_nodes() -> None:
    async with loopback() as first, loopback() as second:
        second.fake = first.fake
        first.fake.nodes = ["no address", "ws://x/ws", f"127.0.0.1:{second.port}"]
        async with FloClient(f"127.0.0.1:{first.port}") as client:
            await client.kv.put("a", b"")
            first.writers[0].transport.abort()
            await client.kv.put("b", b"")
            assert len(second.writers) == 1


async def test_where_none_answers_that_is_said() -> None:
    with pytest.raises(ConnectionFailedError, match=r"127.0.0.1:1,127.0.0.1:2: .* refused"):
        await FloClient("127.0.0.1:1,127.0.0.1:2").connect()


async def test_a_peer_that_speaks_something_else_is_a_protocol_error() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(ProtocolError, match="claims"):
            await FloClient(f"127.0.0.1:{port}").connect()


async def test_pieces_of_an_answer_are_signs_of_life() -> None:
    received: list[list[bytes]] = []
    link = TcpLink(received.append, lambda reason: None)
    for piece in (b"\x02\x00", b"\x00\x00o", b"k"):
        link.data_received(piece)
    assert received == [[], [], [b"ok"]]


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
            await FloClient(f"127.0.0.1:{server.port}", tls=context).connect()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 "
        f"-out {files[0]} -keyout {files[1]}".split(),
        check=True,
        capture_output=True,
    )
    return files


@pytest.mark.parametrize("is_secure", [False, True])
async def test_an_answer_larger_than_what_is_read_at_once_comes_whole(
    certificate: tuple[Path, Path], is_secure: bool
) -> None:
    servers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    servers.load_cert_chain(*certificate)
    clients = ssl.create_default_context(cafile=certificate[0]) if is_secure else None
    large = bytes(range(256)) * (5 * READ_BYTES_MAX // 256)
    async with (
        loopback(servers if is_secure else None) as server,
        FloClient(f"127.0.0.1:{server.port}", tls=clients) as client,
    ):
        server.fake.script = lambda envelope: large
        assert await client.kv.get("large") == large


async def test_calls_over_tls(certificate: tuple[Path, Path]) -> None:
    servers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    servers.load_cert_chain(*certificate)
    clients = ssl.create_default_context(cafile=certificate[0])
    async with (
        loopback(servers) as server,
        FloClient(f"127.0.0.1:{server.port}", tls=clients) as client,
    ):
        assert (await client.kv.put("a", b"")).version == 1


async def test_a_certificate_that_nobody_vouches_for_is_a_failed_connection(
    certificate: tuple[Path, Path],
) -> None:
    servers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    servers.load_cert_chain(*certificate)
    async with loopback(servers) as server:
        with pytest.raises(ConnectionFailedError, match="certificate"):
            await FloClient(f"127.0.0.1:{server.port}", tls=True).connect()


@pytest.mark.parametrize("is_secure", [False, True])
async def test_tls_at_one_end_only_is_asked_about(
    certificate: tuple[Path, Path], is_secure: bool
) -> None:
    servers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    servers.load_cert_chain(*certificate)
    clients = None if is_secure else ssl.create_default_context(cafile=certificate[0])
    async with loopback(servers if is_secure else None) as server:
        with pytest.raises(ConnectionFailedError, match="is TLS on at both ends"):
            await FloClient(f"127.0.0.1:{server.port}", tls=clients).connect()


async def test_a_refused_connection_asks_for_a_server() -> None:
    async with loopback() as server:
        endpoint = f"127.0.0.1:{server.port}"
    with pytest.raises(ConnectionFailedError, match="is a server running there"):
        await FloClient(endpoint).connect()
