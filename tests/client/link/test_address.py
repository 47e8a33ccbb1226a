"""One address that says it all, and what the environment says where nothing is given."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import trustme

from floruntime import ActionWorker, BadRequestError, ConnectionFailedError, FloClient
from floruntime.client.link.address import Address, TlsFiles, address_in, read_address
from floruntime.client.link.retry import RetryPolicy
from floruntime.testing import FloTestServer

SECRET = "s3cret-t0ken"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:9000", Address("localhost:9000")),
        ("memory://", Address("memory://")),
        ("ws://host/ws", Address("ws://host/ws")),
        ("flo://host", Address("host")),
        ("flo://[::1]:9001/shop", Address("[::1]:9001", "shop")),
        ("flo://T@host:1/shop/", Address("host:1", "shop", "T")),
        ("flo://a%2Fb%40c@host", Address("host", None, "a/b@c")),
        ("flos://host", Address("host", tls=TlsFiles())),
        ("flo://host?tls=1", Address("host", tls=TlsFiles())),
        ("flo://host?tls=0", Address("host")),
        ("flo://T@a:1,b:2/n?ca=x%20y.pem", Address("a:1,b:2", "n", "T", TlsFiles("x y.pem"))),
        ("flos://h?cert=c&key=k", Address("h", tls=TlsFiles(None, "c", "k"))),
    ],
)
def test_what_an_address_says(text: str, expected: Address) -> None:
    assert read_address(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"flo://{SECRET}@", "names no host"),
        ("flo://@host", "no token"),
        (f"flo://{SECRET}@host/a/b", "one namespace"),
        (f"flo://{SECRET}/x@host", "%2F"),
        (f"flo://{SECRET}@host/9", "namespace"),
        (f"flo://{SECRET}@host?tsl=1", "did you mean tls"),
        (f"flo://{SECRET}@host?token={SECRET}", "no option 'token'"),
        (f"flo://{SECRET}@host?tls=maybe", "tls must be 1 or 0"),
        (f"flos://{SECRET}@host?tls=0", "contradicts"),
        (f"flo://{SECRET}@host?tls=0&ca=x", "contradicts"),
        (f"flo://{SECRET}@host?key=k", "key is given without cert"),
        (f"flo://{SECRET}@host?ca=", "one value"),
        (f"flo://{SECRET}@host#x", "not understood"),
        (f"flo://{SECRET}@ho st", "not understood"),
        (f"flo://{SECRET}@host:0", "port"),
        (f"flo://{SECRET}@host?ca=/nowhere.pem", "No such file"),
    ],
)
def test_what_cannot_be_is_refused_and_no_secret_shows(text: str, says: str) -> None:
    with pytest.raises(BadRequestError, match=says) as caught:
        FloClient(text)
    assert SECRET not in str(caught.value)


def test_options_that_are_given_win() -> None:
    client = FloClient("flo://T@host/shop", namespace="other", token="U")
    assert (client.endpoint, client.namespace, client.calls.token) == ("host", "other", "U")
    assert FloClient("flo://T@host/shop").namespace == "shop"
    assert FloClient("flo://T@host").namespace == "default"
    assert FloClient("flo://host/_system").namespace == "_system", "to read the audit"
    assert FloClient("host").within("_system").namespace == "_system"


def test_the_environment_says_what_is_left_out() -> None:
    assert address_in({}) == Address("localhost:9000")
    others = {"FLO_HOST": "other", "FLO_NAMESPACE": "n", "FLO_TOKEN": "T"}
    assert address_in(others) == Address("other", "n", "T")
    assert address_in({**others, "FLO_URL": "flo://U@db/shop"}) == Address("db", "shop", "U")
    assert address_in({**others, "FLO_URL": "flo://db"}) == Address("db", "n", "T")
    assert address_in({"FLO_TLS_CA": "ca.pem"}).tls == TlsFiles("ca.pem")
    assert address_in({"FLO_TLS": "true"}).tls == TlsFiles()


def test_clients_and_workers_ask_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLO_URL", f"flo://{SECRET}@db:1/shop")
    client, worker = FloClient(), ActionWorker()
    assert (client.endpoint, client.namespace, client.calls.token) == ("db:1", "shop", SECRET)
    assert (worker.endpoint, worker.namespace, worker.token) == ("db:1", "shop", SECRET)
    assert FloClient("other:2").namespace == "default", "what is given is all there is"
    assert ActionWorker(client).namespace == "shop"


async def test_a_client_connects_by_an_address_alone(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    cert = authority.issue_cert("127.0.0.1")
    cert.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    tls: dict[str, Any] = {
        "tls_cert": str(tmp_path / "server.pem"),
        "tls_key": str(tmp_path / "server.pem"),
    }
    async with FloTestServer(**tls) as server:
        url = f"flos://{server.endpoint}/shop?ca={tmp_path}/ca.pem"
        async with FloClient(url) as client:
            await client.kv.put("k", b"v")
            assert await client.kv.get("k", namespace="shop") == b"v"


async def test_connect_waits_for_a_server_that_is_not_up_yet() -> None:
    server = FloTestServer()
    await server.start()
    await server.stop()
    client = FloClient(server.endpoint, retry=RetryPolicy(initial_delay_ms=1, max_delay_ms=1))
    with pytest.raises(ConnectionFailedError):
        await client.connect()
    with pytest.raises(ConnectionFailedError):
        await client.connect(wait_ms=5)
    waiting = asyncio.ensure_future(client.connect(wait_ms=30_000))
    await asyncio.sleep(0)
    await server.start()
    assert await waiting is client
    await client.close()
    await server.stop()
