"""What goes wrong in a cluster, and when: each seed has its own choice of troubles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.simulation.clockwork import pause
from tests.simulation.cluster.cluster_world import ClusterWorld
from tests.simulation.cluster.servers import ServerComputer

DARK_S_MAX = 8.0
LEAP_S_MAX = 6.0
STILL_S_MAX = 8.0
"""Longer than a lease lasts."""


class ClusterFaults:
    """Troubles one after the other, until it is over."""

    def __init__(self, world: ClusterWorld) -> None:
        self._world = world
        self._chance = world.fork("faults")
        kinds: list[Callable[[], None]] = [
            *(self._kill, self._lose_all, self._restart, self._hand_over, self._stand_still),
            *(self._darken_nats, self._darken_node, self._darken_all, self._cut_way),
            *(self._cut, self._sever, self._refuse, self._slow_down, self._leap),
            self._damage_checkpoint,
        ]
        chosen = [kind for kind in kinds if self._chance.random() < 0.4]
        self._kinds = chosen or [self._kill]
        self._every_s = self._chance.choice((0.7, 1.5, 4.0))
        self._under_way: list[asyncio.Task[None]] = []
        self.names: list[str] = []

    async def run(self) -> None:
        """Cause trouble, over and over."""
        while True:
            await pause(self._chance.expovariate(1 / self._every_s))
            kind = self._chance.choice(self._kinds)
            self._world.tell(f"{self._world.loop.now_s:10.4f} FAULT {kind.__name__}")
            self.names.append(kind.__name__)
            kind()

    async def end(self) -> None:
        """All is well again."""
        world = self._world
        world.network.lighten()
        world.network.delay_s = (0.000_2, 0.001)
        world.truth.dark_until_s.clear()
        world.truth.refuses_until_s = 0.0
        world.truth.delay_s = 0.002
        await asyncio.gather(*self._under_way)
        await world.until_all_run()

    def _one(self) -> ServerComputer:
        """Often one that leads what is worked on."""
        leading = [each for each in self._world.computers if each.node and each.node.leads()]
        others = leading if leading and self._chance.random() < 0.6 else self._world.computers
        return self._chance.choice(others)

    def _kill(self) -> None:
        self._one().kill(loses_power=self._chance.random() < 0.5)

    def _lose_all(self) -> None:
        self._one().kill(loses_power=True, loses_all=True)

    def _restart(self) -> None:
        self._under_way.append(asyncio.create_task(self._one().restart()))

    def _hand_over(self) -> None:
        node, target = self._one().node, self._chance.choice(self._world.computers).name
        if node is not None and target != node.name:
            partition = self._chance.randint(0, self._world.partitions)
            context = self._world.context_of(node.name)
            context.run(lambda: node.leading.keep(node.leading.hand_over(partition, target)))

    def _stand_still(self) -> None:
        seconds = self._chance.random() * STILL_S_MAX
        self._under_way.append(asyncio.create_task(self._one().stand_still(seconds)))

    def _darken_nats(self) -> None:
        until_s = self._world.loop.now_s + self._chance.random() * DARK_S_MAX
        self._world.truth.dark_until_s[self._one().name] = until_s

    def _darken_node(self) -> None:
        """Nothing comes to it from clients or other nodes; from NATS, in half of the cases."""
        name, seconds = self._one().name, self._chance.random() * DARK_S_MAX
        self._world.network.darken(name, seconds)
        if self._chance.random() < 0.5:
            self._world.truth.dark_until_s[name] = self._world.loop.now_s + seconds

    def _darken_all(self) -> None:
        """NATS has no majority."""
        until_s = self._world.loop.now_s + self._chance.random() * 5
        self._world.truth.dark_until_s[""] = until_s

    def _cut_way(self) -> None:
        """From one node to another nothing passes; perhaps the other way it does."""
        one, other = self._chance.sample([each.name for each in self._world.computers], 2)
        self._world.network.darken_way(one, other, self._chance.random() * DARK_S_MAX)
        if self._chance.random() < 0.5:
            self._world.network.darken_way(other, one, self._chance.random() * DARK_S_MAX)

    def _cut(self) -> None:
        if ends := self._world.network.ends_of(self._one().name):
            self._world.network.cut(self._chance.choice(ends))

    def _sever(self) -> None:
        if ends := self._world.network.ends_of(self._one().name):
            self._world.network.sever(self._chance.choice(ends))

    def _refuse(self) -> None:
        """NATS takes nothing: it has no room, say."""
        self._world.truth.refuses_until_s = self._world.loop.now_s + self._chance.random() * 4

    def _damage_checkpoint(self) -> None:
        """The newest of a partition is not what it was: the one before must do."""
        self._world.truth.damage_newest(self._chance.randint(0, self._world.partitions))

    def _slow_down(self) -> None:
        self._world.truth.delay_s = self._chance.choice((0.002, 0.05, 0.2))
        self._world.network.delay_s = (0.000_2, self._chance.choice((0.001, 0.005, 0.05)))

    def _leap(self) -> None:
        """All processes stood still: it is later at once."""
        self._world.loop.pass_s(self._chance.random() * LEAP_S_MAX)
