"""Workers run in settings of the test's own: another pace, another clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from floruntime import FloClient, RetryPolicy
from floruntime.client.worker.claim_policy import Pace
from floruntime.client.worker.clock import Clock
from floruntime.client.worker.life import Life, Setting
from floruntime.client.worker.worker_base import WorkerBase, live

HASTY = RetryPolicy(initial_delay_ms=1, max_delay_ms=2)


@asynccontextmanager
async def living(
    worker: WorkerBase,
    endpoint: str | FloClient,
    *,
    clock: Clock | None = None,
    pace: Pace = Pace(),  # noqa: B008 # frozen
) -> AsyncIterator[Life]:
    """`worker` at work; it has ended when the block has."""
    lives: list[Life] = []
    running = asyncio.create_task(live(worker, Setting(endpoint, clock, pace, lives.append)))
    ready = asyncio.create_task(worker.at_work.wait())
    await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    try:
        if not running.done():
            yield lives[0]
    finally:
        await worker.close()
        await running
