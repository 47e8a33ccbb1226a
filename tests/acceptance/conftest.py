"""The contract from outside: a client of a whole server, and nothing but the public API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from floruntime import FloClient
from floruntime.testing import FloTestServer


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


@pytest.fixture(params=["memory", "tcp"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[FloClient]:
    """A client of a server within the process, then one over TCP."""
    if request.param == "memory":
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
