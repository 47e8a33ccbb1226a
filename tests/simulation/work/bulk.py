"""Jobs: one operation on everything that matches, which goes on through all that happens."""

from __future__ import annotations

import asyncio
import itertools

from floruntime.core.jobs import JobStatus
from tests.crash.history import Fate
from tests.simulation.clockwork import pause
from tests.simulation.work.protocol import surely, told
from tests.simulation.world import World

KEYS = 300
"""More than one piece of a job takes."""
REST_S = 2.0


class Bulk:
    """Deletes keys by prefix, again and again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("bulk")
        self._numbers = itertools.count()
        self._jobs: list[tuple[str, str]] = []

    async def begin(self) -> None:
        self._client = await self._world.client("bulk").connect()
        await self._client.kv.put("kept", b"1")
        self._task = asyncio.create_task(self._repeat())

    async def _repeat(self) -> None:
        while True:
            await self._delete(f"pile-{next(self._numbers)}/")
            await pause(self._chance.expovariate(1 / REST_S))

    async def _delete(self, prefix: str) -> None:
        async def write() -> None:
            async with self._client.batch() as batch:
                for number in range(KEYS):
                    batch.kv.put(f"{prefix}{number}", b"x")

        if isinstance(await told(write()), Fate):
            return
        job = await told(self._client.kv.delete_prefix(prefix))
        if not isinstance(job, Fate):
            self._jobs.append((prefix, job.job_id))
            if self._chance.random() < 0.5:
                await told(self._client.kv.put(f"{prefix}later", b"y"))

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for prefix, job_id in self._jobs:
            while True:
                job = await surely(self._world, self._client.jobs.wait, job_id, block_ms=10_000)
                if job.status is not JobStatus.RUNNING:
                    break
            if job.status is not JobStatus.COMPLETED or job.failed or job.done != job.matched:
                self._world.complain(f"{prefix} came to {job}")

    async def judge(self) -> None:
        for prefix, _ in self._jobs:
            page = await surely(self._world, self._client.kv.scan, prefix, limit=1000)
            left = [e.key for e in page.entries if not e.key.endswith("later")]
            if left:
                self._world.complain(f"{prefix}: {len(left)} keys are left: {left[:3]}")
        if await surely(self._world, self._client.kv.get, "kept") != b"1":
            self._world.complain("a key that no job was about is gone")
        await self._client.close()
