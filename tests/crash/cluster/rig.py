"""Flo's nodes as real processes, over NATS as real processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

from floruntime import FloClient
from floruntime.core.cluster import ClusterInfo, ClusterStatus
from floruntime.core.errors import FloError, UnavailableError
from floruntime.server.cluster.board.placement import partition_of
from tests.crash.cluster.nats import NatsCluster
from tests.crash.process import ServerProcess

SETTLED_S = 120.0
LOOK_S = 0.1
PATIENT_MS = 60_000
"""How long the calls of a patient client may take."""
LED_MS = 180_000
"""How long a write may take while a cluster is harmed, and then mended."""


class NodeProcess(ServerProcess):
    """One node. Where NATS has just been started, it may take a while to have leaders, and where
    the machine is busy with other tests even to be loaded.
    """

    READY_SECONDS = 180


class Rig:
    """`nodes` nodes and `servers` servers of NATS; all end with the block. `is_wired`: the servers
    reach each other by cables that can be cut.
    """

    def __init__(
        self,
        directory: Path,
        *,
        nodes: int = 3,
        servers: int = 3,
        partitions: int = 3,
        is_wired: bool = False,
    ) -> None:
        self._directory = directory
        self.partitions = partitions
        self._replicas = servers
        self.nats = NatsCluster(directory, servers, is_wired=is_wired)
        self.nodes: dict[str, NodeProcess] = {}
        for name in "abcdefgh"[:nodes]:
            self.add(name)

    def add(self, name: str, *options: str) -> NodeProcess:
        """Another node; it is not started yet."""
        node = NodeProcess(str(self._directory / name))
        node.options = (
            *("--cluster", self.nats.urls, "--node", name),
            *("--advertise", node.endpoint, "--partitions", str(self.partitions)),
            *("--replicas", str(self._replicas), *options),
        )
        self.nodes[name] = node
        return node

    @property
    def logs(self) -> str:
        """The last lines that each node wrote, and each server of NATS."""
        servers = {f"NATS at {each.port}": each for each in self.nats.servers}
        processes = {**self.nodes, **servers}
        return "\n".join(f"{name}:\n{each.log}" for name, each in processes.items())

    @property
    def endpoints(self) -> str:
        """What a client is told."""
        return ",".join(node.endpoint for node in self.nodes.values())

    def client(self, endpoint: str | None = None) -> FloClient:
        """A patient client of any node, or of one."""
        return FloClient(endpoint or self.endpoints, timeout_ms=PATIENT_MS)

    async def status(self) -> ClusterInfo:
        """How the cluster is, as any node tells."""
        async with self.client() as client:
            return await client.call(ClusterStatus())

    async def settled(self, *, alive: int | None = None) -> ClusterInfo:
        """Wait until each partition has a leader that lives; how the cluster is then."""
        wanted = len(self.nodes) if alive is None else alive
        found: ClusterInfo | FloError | None = None
        try:
            async with asyncio.timeout(SETTLED_S):
                while True:
                    try:
                        found = await self.status()
                    except FloError as error:
                        found = error
                        continue
                    living = {node.name for node in found.nodes if node.is_alive}
                    if len(living) >= wanted and all(p.leader in living for p in found.partitions):
                        return found
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"it does not settle: {found}\n{self.logs}") from None

    async def caught_up(self, name: str) -> None:
        """Wait until each copy of this node has come to where its partition stands now."""
        goal = {each.number: each.sequence for each in (await self.settled()).partitions}
        async with asyncio.timeout(SETTLED_S):
            while True:
                found = await self.settled()
                copies = [
                    (each.number, copy.sequence)
                    for each in found.partitions
                    for copy in each.replicas
                    if copy.node == name
                ]
                if all(sequence >= goal[number] for number, sequence in copies):
                    return
                await asyncio.sleep(LOOK_S)

    async def asked(self, ask: Callable[[FloClient], Awaitable[object]]) -> None:
        """Ask this of any node, again where NATS had to elect first, as an operator would."""
        async with asyncio.timeout(SETTLED_S), self.client() as client:
            while True:
                try:
                    await ask(client)
                except UnavailableError:
                    continue
                return

    def namespace_in(self, partition: int) -> str:
        """The name of a namespace that lies there."""
        names = (f"probe-{number}" for number in range(1_000))
        return next(name for name in names if partition_of(name, self.partitions) == partition)

    async def led_again(self, *, but: NodeProcess | None = None) -> float:
        """Write once in each partition as an ordinary client, of any node `but` this; the longest
        that one took.
        """
        begun_s = time.monotonic()
        endpoints = ",".join(node.endpoint for node in self.nodes.values() if node is not but)
        async with FloClient(endpoints, timeout_ms=LED_MS) as client:
            numbers = range(1, self.partitions + 1)
            await asyncio.gather(
                *(client.kv.incr("probe", namespace=self.namespace_in(each)) for each in numbers)
            )
        return time.monotonic() - begun_s

    async def leader(self, namespace: str = "default") -> str:
        """The node that leads the partition of a namespace."""
        found = await self.settled()
        return found.partitions[partition_of(namespace, self.partitions)].leader

    async def __aenter__(self) -> Self:
        await self.nats.__aenter__()
        try:
            await asyncio.gather(*(node.start() for node in self.nodes.values()))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in self.nodes.values():
            if node.is_launched:
                await node.kill()
        await self.nats.kill()
