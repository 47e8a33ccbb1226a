"""The computers that nodes run on: each has disks, loses its power, and starts its node again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context
from functools import partial
from typing import Any, cast

from floruntime.engine.store import Store
from floruntime.server.cluster.board.board import BoardSilentError
from floruntime.server.cluster.board.members import MetaRow
from floruntime.server.cluster.board.namesakes import NameTakenError
from floruntime.server.cluster.cluster_server import ClusterServer
from floruntime.server.cluster.joining import Joined
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.node import Node
from floruntime.server.cluster.peers.tls import PeerTls
from floruntime.server.config import Config, ConfigError
from floruntime.server.connections.sockets import Protocols, SocketConnection
from floruntime.server.http.listening import protocols_of
from tests.simulation.clockwork import SimLoop, pause
from tests.simulation.cluster.nats import SimBoard, SimLog, SimNats, SimObjects, Truth
from tests.simulation.disk import PLENTY_BYTES, WARM_BYTES, Disk, SimStore
from tests.simulation.network import Network
from tests.simulation.process import WORLD, Process

SECRET = b"secret"
"""By which nodes know each other."""
LOOK_S = 0.05
STOP_S_MAX = 30.0
"""After which whoever asked it to stop kills it."""


class SimNodeStorage:
    """The directory of a node: a disk for each partition. `place`: where checkpoints pass by."""

    path: str | None = None
    memory_bytes = warm_bytes = WARM_BYTES

    def __init__(self, new_disk: Callable[[], Disk], place: str) -> None:
        self._new_disk = new_disk
        self.place = place
        self.last_run = ""
        #: Of which cluster it is; empty: none yet.
        self.cluster_id = ""
        self.disks: dict[int, Disk] = {}
        self.stores: dict[int, SimStore] = {}
        #: Those that are filled to take the place of others.
        self._apart: dict[int, Disk] = {}

    def belong_to(self, cluster_id: str) -> None:
        if self.cluster_id not in ("", cluster_id):
            raise ConfigError(f"it belongs to the cluster {self.cluster_id}, not {cluster_id}")
        self.cluster_id = cluster_id

    def note_run(self, run: str) -> None:
        self.last_run = run

    def open_partition(self, partition: int) -> Store:
        disk = self.disks.setdefault(partition, self._new_disk())
        self.stores[partition] = store = SimStore(disk)
        return cast(Store, store)

    def let_go(self, partition: int) -> None:
        self.stores.pop(partition, None)

    def fill_apart(self, partition: int, fill: Callable[[Store], None]) -> None:
        self._apart[partition] = disk = self._new_disk()
        store = cast(Store, SimStore(disk))
        fill(store)
        store.sync()

    def put_in_place(self, partition: int) -> Store:
        self.disks[partition] = self._apart.pop(partition)
        return self.open_partition(partition)

    def drop_partition(self, partition: int) -> None:
        self.disks.pop(partition, None)

    def free_bytes(self) -> int:
        return PLENTY_BYTES

    def properties(self, names: Iterable[str]) -> dict[str, int]:
        return {}

    def give_back(self) -> None:
        """There is nothing to compact."""

    def close(self) -> None:
        """The directory may be opened again."""

    def end(self, *, loses_power: bool) -> None:
        """Its process is gone. Nobody synced these stores: of what was written since they were
        opened a beginning is there, or all where the machine goes on.
        """
        for store in self.stores.values():
            store.close()
        self.stores.clear()
        for disk in self.disks.values():
            if loses_power:
                disk.lose_power()
            else:
                disk.end_process()


class Computer:
    """Runs the server of the node `name`, again and again. `host`: where it is reached."""

    def __init__(
        self,
        name: str,
        network: Network,
        truth: Truth,
        chance: random.Random,
        meta: MetaRow,
        place: str,
        host: str = "",
    ) -> None:
        self.name = name
        self.host = host or name
        self._loop: SimLoop = network.loop
        self._network = network
        self._truth = truth
        self._chance = chance
        self._meta = meta
        self._place = place
        self._storage = self._empty()
        self._nats: SimNats
        self._process: Process | None = None
        self._processes: list[Process] = []
        #: How far its wall clock is off from that of others.
        self.wall_off_s = chance.choice((0.0, 0.0, 0.3, -5.0, 3_600.0, -3_600.0))
        #: What runs here, once it takes part.
        self.node: Node | None = None
        self._server: ClusterServer
        #: With how many partitions it is set up.
        self.partitions = meta.partitions
        #: Finds a cluster in NATS, or makes it; `None`: it is there.
        self.join: Callable[[Config, str], Awaitable[Joined]] | None = None
        #: Whether another one has its name, so that one of them is to end.
        self.has_namesake = False
        #: Told from when to when a start looked for another one of its name, where it found none.
        self.found_none: Callable[[Node, float], None] = lambda node, begun_s: None
        #: Whether it is gone for good.
        self.is_gone = False
        self.deaths: list[str] = []
        self.complain: Callable[[str], None] = lambda problem: None

    @property
    def context(self) -> Context:
        """That of its process."""
        assert self._process is not None, "it runs"
        return self._process.context

    def _empty(self) -> SimNodeStorage:
        return SimNodeStorage(lambda: Disk(self._chance, lambda where, data: None), self._place)

    def start(self) -> None:
        """Begin; it takes a while."""
        if self._process is None and not self.is_gone:
            self._process = process = Process()
            self._processes.append(process)
            process.begin(self._start(process))

    def start_later(self, least_s: float, most_s: float) -> None:
        """Begin after a while."""
        self._loop.call_later(self._chance.uniform(least_s, most_s), self.start, context=WORLD)

    async def _start(self, process: Process) -> None:
        nats = self._nats = SimNats(self._truth, self.host)
        config = Config(
            cluster="nats://sim",
            node=self.name,
            advertise=f"{self.host}:9000",
            partitions=self.partitions,
            copies=self._meta.copies,
        )
        try:
            joined = await self._joined(nats, config)
        except ConfigError as error:
            self._refused(process, error)
            return
        storage, on_fatal = cast(Any, self._storage), partial(self._fatal, process)
        node = Node(config, joined, storage, PeerTls(config), on_fatal=on_fatal)
        watch: Any = partial(self._watch, node, node.namesakes.watch)
        vars(node.namesakes)["watch"] = watch
        node.wall_s = lambda: self._loop.wall_s() + self.wall_off_s
        node.open_system()
        try:
            await self._serve(process, config, node)
        except (ConfigError, NameTakenError, BoardSilentError, LogSilentError) as error:
            self._refused(process, error)
            return
        self.node = node

    def _refused(self, process: Process, error: Exception) -> None:
        if process.is_alive:  # whoever supervises it starts it again
            self._end(f"refused: {error}", is_told=True, loses_power=False)
            self.start_later(0.5, 3.0)

    def take_nats(self, nats: SimNats) -> None:
        """It has connected."""
        self._nats.leave()
        self._nats = nats

    async def _joined(self, nats: SimNats, config: Config) -> Joined:
        if self.join is None:
            logs = [SimLog(nats, number) for number in range(self._meta.partitions + 1)]
            parts: Any = (nats, SimBoard(nats), self._meta, SECRET, logs, SimObjects(nats))
            return Joined(*parts)
        joined = await self.join(config, self._storage.cluster_id)
        self._storage.belong_to(joined.meta.cluster_id)
        return joined

    async def _watch(self, node: Node, watch: Callable[[], Awaitable[None]]) -> None:
        begun_s = self._loop.now_s
        await watch()
        self.found_none(node, begun_s)

    async def _serve(self, process: Process, config: Config, node: Node) -> None:
        """Let clients and other nodes in."""
        self._server = server = ClusterServer(config, node, partial(self._fatal, process))
        await server.prepare()
        protocols = (*protocols_of(server), *server.other_protocols)
        self._network.listen(self.host, partial(self._accept, server, protocols))
        server.start()

    def _accept(self, server: ClusterServer, protocols: Protocols, name: str) -> asyncio.Protocol:
        return SocketConnection(server, protocols, name, lambda connection: None)

    def _fatal(self, process: Process, error: BaseException) -> None:
        if process.is_alive:
            if not (self.has_namesake and isinstance(error, NameTakenError)):
                self.complain(f"node {self.name} cannot go on: {error!r}")
            self._end(f"fatal: {error}", is_told=True, loses_power=False)
            self.start_later(0.5, 3.0)

    # Ends

    def kill(self, *, loses_power: bool, loses_all: bool = False) -> None:
        """Its process is gone, and whatever it was about to do. What it sent still arrives."""
        if self._process is None:
            return
        self._end("killed", is_told=not loses_power, loses_power=loses_power)
        if loses_all:
            self._storage = self._empty()
            self.deaths[-1] = "lost everything"
        self.start_later(0.1, 5.0)

    def _end(self, how: str, *, is_told: bool, loses_power: bool) -> None:
        process, self._process, self.node = self._process, None, None
        assert process is not None, "it runs"
        process.end()
        self.deaths.append(how)
        self._network.deafen(self.host)
        self._network.drop(self.host, is_told=is_told)
        self._nats.leave()
        self._storage.end(loses_power=loses_power)

    async def stop(self) -> None:
        """End it in good order, as SIGTERM does."""
        node, process = self.node, self._process
        if node is None or process is None:
            return
        self.node = None
        self._network.deafen(self.host)
        stopping = process.begin(self._stop(node))
        until_s = self._loop.now_s + STOP_S_MAX
        while process.is_alive and not stopping.done():
            if self._loop.now_s > until_s:
                self.complain(f"node {self.name} does not stop")
                break
            await pause(LOOK_S)
        if process is self._process:
            if stopping.done() and stopping.exception() is not None:
                self.complain(f"node {self.name} stops with {stopping.exception()!r}")
            self._end("stopped", is_told=True, loses_power=False)

    async def _stop(self, node: Node) -> None:
        """What the process does when it is told to."""
        await self._server.stop()

    async def restart(self) -> None:
        """End it in good order, and start it again after a while."""
        await self.stop()
        self.start_later(0.1, 3.0)

    async def stand_still(self, seconds: float) -> None:
        """As by SIGSTOP, and SIGCONT after a while."""
        process = self._process
        if process is not None:
            process.stand_still()
            await pause(seconds)
            process.go_on()

    def leave(self) -> None:
        """Its power is gone, and does not come back."""
        self.is_gone = True
        self.kill(loses_power=True)

    def forget(self) -> None:
        """The world is over."""
        for process in self._processes:
            process.forget()

    def rows(self, partition: int) -> dict[bytes, bytes]:
        """What its copy of a partition holds."""
        return dict(self.store(partition).scan(b"", b"\xff" * 64))

    def store(self, partition: int) -> SimStore:
        """Its copy of a partition."""
        return self._storage.stores[partition]

    def disks(self) -> list[SimStore]:
        """All that its copies hold."""
        return list(self._storage.stores.values())
