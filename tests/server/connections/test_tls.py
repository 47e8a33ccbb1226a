"""TLS at the port, for all that is spoken on it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from floruntime import ConnectionFailedError, FloClient
from floruntime.client.link.endpoint import TcpEndpoint
from floruntime.client.link.transports.tcp import TcpTransport
from floruntime.server import limits
from floruntime.server.config import Config, ConfigError, make_config
from floruntime.server.connections.tls import ServerTls, TlsFiles, server_tls
from floruntime.testing import FloTestServer
from floruntime.web import FloClient as WebClient
from tests.server.certificates import Authority
from tests.until import until

pytestmark = pytest.mark.usefixtures("quiet")

WAIT_S = 10.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def copy(from_file: str, to_file: str) -> None:
    Path(to_file).write_bytes(Path(from_file).read_bytes())


def served(authority: Authority, **settings: Any) -> FloTestServer:
    cert, key = authority.issue()
    return FloTestServer(tls_cert=cert, tls_key=key, **settings)


async def test_tcp_and_websocket_go_inside_tls(authority: Authority) -> None:
    tls = authority.client()
    async with served(authority) as server:
        assert server.web_endpoint.startswith("wss://")
        async with server.client(tls=tls) as client, server.web_client(tls=tls) as page:
            await client.kv.put("k", b"x" * 1_000_000)
            assert await page.kv.get("k") == b"x" * 1_000_000
            await page.streams.append("s", b"hello")
            assert (await client.stream.read("s")).records[0].payload == b"hello"


async def test_a_route_to_another_node_goes_inside_the_same_tls(authority: Authority) -> None:
    first = TcpTransport([TcpEndpoint("nowhere.invalid", 1)], authority.client())
    async with served(authority) as server:
        route = first.at(server.endpoint)
        async with FloClient("nowhere.invalid:1", transport=route) as client:
            await client.ping()
    assert first.at("no address") is None


async def test_a_certificate_that_nobody_vouches_for_is_a_failed_connection(
    authority: Authority,
) -> None:
    async with served(authority) as server:
        for make in (server.client, server.web_client):
            with pytest.raises(ConnectionFailedError, match="certificate"):
                await make(tls=ssl.create_default_context()).connect()
        assert server.server.info().connections == 0


async def test_a_certificate_of_another_host_is_a_failed_connection(authority: Authority) -> None:
    cert, key = authority.issue("db.example")
    async with FloTestServer(tls_cert=cert, tls_key=key) as server:
        with pytest.raises(ConnectionFailedError, match="certificate"):
            await server.client(tls=authority.client()).connect()


async def test_plain_text_where_tls_is_spoken_is_closed(authority: Authority) -> None:
    async with served(authority) as server:
        with pytest.raises(ConnectionFailedError):
            await server.client(timeout_ms=2_000).connect()
        plain = WebClient(server.web_endpoint.replace("wss", "ws"), timeout_ms=2_000)
        with pytest.raises(ConnectionFailedError):
            await plain.connect()
        async with server.client(tls=authority.client()) as client:
            assert await client.ping() > 0


async def test_an_old_version_of_tls_is_refused(authority: Authority) -> None:
    context = ServerTls(TlsFiles(*authority.issue(), "")).context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_NONE


# Certificates of clients


async def test_clients_show_the_certificate_that_is_asked_for(
    authority: Authority, tmp_path: Path
) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    good = authority.client(*ours.issue("client"))
    bad = authority.client(*theirs.issue("client"))
    async with served(authority, tls_client_ca=ours.file) as server:
        async with server.client(tls=good) as client, server.web_client(tls=good) as page:
            await client.kv.put("k", b"v")
            assert await page.kv.get("k") == b"v"
        for tls in (authority.client(), bad):
            for make in (server.client, server.web_client):
                with pytest.raises(ConnectionFailedError):
                    await make(tls=tls, timeout_ms=2_000).connect()


# Read anew


async def test_a_certificate_read_anew_serves_those_who_come_and_cuts_nobody(
    authority: Authority, tmp_path: Path
) -> None:
    cert, key = authority.issue()
    other = Authority(tmp_path, "other")
    async with FloTestServer(tls_cert=cert, tls_key=key) as server:
        tls: Any = server._port._tls  # type: ignore[union-attr]  # it is started
        async with server.client(tls=authority.client()) as old:
            await old.kv.put("k", b"1")
            connection = old.calls._channel._connection  # type: ignore[union-attr]  # it is connected
            for fresh, file in zip(other.issue(), (cert, key), strict=True):
                copy(fresh, file)
            tls.reload()
            async with server.client(tls=other.client()) as new:
                assert await new.kv.get("k") == b"1"
            with pytest.raises(ConnectionFailedError, match="certificate"):
                await server.client(tls=authority.client()).connect()
            assert await old.kv.get("k") == b"1"
            assert old.calls._channel._connection is connection  # type: ignore[union-attr]  # likewise


async def test_whose_clients_are_let_in_is_read_anew_too(
    authority: Authority, tmp_path: Path
) -> None:
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    asked = str(tmp_path / "asked.pem")
    copy(first.file, asked)
    one, two = (authority.client(*each.issue("client")) for each in (first, second))
    async with served(authority, tls_client_ca=asked) as server:
        async with server.client(tls=one) as client:
            assert await client.ping() > 0
        copy(second.file, asked)
        server._port._tls.reload()  # type: ignore[union-attr]  # it is started
        async with server.client(tls=two) as client:
            assert await client.ping() > 0
        with pytest.raises(ConnectionFailedError):
            await server.client(tls=one, timeout_ms=2_000).connect()


async def test_a_certificate_that_is_no_longer_good_changes_nothing(authority: Authority) -> None:
    cert, key = authority.issue()
    tls = ServerTls(TlsFiles(cert, key, ""))
    before = tls.context
    copy(authority.issue()[1], key)
    with pytest.raises(ConfigError, match="cannot be used"):
        tls.reload()
    assert tls.context is before


# What cannot be used


def encrypted(key: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    loaded = serialization.load_pem_private_key(key, None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )


def test_files_that_cannot_be_used_are_told(authority: Authority, tmp_path: Path) -> None:
    cert, key = authority.issue()
    other_key = authority.issue()[1]
    garbage, locked = tmp_path / "garbage.pem", tmp_path / "locked.pem"
    garbage.write_text("nothing")
    locked.write_bytes(encrypted(Path(key).read_bytes()))
    for settings, told in (
        (
            {"tls_cert": "missing.pem", "tls_key": key},
            "tls_cert missing.pem cannot be used: No such",
        ),
        (
            {"tls_cert": cert, "tls_key": "missing.pem"},
            "tls_key missing.pem cannot be used: No such",
        ),
        ({"tls_cert": str(garbage), "tls_key": key}, "garbage.pem"),
        ({"tls_cert": cert, "tls_key": other_key}, "cannot be used"),
        ({"tls_cert": cert, "tls_key": str(locked)}, "encrypted"),
        ({"tls_cert": cert, "tls_key": key, "tls_client_ca": "missing.pem"}, "tls_client_ca"),
        ({"tls_cert": cert, "tls_key": key, "tls_client_ca": str(garbage)}, "garbage.pem"),
    ):
        with pytest.raises(ConfigError, match=told):
            server_tls(make_config(settings))
    assert server_tls(Config()) is None


# Slow handshakes


async def test_a_handshake_that_takes_too_long_is_cut(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HANDSHAKE_MS_MAX", 20)
    async with served(authority, connections_per_address_max=1) as server:
        host, _, port = server.endpoint.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(WAIT_S):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert server._port is not None
        await until(lambda: server._port._admission._total == 0)  # type: ignore[union-attr]  # it is there


async def test_handshakes_count_before_they_are_done(authority: Authority) -> None:
    async with served(authority, connections_per_address_max=1) as server:
        host, _, port = server.endpoint.partition(":")
        slow = await asyncio.open_connection(host, int(port))
        refused, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(WAIT_S):
            assert await refused.read() == b""
        for each in (slow[1], writer):
            each.close()
            await each.wait_closed()
        assert server._port is not None
        await until(lambda: server._port._admission._total == 0)  # type: ignore[union-attr]  # it is there
        async with server.client(tls=authority.client()) as client:
            assert await client.ping() > 0


async def test_a_stopping_server_ends_handshakes_and_connections(authority: Authority) -> None:
    server = served(authority)
    await server.start()
    host, _, port = server.endpoint.partition(":")
    silent = await asyncio.open_connection(host, int(port))
    client = server.client(tls=authority.client())
    await client.connect()
    await server.stop()
    async with asyncio.timeout(WAIT_S):
        assert await silent[0].read() == b""
    silent[1].close()
    await client.close()
