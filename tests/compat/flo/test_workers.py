"""Workers with the settings of the first SDK."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import floruntime.compat.flo as flo


async def test_an_action_worker(client: flo.FloClient) -> None:
    worker = client.new_action_worker(
        worker_id="w", machine_id="m", concurrency=2, action_timeout=60.0, block_ms=1_000
    )

    @worker.action("greet")
    async def greet(ctx: flo.ActionContext) -> bytes:
        return b"hello " + ctx.payload

    @worker.action("check")
    async def check(ctx: flo.ActionContext) -> flo.ActionResult:
        return ctx.result("good", {"n": 1})

    async with worker:
        run = await client.action.invoke("greet", b"Ada")
        assert (await client.native.action.wait(run.run_id)).result == b"hello Ada"
        checked = await client.action.invoke("check", b"")
        assert (await client.native.action.wait(checked.run_id)).outcome == "good"
        (listed,) = (await client.worker.list()).workers
        assert listed.worker_id == "w"
        assert (await client.native.worker.list())[0].metadata == {"machine_id": "m"}


async def test_a_stream_worker(client: flo.FloClient) -> None:
    seen: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

    async def handle(ctx: flo.StreamContext) -> None:
        await seen.put((ctx.payload, ctx.consumer))

    await client.stream.append("events", b"1")
    worker = client.new_stream_worker(
        stream="events", group="g", worker_id="me", handler=handle, message_timeout=5.0
    )
    async with worker:
        assert await asyncio.wait_for(seen.get(), 10) == (b"1", "me")


@pytest.mark.parametrize("seconds", [0, -1.0])
async def test_times_that_are_none(client: flo.FloClient, seconds: float) -> None:
    with pytest.raises(flo.BadRequestError, match="timeout_ms is"):
        client.new_action_worker(action_timeout=seconds)


def test_settings_are_dataclasses() -> None:
    assert flo.WorkerConfig is flo.ActionWorkerOptions
    assert flo.Worker is flo.ActionWorker
    settings: Any = flo.StreamWorkerOptions(stream="s")
    assert (settings.group, settings.message_timeout) == ("default", 300.0)
