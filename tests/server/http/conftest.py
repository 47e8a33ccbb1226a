"""A server that speaks HTTP, and a connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from floruntime.testing import FloTestServer
from tests.server.http.http_peer import HttpPeer, connected


@pytest.fixture
async def flo() -> AsyncIterator[FloTestServer]:
    async with FloTestServer() as server:
        yield server


@pytest.fixture
async def http(flo: FloTestServer) -> AsyncIterator[HttpPeer]:
    async with connected(flo) as peer:
        yield peer
