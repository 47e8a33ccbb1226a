"""A client of several nodes connects to one that takes it, whatever the others say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime.client.client import FloClient
from floruntime.core.errors import (
    ConnectionFailedError,
    FloError,
    OverloadedError,
    UnauthorizedError,
    UnavailableError,
)
from tests.client.fake_server import FakeLink, FakeServer
from tests.client.test_client import EXACT, client_of, now_s
from tests.client.virtual_time import virtual


class Nodes:
    """A transport whose links go to one server after another."""

    quiet_ms_max = 0

    def __init__(self, *servers: FakeServer) -> None:
        self._servers = servers
        self._next = 0
        self.nodes_total = len(servers)

    def learn(self, nodes: object) -> None:
        """All are known."""

    async def prepare(self) -> None:
        """Nothing is needed."""

    async def connect(self, *told: Any) -> FakeLink:
        server = self._servers[self._next % len(self._servers)]
        self._next += 1
        return await server.connect(*told)

    async def release(self) -> None:
        """Nothing is held."""


def that_refuses(refusal: FloError) -> FakeServer:
    server = FakeServer()
    server.refusal = refusal
    return server


def client_of_all(*servers: FakeServer) -> FloClient:
    return FloClient("a:1,b:2", transport=Nodes(*servers), retry=EXACT)


class Closing(FakeServer):
    """It takes a connection and ends it without a greeting."""

    async def connect(self, *told: Any) -> FakeLink:
        link = await super().connect(*told)
        asyncio.get_running_loop().call_soon(link.break_off)
        return link


@virtual
@pytest.mark.parametrize("error", [UnavailableError("stopping"), OverloadedError("too many")])
async def test_a_node_that_cannot_take_it_now_is_passed_by(error: FloError) -> None:
    other = FakeServer()
    began_s = now_s()
    async with client_of_all(that_refuses(error), that_refuses(error), other) as client:
        assert await client.kv.get("a") == b"a"
    assert (other.connects, now_s()) == (1, began_s)


@virtual
async def test_so_is_one_that_ends_the_connection_before_its_greeting() -> None:
    async with client_of_all(Closing(), FakeServer()) as client:
        assert await client.kv.get("a") == b"a"


@virtual
async def test_where_no_node_takes_it_each_was_asked_once() -> None:
    servers = [that_refuses(UnavailableError("stopping")) for _ in range(3)]
    with pytest.raises(UnavailableError, match="stopping"):
        await client_of_all(*servers).connect()
    assert [server.connects for server in servers] == [1, 1, 1]


@virtual
async def test_a_refusal_of_the_client_itself_is_the_answer() -> None:
    other = FakeServer()
    with pytest.raises(UnauthorizedError):
        await client_of_all(that_refuses(UnauthorizedError("no")), other).connect()
    assert other.connects == 0


@virtual
async def test_one_that_cannot_be_reached_is_asked_once() -> None:
    server = FakeServer()
    server.connect_error = OSError("no route")  # a transport tries all nodes by itself
    with pytest.raises(ConnectionFailedError, match="no route"):
        await client_of_all(server, server).connect()
    assert server.connects == 1


@virtual
async def test_connecting_waits_for_a_server_that_does_not_take_clients_yet() -> None:
    server = that_refuses(UnavailableError("it is starting"))
    client = client_of(server)
    with pytest.raises(UnavailableError, match="starting"):
        await client.connect()
    with pytest.raises(UnavailableError, match="starting"):
        await client.connect(wait_ms=250)
    assert server.connects == 3
    await client.close()


@virtual
async def test_a_first_call_waits_for_such_a_server_as_later_calls_do() -> None:
    server = that_refuses(UnavailableError("it is starting"))
    client = client_of(server)

    call = asyncio.ensure_future(client.kv.get("a"))
    await asyncio.sleep(0.25)
    assert (server.connects, call.done()) == (2, False)
    server.refusal = None
    assert await call == b"a"
    await client.close()
