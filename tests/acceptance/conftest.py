"""Servers and clients as a user has them: nothing here reaches behind the public interface."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from floruntime import FloClient
from floruntime.testing import FloTestServer


@pytest.fixture
async def server() -> AsyncIterator[FloTestServer]:
    """A server on TCP whose clock the test moves."""
    async with FloTestServer() as running:
        yield running


@pytest.fixture(params=["memory", "tcp"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[FloClient]:
    """A client of a server inside the process, and one over TCP."""
    if request.param == "memory":
        async with FloClient("memory://") as embedded:
            yield embedded
    else:
        async with FloTestServer() as running, running.client() as remote:
            yield remote


@pytest.fixture
async def one(server: FloTestServer) -> AsyncIterator[FloClient]:
    """A client of `server`."""
    async with server.client() as client:
        yield client


@pytest.fixture
async def other(server: FloTestServer) -> AsyncIterator[FloClient]:
    """Another client of `server`, with a connection of its own."""
    async with server.client() as client:
        yield client
