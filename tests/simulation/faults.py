"""What goes wrong, and when: each seed has its own choice of troubles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.simulation.clockwork import pause
from tests.simulation.disk import PLENTY_BYTES
from tests.simulation.machine import ADDRESS
from tests.simulation.world import World

Fault = Callable[[], Awaitable[None]]
STEPS_MAX = 60
DARK_S_MAX = 8.0
LEAP_S_MAX = 20.0
WALL_S_MAX = 3_600.0


class Faults:
    """Troubles one after the other, until it is over."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("faults")
        kinds: list[Fault] = [
            *(self._kill, self._kill_at_step, self._restart, self._cut, self._sever),
            *(self._darken, self._fail_disk, self._fill_disk, self._leap, self._set_wall),
            self._slow_down,
        ]
        chosen = [kind for kind in kinds if self._chance.random() < 0.5]
        self._kinds = chosen or [self._kill_at_step]
        self._every_s = self._chance.choice((0.5, 1.5, 4.0))
        self._restarting: asyncio.Task[None] | None = None
        self.names: list[str] = []

    async def run(self) -> None:
        """Cause trouble, over and over."""
        while True:
            await pause(self._chance.expovariate(1 / self._every_s))
            kind = self._chance.choice(self._kinds)
            self._world.tell(f"{self._world.loop.now_s:10.4f} FAULT {kind.__name__}")
            self.names.append(kind.__name__)
            await kind()

    async def end(self) -> None:
        """All is well again."""
        world = self._world
        world.network.lighten()
        world.network.delay_s = (0.000_2, 0.001)
        world.disk.free_bytes = PLENTY_BYTES
        world.disk.fails.clear()
        world.machine.kill_at_step(2**60, loses_power=False)
        if self._restarting is not None:
            await self._restarting
        await world.machine.until_up()

    async def _kill(self) -> None:
        self._world.machine.kill(loses_power=self._chance.random() < 0.7)

    async def _kill_at_step(self) -> None:
        self._world.machine.kill_at_step(
            self._chance.randint(1, STEPS_MAX), loses_power=self._chance.random() < 0.7
        )

    async def _restart(self) -> None:
        self._restarting = asyncio.create_task(self._world.machine.restart())
        await asyncio.shield(self._restarting)

    async def _cut(self) -> None:
        if ends := self._world.network.ends_of(ADDRESS):
            self._world.network.cut(self._chance.choice(ends))

    async def _sever(self) -> None:
        if ends := self._world.network.ends_of(ADDRESS):
            self._world.network.sever(self._chance.choice(ends))

    async def _darken(self) -> None:
        ends = self._world.network.ends_of(ADDRESS)
        names = [ADDRESS, *(end.peer.name for end in ends)]
        self._world.network.darken(self._chance.choice(names), self._chance.random() * DARK_S_MAX)

    async def _fail_disk(self) -> None:
        self._world.disk.fails.add(self._chance.choice(("write", "sync", "read")))

    async def _fill_disk(self) -> None:
        self._world.disk.free_bytes = 0
        await pause(self._chance.random() * 5)
        self._world.disk.free_bytes = PLENTY_BYTES

    async def _leap(self) -> None:
        """The process stood still, and so did all others: it is later at once."""
        self._world.loop.pass_s(self._chance.random() * LEAP_S_MAX)

    async def _set_wall(self) -> None:
        self._world.loop.wall_off_s += self._chance.uniform(-WALL_S_MAX, WALL_S_MAX)

    async def _slow_down(self) -> None:
        self._world.network.delay_s = (0.002, self._chance.choice((0.005, 0.05)))
        self._world.syncs.took_s = self._chance.choice((0.002, 0.03, 0.3))
        await pause(self._chance.random() * 5)
        self._world.network.delay_s = (0.000_2, 0.001)
        self._world.syncs.took_s = 0.002
