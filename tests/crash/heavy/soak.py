"""`make soak MINUTES=60`: mixed work, while workers and the server are killed; does it level off?

The work leaves nothing behind: keys are overwritten, messages acked, streams cut short, ended
runs deleted. So memory at the end of each life of the server, its descriptors, and the disk come to
a level, or something is not given back.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from floruntime import FloClient, FloError
from tests.crash.heavy.measures import descriptors, disk_mib, memory_mib
from tests.crash.process import ServerProcess, WorkerProcess
from tests.crash.worker_main import ACTION
from tests.crash.workload import new_client

LIFE_S = 30.0
KEYS = 1_000
WORKERS = 2
GROWTH_MAX = 1.3
"""How much larger the last lives may be than those in the middle."""
CLEANED_EVERY = 500
"""Calls, after which the runs that have ended are deleted."""
LIVES_MIN = 4
"""With fewer nothing can be said."""


class Soak:
    """One server with clients and workers, for so many lives."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._chance = random.Random(seed)
        self._server = ServerProcess(str(directory / "data"))
        self._journal = directory / "journal"
        self._journal.touch()
        self._workers: list[WorkerProcess] = []
        self._hired = 0
        self.calls = 0
        self.levels: list[tuple[float, int, float]] = []

    async def run(self, minutes: float) -> None:
        """Work until the time is over."""
        until_s = time.monotonic() + minutes * 60
        async with self._server:
            async with new_client(self._server.endpoint) as client:
                await self._prepare(client)
                for _ in range(WORKERS):
                    await self._hire()
                working = [asyncio.create_task(self._work(client)) for _ in range(8)]
                while time.monotonic() < until_s:
                    await self._live_once()
                for task in working:
                    task.cancel()
                await asyncio.gather(*working, return_exceptions=True)
            for worker in self._workers:
                await worker.kill()

    async def _prepare(self, client: FloClient) -> None:
        await client.action.register(ACTION, max_retries=20)
        await client.stream.create("short", max_records=1_000)

    async def _hire(self) -> None:
        worker = WorkerProcess(
            self._server.endpoint, f"w{self._hired}", self._journal, duration_ms=5, concurrency=4
        )
        self._hired += 1
        self._workers.append(worker)
        await worker.start()

    async def _live_once(self) -> None:
        await asyncio.sleep(LIFE_S)
        pid = self._server.pid
        level = (memory_mib(pid), descriptors(pid), disk_mib(self._server.data_dir))
        self.levels.append(level)
        print(
            f"life {len(self.levels)}: {self.calls} calls, memory {level[0]:.0f} MiB, "
            f"{level[1]} descriptors, disk {level[2]:.1f} MiB",
            flush=True,
        )
        await self._workers.pop(0).kill()
        await self._server.kill()
        await self._server.start()
        await self._hire()

    async def _work(self, client: FloClient) -> None:
        while True:
            try:
                await self._turn(client)
            except FloError as error:
                print(f"refused: {error}", flush=True)
            self.calls += 1
            if self.calls % CLEANED_EVERY == 0:
                await self._clean(client)

    async def _clean(self, client: FloClient) -> None:
        """Runs that have ended are kept for a day at least; here they are too many for that."""
        try:
            await client.action.bulk("delete", name=ACTION)
        except FloError as error:
            print(f"refused: {error}", flush=True)

    async def _turn(self, client: FloClient) -> None:
        match self._chance.randrange(5):
            case 0:
                await client.kv.put(f"key-{self._chance.randrange(KEYS)}", b"x" * 200)
            case 1:
                await client.kv.put(f"brief-{self._chance.random()}", b"x", ttl_ms=1_000)
            case 2:
                await client.queue.enqueue("soak", b"x" * 200)
                messages = (await client.queue.dequeue("soak", 10)).messages
                if messages:
                    await client.queue.ack("soak", messages)
            case 3:
                await client.stream.append("short", b"x" * 200)
            case _:
                await client.action.call(ACTION, b"x")

    def verdict(self) -> list[str]:
        """What goes on growing."""
        lives = len(self.levels)
        if lives < LIVES_MIN:
            return []
        middle, last = self.levels[lives // 4 : lives // 2 + 1], self.levels[-lives // 4 :]
        grown = []
        for place, name in enumerate(("memory", "descriptors", "disk")):
            before = median(level[place] for level in middle)
            now = median(level[place] for level in last)
            if now > before * GROWTH_MAX + 8:
                grown.append(f"{name} grew from {before:.0f} to {now:.0f}")
        return grown


def main() -> int:
    """1 if something goes on growing."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.heavy.soak", description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flo-soak-") as directory:
        soak = Soak(Path(directory), random.randrange(10**6))
        asyncio.run(soak.run(options.minutes))
    grown = soak.verdict()
    print("; ".join(grown) or f"{len(soak.levels)} lives, {soak.calls} calls: all is level")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
