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
REST_S = 0.2
COUNTER, STREAM, PAGE = "seen", "sights", 1_000


class _Seer:
    """One client, and what it has seen last."""

    def __init__(self, world: World, name: str, client: FloClient) -> None:
        self.client = client
        self._world = world
        self._name = name
        self._chance = world.fork(name)
        #: What is under way when this becomes true is the last.
        self.is_over = False
        self.count = 0
        self._records: list[str] = []

    async def work(self) -> None:
        """Write and read, by turns as chance has it."""
        while not self.is_over:
            await pause(self._chance.expovariate(1 / REST_S))
            await self._chance.choice((self._write, self._append, self.read, self.read_all))()

    async def _write(self) -> None:
        self._see(await told(self.client.kv.incr(COUNTER)))

    async def _append(self) -> None:
        appended = await told(self.client.stream.append(STREAM, b"x"))
        if not isinstance(appended, Fate):
            self._records.append(str(appended.id))

    async def read(self) -> None:
        """How far the counter is."""
        found = await told(self.client.kv.entry(COUNTER))
        if not isinstance(found, Fate):
            self._see(0 if found is None else int(found.value))

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


class Views:
    """Clients that are content with any copy, whoever leads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seers: list[_Seer] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        async with self._world.client("sight-maker") as client:
            await client.stream.create(STREAM)
        for number in range(CLIENTS):
            name = f"seer-{number}"
            client = await self._world.client(name, reads="local").connect()
            self._seers.append(_Seer(self._world, name, client))
        self._tasks = [asyncio.create_task(seer.work()) for seer in self._seers]

    async def end(self) -> None:
        for seer in self._seers:
            seer.is_over = True
        await asyncio.gather(*self._tasks)

    async def judge(self) -> None:
        async with self._world.client("sight-look") as client:
            entry = await surely(self._world, client.kv.entry, COUNTER)
        last = 0 if entry is None else int(entry.value)
        for seer in self._seers:
            await seer.read()
            await seer.read_all()
            if seer.count > last:
                self._world.complain(f"somebody had seen {seer.count}, and it is {last}")
            await seer.client.close()
