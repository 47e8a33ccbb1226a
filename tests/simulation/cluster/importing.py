"""What a single server had: a cluster takes it in before all work, and has it in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from floruntime.client.client import FloClient
from floruntime.core.errors import FloError
from floruntime.engine.store.rocks import RocksStore
from floruntime.server.cluster import taking_in
from floruntime.server.cluster.board.placement import keepers
from floruntime.server.commit import local_journal
from floruntime.server.config import Config
from floruntime.server.data.data_dir import ReadersLock
from tests.simulation.clockwork import pause
from tests.simulation.disk import Disk, SimSyncs, snapshot_of
from tests.simulation.network import SimTransport
from tests.simulation.single.machine import ADDRESS, Machine
from tests.simulation.work.protocol import surely
from tests.simulation.world import set_to

if TYPE_CHECKING:
    from tests.simulation.cluster.world import ClusterWorld

NAMESPACES = ("default", "place-0", "place-1")
KEYS = 30
IMPORT_MS = 120_000


class _NoLock:
    def release(self) -> None:
        """There is no directory."""


class Imported:
    """Of one world."""

    def __init__(self, world: ClusterWorld) -> None:
        self._world = world
        self._disk = Disk(world.fork("imported disk"), lambda where, data: None)
        self._found: dict[str, list[Any]] = {}

    @contextmanager
    def arranged(self) -> Iterator[None]:
        """Where a node would open a directory, it is given what is on that disk."""

        def open_disk(directory: str, partitions: int) -> taking_in.Source:
            lock, store = cast(ReadersLock, _NoLock()), cast(RocksStore, snapshot_of(self._disk))
            return taking_in.Source(lock, [store])

        class Syncs(SimSyncs):
            chance = self._world.fork("imported syncs")
            took_s = 0.002

        with set_to(taking_in, "_open", open_disk), set_to(local_journal, "Syncs", Syncs):
            yield

    async def take_in(self) -> None:
        """Let a single server write some of everything, stop it, and take its data in: at a node
        that keeps all partitions, if there is one.
        """
        world = self._world
        able = self._able()
        if not able:
            return
        config = Config(data_dir="sim")
        machine = Machine(world.loop, world.network, self._disk, world.fork("imported"), config)
        machine.start()
        await machine.until_up()
        for namespace in NAMESPACES:
            transport = SimTransport(world.network, f"old {namespace}", ADDRESS)
            async with FloClient(
                f"{ADDRESS}:9000", namespace=namespace, transport=transport
            ) as client:
                await _write(client)
                self._found[namespace] = await self._look(client)
        await machine.stop()
        async with world.client("importer", timeout_ms=IMPORT_MS, nodes=able[:1]) as operator:
            until_s = world.loop.now_s + IMPORT_MS / 1000
            while world.loop.now_s < until_s:
                try:
                    await operator.cluster.import_backup("sim")
                    return
                except FloError as error:
                    world.tell(f"{world.loop.now_s:10.4f} the operator: {error!r}")
                    await pause(0.5)
        raise AssertionError("the cluster takes nothing in")

    def _able(self) -> list[str]:
        names, copies = self._world.names, self._world.meta.copies
        numbers = range(self._world.partitions + 1)
        return [
            name for name in names if all(name in keepers(each, names, copies) for each in numbers)
        ]

    async def judge(self) -> None:
        """All of it is there, as it was."""
        for namespace, due in self._found.items():
            async with self._world.client(f"look at {namespace}", namespace=namespace) as client:
                found = await self._look(client)
            if found != due:
                self._world.complain(f"{namespace} was taken in with {due}, and has {found}")

    async def _look(self, client: FloClient) -> list[Any]:
        entries = await surely(self._world, client.kv.scan, "old/", limit=1000)
        queued = await surely(self._world, client.queue.peek, "old-queue", count=100)
        records = await surely(self._world, client.stream.read, "old-log", start="0", limit=100)
        runs = await surely(self._world, client.action.list_runs, "old-task", limit=100)
        return [
            [(entry.key, entry.value, entry.version) for entry in entries.entries],
            [(message.seq, message.payload) for message in queued.messages],
            [(str(record.id), record.payload) for record in records.records],
            [(run.run_id, run.input, run.status) for run in runs],
        ]


async def _write(client: FloClient) -> None:
    for number in range(KEYS):
        await client.kv.put(f"old/{number}", b"%d" % number)
    await client.kv.incr("old/count", 5)
    await client.stream.create("old-log", partitions=2)
    await client.action.register("old-task")
    for number in range(5):
        await client.queue.enqueue("old-queue", b"%d" % number)
        await client.stream.append("old-log", b"%d" % number)
        await client.action.invoke("old-task", b"%d" % number)
