"""Fixtures for pytest, there as soon as Flo is installed: a server for each test, and its clock.

    async def test_an_order_ships(flo, flo_server):
        async with flo_server.running(worker):
            run = await flo.action.call("ship", {"order": 42})
        assert run.json() == {"state": "shipped"}

`flo_server` is a `FloTestServer`, `flo` a client of it, `flo_clock(ms)` moves its clock. They are
asynchronous, and there where pytest-asyncio is, which runs them in whichever of its modes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floruntime.client.client import FloClient
    from floruntime.testing import FloTestServer

if find_spec("pytest_asyncio") is not None:
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def flo_server() -> AsyncIterator[FloTestServer]:
        """A server of this test's own, in the process; its clock stands still until moved."""
        from floruntime.testing import FloTestServer

        async with FloTestServer() as server:
            yield server

    @pytest_asyncio.fixture
    async def flo(flo_server: FloTestServer) -> AsyncIterator[FloClient]:
        """A client of `flo_server`."""
        async with flo_server.client() as client:
            yield client

    @pytest_asyncio.fixture
    async def flo_clock(flo_server: FloTestServer) -> Callable[[int], Awaitable[None]]:
        """Moves the clock of `flo_server` by so many milliseconds: `await flo_clock(60_000)`."""
        return flo_server.advance
