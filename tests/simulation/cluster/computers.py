"""The computers that nodes run on: each has a disk, loses its power, and starts its node again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from floruntime.engine.store import Store
from floruntime.server.cluster.joining import Joined
from floruntime.server.cluster.lead import Lead
from floruntime.server.cluster.lease import HeldLease
from floruntime.server.cluster.members import MetaRow
from floruntime.server.cluster.node import Node
from floruntime.server.cluster.publishing import OvertakenError
from floruntime.server.config import Config
from tests.simulation.clockwork import SimLoop, pause
from tests.simulation.cluster.nats import SimBoard, SimLog, SimNats, Truth
from tests.simulation.disk import Disk, SimStore

PARTITIONS = 1
META = MetaRow("simulated", PARTITIONS, 3, 3)


class SimNodeStorage:
    """The directory of a node: a disk for each partition."""

    place = "sim"
    last_run = ""

    def __init__(self, new_disk: Callable[[], Disk]) -> None:
        self._new_disk = new_disk
        self.disks: dict[int, Disk] = {}
        self.stores: dict[int, SimStore] = {}

    def note_run(self, run: str) -> None:
        self.last_run = run

    def open_partition(self, partition: int) -> Store:
        disk = self.disks.setdefault(partition, self._new_disk())
        self.stores[partition] = store = SimStore(disk)
        return cast(Store, store)

    def lose_power(self) -> None:
        """Nobody synced these stores: a beginning of what was written is there."""
        for store in self.stores.values():
            store.close()
        for disk in self.disks.values():
            disk.lose_power()


class _Node(Node):
    """Those who ask find the leader by themselves here: nodes pass nothing on."""

    def _keep_links(self) -> None:
        """None are made."""


def _slow_s(loop: SimLoop, since_s: float, pace: float) -> float:
    return since_s + (loop.now_s - since_s) * pace


class Computer:
    """Runs the node `name`, again and again."""

    def __init__(
        self,
        name: str,
        loop: SimLoop,
        truth: Truth,
        chance: random.Random,
        complain: Callable[[str], None],
    ) -> None:
        self.name = name
        self._loop = loop
        self._truth = truth
        self._chance = chance
        self._complain = complain
        self._storage = SimNodeStorage(lambda: Disk(chance, lambda where, data: None))
        self._nats: SimNats
        self.node: Node | None = None
        self._starting: asyncio.Task[None] | None = None
        self._slowed: list[HeldLease] = []

    def start(self) -> None:
        """Begin; it takes a while."""
        if self._starting is None or self._starting.done():
            self._starting = self._loop.create_task(self._start())

    async def _start(self) -> None:
        nats = self._nats = SimNats(self._truth, self.name)
        logs = [SimLog(nats, number) for number in range(PARTITIONS + 1)]
        joined = Joined(*cast(Any, (nats, SimBoard(nats), META, b"secret", logs, None)))
        config = Config(
            cluster="nats://sim", node=self.name, advertise=f"{self.name}:9000", partitions=1
        )
        node = _Node(config, joined, cast(Any, self._storage), None, on_fatal=self._fatal)
        node.wall_s = self._loop.wall_s
        self.node = node
        node.open_system()
        await node.start()

    def _fatal(self, error: BaseException) -> None:
        self._complain(f"node {self.name} cannot go on: {error!r}")

    @property
    def lead(self) -> Lead | None:
        """Its lead, while that may answer."""
        lead = None if self.node is None else self.node.lead_of(PARTITIONS)
        return lead if lead is not None and lead.may_answer else None

    def slow_down(self, pace: float) -> None:
        """Its clock goes slower than those of others: it holds on to leases that are over."""
        for lead in self.node.leads() if self.node is not None else ():
            if lead.lease not in self._slowed:
                self._slowed.append(lead.lease)
                lead.lease._now_s = partial(_slow_s, self._loop, self._loop.now_s, pace)

    def kill(self) -> None:
        """Its power is gone. What it sent may still arrive at NATS."""
        node = self.node
        if node is None:
            return
        self.node = None
        self._nats.leave()
        if self._starting is not None:
            self._starting.cancel()
        node.is_stopped = True
        node.on_fatal = lambda error: None
        tasks = [node._looking, *node.leading._tasks]
        tasks += [replica._following for replica in node.replicas.values()]
        for task in tasks:
            if task is not None:
                task.cancel()
        for lead in node.leads():
            lead.end(OvertakenError("the power is gone"))
        self._storage.lose_power()

    async def stop(self) -> None:
        """End it in good order, as SIGTERM does."""
        node, self.node = self.node, None
        if node is not None and self._starting is not None and self._starting.done():
            await node.drain()
            await node.stop()
        else:
            self.node = node

    async def restart(self, *, in_good_order: bool) -> None:
        """End it, and start it again after a while."""
        if in_good_order:
            await self.stop()
        else:
            self.kill()
        await pause(self._chance.uniform(0.1, 4.0))
        if self.node is None:
            self.start()

    def rows(self) -> dict[bytes, bytes]:
        """What its copy holds."""
        return dict(self._storage.stores[PARTITIONS].scan(b"", b"\xff" * 64))
