"""Fixtures for pytest: a server for each test, and its clock. They need only that Flo is installed.

    async def test_an_order_ships(flo, flo_server):
        async with flo_server.running(worker):
            run = await flo.action.call("ship", {"order": 42})
        assert run.json() == {"state": "shipped"}

`flo_server` is a `FloTestServer`, `flo` a client of it, and `flo_clock(ms)` moves its clock. They
are asynchronous and need pytest-asyncio; a test that uses one of them needs no mark.

    def test_an_order_ships(flo_sync, flo_sync_server):
        with flo_sync_server.running(worker):
            run = flo_sync.action.call("ship", {"order": 42})

`flo_sync_server`, `flo_sync` and `flo_sync_clock` are the same for tests that do not `await`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import floruntime.sync
    import floruntime.sync.testing
    from floruntime.client.client import FloClient
    from floruntime.testing import FloTestServer

AWAITED = ("flo", "flo_server", "flo_clock")


@pytest.fixture
def flo_sync_server() -> Iterator[floruntime.sync.testing.FloTestServer]:
    """A server for this test, in its process. Its clock stands still until the test moves it."""
    from floruntime.sync.testing import FloTestServer

    with FloTestServer() as server:
        yield server


@pytest.fixture
def flo_sync(
    flo_sync_server: floruntime.sync.testing.FloTestServer,
) -> Iterator[floruntime.sync.FloClient]:
    """A client of `flo_sync_server`, for tests that do not `await`."""
    with flo_sync_server.client() as client:
        yield client


@pytest.fixture
def flo_sync_clock(
    flo_sync_server: floruntime.sync.testing.FloTestServer,
) -> Callable[[int], None]:
    """Move the clock of `flo_sync_server` by so many milliseconds: `flo_sync_clock(60_000)`."""
    return flo_sync_server.advance


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

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_pycollect_makeitem() -> Generator[None, Any, None]:
        """Have pytest-asyncio run the tests that await a fixture of these, in its strict mode, too.

        After pytest has made the items, before pytest-asyncio looks for its mark.
        """
        made = yield
        items = made.get_result()
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, pytest.Function) and _awaits_flo(item):
                item.add_marker(pytest.mark.asyncio)


def _awaits_flo(item: pytest.Function) -> bool:
    if not any(map(item.config.pluginmanager.hasplugin, ("asyncio", "pytest_asyncio.plugin"))):
        return False
    is_marked = item.get_closest_marker("asyncio") or item.get_closest_marker("anyio")
    has_ours = any(name in item.fixturenames for name in AWAITED)
    return has_ours and not is_marked and inspect.iscoroutinefunction(item.obj)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a plain test with an async fixture: it would do nothing with it, and pass."""
    if not isinstance(item, pytest.Function) or item.get_closest_marker("asyncio"):
        return
    if inspect.iscoroutinefunction(item.obj) or getattr(item.obj, "is_hypothesis_test", False):
        return
    for name in inspect.signature(item.obj).parameters:
        if name in AWAITED:
            sync = name.replace("flo", "flo_sync", 1)
            pytest.fail(f"{name!r} is to be awaited: write `async def`, or ask for {sync!r}", False)
