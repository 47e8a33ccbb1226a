"""The fixtures that are there without being imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

import floruntime.sync
import floruntime.sync.testing
from floruntime import ActionContext, ActionWorker, FloClient
from floruntime.pytest_plugin import pytest_runtest_setup
from floruntime.testing import FloTestServer


async def test_a_key_expires_by_the_clock_of_the_test(
    flo: FloClient, flo_clock: Callable[[int], Awaitable[None]], flo_server: FloTestServer
) -> None:
    await flo.kv.put("k", b"v", ttl_ms=60_000)
    begun_ms = flo_server.now_ms
    await flo_clock(59_999)
    assert await flo.kv.get("k") == b"v"
    await flo_clock(1)
    assert await flo.kv.get("k") is None
    assert flo_server.now_ms == begun_ms + 60_000


async def test_each_test_has_a_server_of_its_own(flo: FloClient) -> None:
    assert (await flo.kv.scan()).entries == []


def test_a_plain_test_moves_the_clock_of_its_own_server(
    flo_sync: floruntime.sync.FloClient,
    flo_sync_server: floruntime.sync.testing.FloTestServer,
    flo_sync_clock: Callable[[int], None],
) -> None:
    worker = ActionWorker("unused")

    @worker.action("ship", max_retries=1, retry_delay_ms=60_000)
    def ship(ctx: ActionContext) -> int:
        if ctx.attempt == 1:
            raise ConnectionError("later")
        return ctx.attempt

    begun_ms = flo_sync_server.now_ms
    with flo_sync_server.running(worker):
        run_id = flo_sync.action.invoke("ship").run_id
        flo_sync_clock(120_000)
        assert flo_sync.action.status(run_id).json() == 2
    assert not worker.is_running
    assert flo_sync_server.now_ms == begun_ms + 120_000


def test_restarting_keeps_the_state() -> None:
    with floruntime.sync.testing.FloTestServer() as server, server.client() as client:
        client.kv.put("k", b"v")
        server.restart()
        server.settle()
        assert client.kv.get("k") == b"v"


def test_a_plain_test_that_would_have_to_await_is_told(request: pytest.FixtureRequest) -> None:
    def test_plain(flo: FloClient) -> None:
        flo.kv.put("k", b"v")

    async def test_awaited(flo: FloClient) -> None:
        await flo.kv.put("k", b"v")

    def item(test: Callable[..., object]) -> pytest.Item:
        return pytest.Function.from_parent(request.node.parent, name="test", callobj=test)

    with pytest.raises(pytest.fail.Exception, match="write `async def`, or ask for 'flo_sync'"):
        pytest_runtest_setup(item(test_plain))
    pytest_runtest_setup(item(test_awaited))
