"""The contract from outside: a client of a whole server, and nothing but the public API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import floruntime.sync
from floruntime import FloClient
from floruntime.testing import FloTestServer
from tests.acceptance.in_threads import in_threads
from tests.cli.conftest import Flo, Result, invoke


@pytest.fixture
async def server() -> AsyncIterator[FloTestServer]:
    """A server over TCP whose clock the test moves."""
    async with FloTestServer() as server:
        yield server


@pytest.fixture
async def served(server: FloTestServer) -> AsyncIterator[FloClient]:
    """A client of `server`."""
    async with server.client() as client:
        yield client


@pytest.fixture(params=["memory", "tcp", "sync"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[FloClient]:
    """A client of a server within the process, one over TCP, and one that does not await."""
    if request.param == "sync":
        async with in_threads(floruntime.sync.FloClient("memory://")) as client:
            yield client
    elif request.param == "memory":
        async with FloClient("memory://") as client:
            yield client
    else:
        async with FloTestServer() as server, server.client() as client:
            yield client


@pytest.fixture
async def other(server: FloTestServer) -> AsyncIterator[FloClient]:
    """A second client of `server`, with a connection of its own."""
    async with server.client() as client:
        yield client


@pytest.fixture
def flo(server: FloTestServer, monkeypatch: pytest.MonkeyPatch) -> Flo:
    """The command line, on `server`."""
    for name in ("FLO_NAMESPACE", "FLO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FLO_HOST", server.endpoint)

    async def run(*arguments: str, stdin: bytes = b"", tty: bool = False) -> Result:
        return await asyncio.to_thread(invoke, arguments, stdin, tty)

    return run
