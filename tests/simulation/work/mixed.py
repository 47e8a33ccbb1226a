"""Keys, counters, queue, stream, group and batches: what the crash tests do, in simulated time."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable
from typing import TypeVar

from floruntime.core.errors import FloError
from tests.crash.checker import problems
from tests.crash.history import NOT_RUN, UNKNOWN, Fate, History
from tests.crash.look import drain, look
from tests.crash.workload import CALL_MS, REGISTER, Step, Worker, prepare
from tests.simulation.clockwork import pause
from tests.simulation.work.protocol import is_passing
from tests.simulation.world import World

T = TypeVar("T")
WORKERS = 2
PACE_S = 0.4
"""How long each task rests between two calls, on average."""


class _History(History):
    """Takes time, and takes trouble for granted."""

    def attend(self, world: World) -> None:
        self._world = world
        self.numbers_jump = world.has_new_histories
        self._chance = world.fork("pace")

    async def told(self, call: Awaitable[T]) -> T | Fate:
        self.calls += 1
        await pause(self._chance.expovariate(1 / PACE_S))
        try:
            return await call
        except FloError as error:
            if not is_passing(error):
                self.surprises.append(f"{type(error).__name__}: {error}")
            return UNKNOWN if error.ran == "maybe" else NOT_RUN


class _Worker(Worker):
    async def _read_registers(self) -> None:
        await pause(self._random.expovariate(1 / PACE_S))
        try:
            await super()._read_registers()
        except FloError as error:
            if not is_passing(error):
                raise

    def _guarded_register(self) -> Step:
        """As there; but what is not known is looked up."""
        key, numbers = f"{REGISTER}{self._name}-cas", itertools.count()
        last = 0

        async def step() -> None:
            nonlocal last
            number = next(numbers)
            told = await self._history.told(self._client.kv.put(key, str(number), cas_version=last))
            self._history.puts[key].append(
                (number, told if isinstance(told, Fate) else told.version)
            )
            if isinstance(told, Fate):
                entry = await self._client.kv.entry(key)
                last = 0 if entry is None else entry.version
            else:
                last = told.version

        return step


class Mixed:
    """Clients that come, work and vanish."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._history = _History()
        self._history.attend(world)
        self._workers: list[Worker] = []

    async def begin(self) -> None:
        async with self._world.client("prepare", timeout_ms=CALL_MS) as client:
            await prepare(client)
        for number in range(WORKERS):
            name = f"mixed-{number}"
            client = await self._world.client(name, timeout_ms=CALL_MS).connect()
            worker = _Worker(name, client, self._history, f"{self._world.seed}-{name}")
            self._workers.append(worker)
            worker.start()

    async def end(self) -> None:
        for worker in self._workers:
            await worker.stop()
        async with self._world.client("drain", timeout_ms=CALL_MS) as client:
            self._left = await drain(client, self._history)

    async def judge(self) -> None:
        async with self._world.client("look", timeout_ms=CALL_MS) as client:
            found = await look(client, self._left)
        for problem in problems(self._history, found):
            self._world.complain(problem)
