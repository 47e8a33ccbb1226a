"""Reads that any copy may answer: perhaps old, never behind what their client has seen."""

from __future__ import annotations

import asyncio
from typing import Any

from floruntime.client.client import FloClient
from tests.crash.history import Fate
from tests.simulation.clockwork import pause
from tests.simulation.work.protocol import surely, told
from tests.simulation.world import World

CLIENTS = 3
STALENESS_MS = 1_500
"""The first of them takes nothing older."""
HEARD_S = 2.5
"""A copy counts from when it heard how far the leader was: at its next look, if NATS is quick."""
REST_S = 0.2
COUNTER, STREAM, PAGE = "seen", "sights", 1_000


class _Seer:
    """One client, and what it has seen last."""

    def __init__(
        self, world: World, name: str, client: FloClient, counted: list[tuple[float, int]]
    ) -> None:
        self.client = client
        #: What anybody was told of the counter, and when.
        self._counted = counted
        self._world = world
        self._name = name
        self._chance = world.fork(name)
        #: Whether what it is shown is never older than that.
        self.is_choosy = False
        #: Whether it only looks: what it writes itself it would be shown in any case.
        self.is_looker = False
        #: What is under way when this becomes true is the last.
        self.is_over = False
        self.count = 0
        self._records: list[str] = []

    async def work(self) -> None:
        """Write and read, by turns as chance has it."""
        while not self.is_over:
            await pause(self._chance.expovariate(1 / REST_S))
            writes = () if self.is_looker else (self._write, self._append)
            await self._chance.choice((*writes, self.read, self.read_all))()

    async def _write(self) -> None:
        self._see(await told(self.client.kv.incr(COUNTER)))

    async def _append(self) -> None:
        appended = await told(self.client.stream.append(STREAM, b"x"))
        if not isinstance(appended, Fate):
            self._records.append(str(appended.id))

    async def read(self) -> None:
        """How far the counter is."""
        since_s = self._world.loop.time()
        found = await told(self.client.kv.entry(COUNTER))
        if isinstance(found, Fate):
            return
        count = 0 if found is None else int(found.value)
        if self.is_choosy:
            old_s = since_s - STALENESS_MS / 1000 - HEARD_S
            due = max((number for at_s, number in self._counted if at_s < old_s), default=0)
            if count < due:
                self._world.complain(f"{self._name} was shown {count}, older than it takes: {due}")
        self._see(count)

    async def read_all(self) -> None:
        """Which records there are."""
        found = await told(self.client.stream.read(STREAM, start="0", limit=PAGE))
        if not isinstance(found, Fate):
            ids = [str(record.id) for record in found.records]
            if missing := set(self._records) - set(ids):
                self._world.complain(f"{self._name} had seen {sorted(missing)}, and they are gone")
            self._records = ids

    def _see(self, count: Any) -> None:
        if isinstance(count, Fate):
            return
        if count < self.count:
            self._world.complain(f"{self._name} had seen {self.count}, and then {count}")
        self.count = count
        self._counted.append((self._world.loop.time(), count))


class Views:
    """Clients that are content with any copy, whoever leads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seers: list[_Seer] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        async with self._world.client("sight-maker") as client:
            await client.stream.create(STREAM)
        counted: list[tuple[float, int]] = []
        for number in range(CLIENTS + self._world.lookers):
            name = f"seer-{number}"
            is_looker = number >= CLIENTS
            is_choosy = number == 0 or is_looker
            staleness_ms = STALENESS_MS if is_choosy else None
            client = self._world.client(name, reads="local", max_staleness_ms=staleness_ms)
            seer = _Seer(self._world, name, await client.connect(), counted)
            seer.is_choosy, seer.is_looker = is_choosy, is_looker
            self._seers.append(seer)
        self._tasks = [asyncio.create_task(seer.work()) for seer in self._seers]

    async def end(self) -> None:
        for seer in self._seers:
            seer.is_over = True
        await asyncio.gather(*self._tasks)

    async def judge(self) -> None:
        for seer in self._seers:
            await seer.read()
            await seer.read_all()
        # Last of all: a write that nobody knows the fate of can still come, and be seen.
        async with self._world.client("sight-look") as client:
            entry = await surely(self._world, client.kv.entry, COUNTER)
        last = 0 if entry is None else int(entry.value)
        for seer in self._seers:
            if seer.count > last:
                self._world.complain(f"somebody had seen {seer.count}, and it is {last}")
            await seer.client.close()
