"""What a running process holds, as the kernel tells it; and how long a bystander waits."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from floruntime import FloClient

LOOK_EVERY_S = 0.01
MIB = 1024 * 1024


@dataclass
class Bystander:
    """Somebody who reads one key now and then, while others load the server."""

    waits_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        """So long waited all but the slowest `1 - share`."""
        waits = sorted(self.waits_ms)
        return waits[min(len(waits) - 1, int(len(waits) * share))] if waits else 0.0

    async def run(self, client: FloClient) -> None:
        """Read, over and over, until cancelled."""
        while True:
            begun_s = time.perf_counter()
            await client.kv.get("bystander")
            self.waits_ms.append((time.perf_counter() - begun_s) * 1000)
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def watched(client: FloClient) -> AsyncIterator[Bystander]:
    """A bystander, as long as the block lasts."""
    bystander = Bystander()
    task = asyncio.create_task(bystander.run(client))
    try:
        yield bystander
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def memory_mib(pid: int) -> float:
    """The resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"process {pid} tells no memory")


def descriptors(pid: int) -> int:
    """How many files a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def disk_mib(directory: str) -> float:
    """What a directory takes."""
    sizes = []
    for path in Path(directory).rglob("*"):
        try:
            sizes.append(path.stat().st_size if path.is_file() else 0)
        except FileNotFoundError:  # RocksDB removes files meanwhile
            continue
    return sum(sizes) / MIB
