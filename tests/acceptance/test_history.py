"""A server whose state went back, and clients and workers who knew what came after."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from floruntime import (
    ActionContext,
    ActionWorker,
    ConflictError,
    FloClient,
    FloError,
    GapError,
    NotFoundError,
)
from floruntime.testing import FloTestServer
from tests.until import until

GoBack = Callable[[], Awaitable[None]]


@pytest.fixture(params=["restored", "memory"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FloTestServer]:
    """A server that keeps its state on disk, and one that does not."""
    data_dir = str(tmp_path / "data") if request.param == "restored" else None
    async with FloTestServer(data_dir) as server:
        yield server


@pytest.fixture
async def go_back(server: FloTestServer, tmp_path: Path) -> GoBack:
    """Lets the server go back to where it was when the test began."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    is_kept = data.exists()
    if is_kept:
        await asyncio.to_thread(server.server.storage.checkpoint, str(copy))

    async def restored() -> None:
        await server.stop()
        if is_kept:
            shutil.rmtree(data)
            shutil.copytree(copy, data)
        await server.start()

    return restored


async def test_nothing_that_was_held_hits_what_others_got_since(
    server: FloTestServer, go_back: GoBack
) -> None:
    async with server.client(timeout_ms=20_000) as client, server.client() as other:
        version = (await client.kv.put("k", b"lost")).version
        await client.queue.enqueue("q", b"lost")
        [mine] = (await client.queue.dequeue("q")).messages
        await client.action.register("act")
        run = (await client.action.invoke("act", b"lost")).run_id
        task = await client.worker.await_task("w", ["act"])
        assert task is not None
        before = (await client.info()).history
        await go_back()
        assert (await other.info()).history not in ("", before)
        await other.kv.put("k", b"other's")
        await other.queue.enqueue("q", b"other's")
        [theirs] = (await other.queue.dequeue("q")).messages
        assert theirs.seq > mine.seq
        assert theirs.lease > mine.lease
        await other.action.register("act")
        assert (await other.action.invoke("act", b"other's")).run_id != run
        assert (await client.queue.ack("q", [mine])).stale == [mine.seq]
        assert (await client.queue.ack("q", [mine.seq])).stale == [mine.seq]
        assert (await other.queue.stats("q")).leased == 1
        with pytest.raises(ConflictError, match="another history"):
            await client.kv.put("k", b"mine", cas_version=version)
        with pytest.raises(NotFoundError, match="another history"):
            await client.action.wait(run)
        with pytest.raises((ConflictError, NotFoundError), match="another history"):
            await client.worker.complete("w", task, b"of the lost run")
        assert await other.kv.get("k") == b"other's"


async def test_who_watches_or_follows_is_told(
    server: FloTestServer, go_back: GoBack, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.client(timeout_ms=20_000) as client:
        await client.kv.put("k", b"lost")
        watch = client.kv.watch("k")
        await watch.start()
        await server.advance(1_000)
        await client.stream.append("s", b"lost")
        follower = client.stream.follow("s", start="0")
        assert (await anext(follower)).payload == b"lost"
        steps = [asyncio.create_task(anext(each)) for each in (watch, follower)]
        await server.advance(1_000)
        await go_back()
        for step in steps:
            with pytest.raises(GapError, match="another history"):
                await asyncio.wait_for(step, 20)
    assert "went back to an earlier state" in caplog.text


async def test_a_write_under_way_is_not_made_in_another_history(
    server: FloTestServer, go_back: GoBack
) -> None:
    async with server.client(timeout_ms=20_000) as client:
        await client.kv.put("k", b"v")
        await go_back()
        await client.kv.put("l", b"v")
        assert await client.kv.get("l") == b"v"


async def test_a_worker_begins_anew_by_itself(server: FloTestServer, go_back: GoBack) -> None:
    worker = ActionWorker(server.endpoint, worker_id="w")
    ran: list[bytes] = []

    @worker.action("act")
    async def act(ctx: ActionContext) -> bytes:
        ran.append(ctx.payload)
        return b""

    async with server.running(worker), server.client(timeout_ms=20_000) as client:
        await client.action.call("act", b"before", block_ms=10_000)
        await go_back()

        async def invoked() -> bool:
            try:
                await client.action.invoke("act", b"after")
            except FloError:
                await server.advance(1_000)
                return False
            return True

        async with asyncio.timeout(20):
            while not await invoked():
                pass
            await until(lambda: b"after" in ran)


async def test_a_server_that_only_starts_again_goes_on(tmp_path: Path) -> None:
    async with FloTestServer(str(tmp_path / "data")) as server, server.client() as client:
        version = (await client.kv.put("k", b"v")).version
        history = (await client.info()).history
        await server.restart()
        assert (await client.kv.put("k", b"v")).version == version + 1
        assert (await client.info()).history == history


async def test_each_server_within_the_process_has_a_history_of_its_own() -> None:
    async with FloClient("memory://") as one, FloClient("memory://") as two:
        assert (await one.info()).history != (await two.info()).history
