"""Clients that write in each partition all the time, and when each write was acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

from floruntime.core.errors import FloError
from tests.crash.cluster.rig import Rig


class Writing:
    """A client that writes in one partition, one call after the other."""

    def __init__(self, rig: Rig, partition: int) -> None:
        self._rig = rig
        self._namespace = rig.namespace_in(partition)
        self.acknowledged_s: list[float] = [time.monotonic()]
        self.failures: list[FloError] = []

    async def run(self) -> None:
        """Until it is cancelled."""
        async with self._rig.client() as client:
            while True:
                try:
                    await client.kv.incr("written", namespace=self._namespace)
                    self.acknowledged_s.append(time.monotonic())
                except FloError as error:
                    self.failures.append(error)

    async def next_after(self, moment_s: float) -> float:
        """How long after this moment the next write was acknowledged."""
        while self.acknowledged_s[-1] <= moment_s:  # noqa: ASYNC110 # no event tells
            await asyncio.sleep(0.01)
        return next(each for each in self.acknowledged_s if each > moment_s) - moment_s

    def longest_gap_s(self, since_s: float) -> float:
        """The longest time between two acknowledgements, from the last one before this moment."""
        before_s = [each for each in self.acknowledged_s if each <= since_s][-1:]
        times_s = before_s + [each for each in self.acknowledged_s if each > since_s]
        return max((after - before for before, after in pairwise(times_s)), default=0.0)


@asynccontextmanager
async def writing_in_all(rig: Rig) -> AsyncIterator[dict[int, Writing]]:
    """One for each partition, until the end of the block."""
    writing = {number: Writing(rig, number) for number in range(1, rig.partitions + 1)}
    tasks = [asyncio.create_task(each.run()) for each in writing.values()]
    try:
        yield writing
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def moved(rig: Rig, writing: dict[int, Writing], partition: int) -> float:
    """Move a lead; the longest time without an acknowledgement meanwhile."""
    info = await rig.settled()
    leader = info.partitions[partition].leader
    other = next(name for name in rig.nodes if name != leader)
    since_s = time.monotonic()
    await rig.asked(lambda client: client.cluster.move(partition, other))
    await writing[partition].next_after(time.monotonic())
    return writing[partition].longest_gap_s(since_s)
