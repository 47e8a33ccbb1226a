"""`python -m tests.crash.cluster.measure ROUNDS`: how long nobody leads, and what followers cost.

Ordinary clients write in each partition, one call after the other, while leaders are killed and
leads are moved. Three nodes, and as many servers of NATS, share this machine: it says how many
cores that has.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from floruntime.core.errors import FloError
from tests.crash.cluster.rig import Rig

PARTITIONS = 3
LOAD_S = 8.0
CALLERS = 64
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Writing:
    """A client that writes in one partition all the time; when each write was acknowledged."""

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


async def killed(rig: Rig, writing: dict[int, Writing]) -> list[float]:
    """Kill a leader; for each partition that it led, how long until the next write."""
    info = await rig.settled()
    name = await rig.leader(rig.namespace_in(1))
    led = [p.number for p in info.partitions if p.leader == name and p.number]
    moment_s = time.monotonic()
    await rig.nodes[name].kill()
    took_s = await asyncio.gather(*(writing[number].next_after(moment_s) for number in led))
    await rig.nodes[name].start()
    await rig.settled()
    return took_s


async def moved(rig: Rig, writing: dict[int, Writing], partition: int) -> float:
    """Move a lead; the longest time without an acknowledgement meanwhile."""
    info = await rig.settled()
    leader = info.partitions[partition].leader
    other = next(name for name in rig.nodes if name != leader)
    since_s = time.monotonic()
    async with rig.client() as client:
        await client.cluster.move(partition, other)
    await writing[partition].next_after(time.monotonic())
    return writing[partition].longest_gap_s(since_s)


def processor_s(process_id: int) -> float:
    """What a process has used of processors so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


async def followers_cost(rig: Rig) -> list[float]:
    """What the other nodes use of processors where one leads all, beside that one."""
    first, *others = rig.nodes
    async with rig.client(rig.nodes[first].endpoint) as client:
        for number in range(PARTITIONS + 1):
            await client.cluster.move(number, first)
        before = {name: processor_s(node.pid) for name, node in rig.nodes.items()}
        until_s = time.monotonic() + LOAD_S

        async def put(number: int) -> None:
            while time.monotonic() < until_s:
                await client.kv.put(f"k{number}", bytes(100), namespace=rig.namespace_in(1))

        await asyncio.gather(*map(put, range(CALLERS)))
    used = {name: processor_s(node.pid) - before[name] for name, node in rig.nodes.items()}
    return [used[name] / used[first] for name in others]


def told(what: str, seconds: list[float], bound: str) -> str:
    """One line of figures."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99))
    return (
        f"{what}: {len(ordered)} times, p50 {p50:.2f} s, p99 {p99:.2f} s, most {ordered[-1]:.2f} s "
        f"({bound})"
    )


async def measure(directory: Path, rounds: int) -> int:
    """All of it; 1 if a call failed."""
    async with Rig(directory, partitions=PARTITIONS) as rig:
        await rig.settled()
        costs = await followers_cost(rig)
        writing = {number: Writing(rig, number) for number in range(1, PARTITIONS + 1)}
        tasks = [asyncio.create_task(each.run()) for each in writing.values()]
        moves_s = [await moved(rig, writing, 1 + number % PARTITIONS) for number in range(rounds)]
        kills_s = [each for _ in range(rounds) for each in await killed(rig, writing)]
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    failures = [error for each in writing.values() for error in each.failures]
    print(f"{os.cpu_count()} cores")
    print("followers' processor time beside the leader's:", *(f"{each:.2f}" for each in costs))
    print(told("a lead is moved: without an acknowledgement", moves_s, "bound: 0.5 s"))
    print(told("a leader is killed: until the next acknowledgement", kills_s, "p99: 6 s"))
    print(f"{len(failures)} calls failed", *failures[:3])
    return 1 if failures else 0


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.cluster.measure")
    parser.add_argument("rounds", type=int, nargs="?", default=20, metavar="ROUNDS")
    logging.disable(logging.WARNING)  # clients tell of each connection that they lose
    with tempfile.TemporaryDirectory(prefix="flo-measure-") as directory:
        return asyncio.run(measure(Path(directory), parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
