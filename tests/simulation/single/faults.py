"""What goes wrong where one server serves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.simulation.clockwork import pause
from tests.simulation.disk import PLENTY_BYTES
from tests.simulation.faults import DARK_S_MAX, Fault, Faults
from tests.simulation.single.machine import ADDRESS
from tests.simulation.single.world import SingleWorld

STEPS_MAX = 60
WALL_S_MAX = 3_600.0


class SingleFaults(Faults):
    """Of the machine, its disk and its clock, and of connections to it."""

    share = 0.5
    every_s = (0.5, 1.5, 4.0)
    leap_s_max = 20.0
    _world: SingleWorld

    def _all(self) -> Sequence[Fault]:
        return (
            *(self._kill, self._kill_at_step, self._restart, self._cut, self._sever),
            *(self._darken, self._fail_disk, self._fill_disk, self._leap, self._set_wall),
            self._slow_down,
        )

    async def end(self) -> None:
        await super().end()
        world = self._world
        world.disk.free_bytes = PLENTY_BYTES
        world.disk.fails.clear()
        world.machine.kill_at_step(2**60, loses_power=False)
        for task in self._under_way:
            await task
        await world.machine.until_up()

    def _whose(self) -> str:
        return ADDRESS

    async def _kill(self) -> None:
        self._world.machine.kill(loses_power=self._chance.random() < 0.7)

    async def _kill_at_step(self) -> None:
        self._world.machine.kill_at_step(
            self._chance.randint(1, STEPS_MAX), loses_power=self._chance.random() < 0.7
        )

    async def _restart(self) -> None:
        await asyncio.shield(self.begin(self._world.machine.restart()))

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

    async def _set_wall(self) -> None:
        self._world.loop.wall_off_s += self._chance.uniform(-WALL_S_MAX, WALL_S_MAX)

    async def _slow_down(self) -> None:
        self._world.network.delay_s = (0.002, self._chance.choice((0.005, 0.05)))
        self._world.syncs.took_s = self._chance.choice((0.002, 0.03, 0.3))
        await pause(self._chance.random() * 5)
        self._world.network.delay_s = (0.000_2, 0.001)
        self._world.syncs.took_s = 0.002
