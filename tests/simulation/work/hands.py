"""Workers of the product itself, which come, work and vanish."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from floruntime.client.client import FloClient
from tests.simulation.clockwork import pause
from tests.simulation.world import World

HANDS = 2
STAY_S = 6.0


class Hands:
    """`HANDS` workers at a time; `make` makes one of a client, with a name."""

    def __init__(self, world: World, what: str, make: Callable[[FloClient, str], Any]) -> None:
        self._world = world
        self._what = what
        self._make = make
        self._chance = world.fork(f"hands of {what}")
        self._numbers = itertools.count()
        self._at_work: list[tuple[str, FloClient, Any, asyncio.Task[None]]] = []
        #: Those that were told to stop.
        self._leaving: set[str] = set()
        self._changing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Hire them, and begin to change them."""
        for _ in range(HANDS):
            await self._hire()
        self._changing = asyncio.create_task(self._change())

    async def end_changes(self) -> None:
        """From now on they stay."""
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.gather(self._changing, return_exceptions=True)
        while len(self._at_work) < HANDS:
            await self._hire()

    async def stop(self) -> None:
        """End them in good order."""
        for name, client, worker, task in self._at_work:
            self._leaving.add(name)
            if worker.is_running:
                worker.stop()
            else:
                task.cancel()  # it waits before it is started again
            await asyncio.gather(task, return_exceptions=True)
            await client.close()

    async def _hire(self) -> None:
        name = f"{self._what}-{next(self._numbers)}"
        client = self._world.client(name, timeout_ms=4_000)
        worker = self._make(client, name)
        task = asyncio.create_task(self._keep_at_work(name, worker))
        self._at_work.append((name, client, worker, task))

    async def _keep_at_work(self, name: str, worker: Any) -> None:
        """As a supervisor does: a worker that cannot begin is started again, unless it is to go."""
        while True:
            try:
                await worker.start()
            except Exception as error:
                self._world.tell(f"{self._what}: {error!r}")
                if name in self._leaving:
                    return
                await pause(1.0)
            else:
                return

    async def _change(self) -> None:
        while True:
            await pause(self._chance.expovariate(1 / STAY_S))
            name, client, worker, task = self._at_work.pop(0)
            if self._chance.random() < 0.7:
                await self._world.vanish(name, client)
                task.cancel()
            else:
                self._leaving.add(name)
                worker.stop()
                task.add_done_callback(lambda task: task.cancelled() or task.exception())
            await self._hire()
