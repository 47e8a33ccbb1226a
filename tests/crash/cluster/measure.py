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
from pathlib import Path

from tests.crash.cluster.figures import Figures
from tests.crash.cluster.rig import Rig
from tests.crash.cluster.writing import Writing, moved, writing_in_all

PARTITIONS = 3
LOAD_S = 8.0
CALLERS = 64
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


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


async def measure(directory: Path, rounds: int) -> int:
    """All of it; 1 if a call failed."""
    async with Rig(directory, partitions=PARTITIONS) as rig:
        await rig.settled()
        costs = await followers_cost(rig)
        figures = Figures()
        async with writing_in_all(rig) as writing:
            for number in range(rounds):
                figures.add("move", await moved(rig, writing, 1 + number % PARTITIONS))
            for _ in range(rounds):
                figures.add("flo", *await killed(rig, writing))
    failures = [error for each in writing.values() for error in each.failures]
    print(f"{os.cpu_count()} cores")
    print("followers' processor time beside the leader's:", *(f"{each:.2f}" for each in costs))
    print(figures)
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
