"""What goes wrong in a cluster: in its nodes, in NATS, and between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.simulation.cluster.computers import Computer
from tests.simulation.cluster.rare import Rare
from tests.simulation.cluster.world import ClusterWorld
from tests.simulation.faults import DARK_S_MAX, Fault, Faults

STILL_S_MAX = 8.0
"""Longer than a lease lasts."""


class ClusterFaults(Faults):
    """Of nodes and of NATS, and what rarely happens to a cluster, where the world has that."""

    share = 0.4
    every_s = (0.7, 1.5, 4.0)
    leap_s_max = 6.0
    _world: ClusterWorld

    def _all(self) -> Sequence[Fault]:
        return (
            *(self._kill, self._lose_all, self._restart, self._hand_over, self._stand_still),
            *(self._darken_nats, self._darken_node, self._darken_all, self._cut_way),
            *(self._cut, self._sever, self._refuse, self._slow_down, self._leap),
            self._damage_checkpoint,
        )

    async def run(self) -> None:
        rare = Rare(self._world, self)
        for name in self._world.rare:
            self.begin(rare.happen(name))
        await super().run()

    async def end(self) -> None:
        await self.calm_down()
        await asyncio.gather(*self._under_way)
        await self._world.until_all_run()

    async def calm_down(self) -> None:
        """What lasted is over."""
        await super().end()
        truth = self._world.truth
        truth.dark_until_s.clear()
        truth.refuses_until_s = 0.0
        truth.delay_s = 0.002

    def one(self) -> Computer:
        """Often one that leads what is worked on."""
        leading = [each for each in self._world.computers if each.node and each.node.leads()]
        others = leading if leading and self._chance.random() < 0.6 else self._world.computers
        return self._chance.choice(others)

    def _whose(self) -> str:
        return self.one().name

    async def _kill(self) -> None:
        self.one().kill(loses_power=self._chance.random() < 0.5)

    async def _lose_all(self) -> None:
        self.one().kill(loses_power=True, loses_all=True)

    async def _restart(self) -> None:
        self.begin(self.one().restart())

    async def _hand_over(self) -> None:
        node, target = self.one().node, self._chance.choice(self._world.computers).name
        if node is not None and target != node.name:
            partition = self._chance.randint(0, self._world.partitions)
            context = self._world.context_of(node.name)
            context.run(lambda: node.leading.keep(node.leading.hand_over(partition, target)))

    async def _stand_still(self) -> None:
        seconds = self._chance.random() * STILL_S_MAX
        self.begin(self.one().stand_still(seconds))

    async def _darken_nats(self) -> None:
        until_s = self._world.loop.now_s + self._chance.random() * DARK_S_MAX
        self._world.truth.dark_until_s[self.one().name] = until_s

    async def _darken_node(self) -> None:
        """Nothing comes to it from clients or other nodes; from NATS, in half of the cases."""
        name, seconds = self.one().name, self._chance.random() * DARK_S_MAX
        self._world.network.darken(name, seconds)
        if self._chance.random() < 0.5:
            self._world.truth.dark_until_s[name] = self._world.loop.now_s + seconds

    async def _darken_all(self) -> None:
        """NATS has no majority."""
        until_s = self._world.loop.now_s + self._chance.random() * 5
        self._world.truth.dark_until_s[""] = until_s

    async def _cut_way(self) -> None:
        """From one node to another nothing passes; perhaps the other way it does."""
        one, other = self._chance.sample([each.name for each in self._world.computers], 2)
        self._world.network.darken_way(one, other, self._chance.random() * DARK_S_MAX)
        if self._chance.random() < 0.5:
            self._world.network.darken_way(other, one, self._chance.random() * DARK_S_MAX)

    async def _refuse(self) -> None:
        """NATS takes nothing: it has no room, say."""
        self._world.truth.refuses_until_s = self._world.loop.now_s + self._chance.random() * 4

    async def _damage_checkpoint(self) -> None:
        """The newest of a partition is not what it was: the one before must do, for a node that
        has lost all, say.
        """
        self._world.truth.damage_newest(self._chance.randint(0, self._world.partitions))
        if self._chance.random() < 0.5:
            await self._lose_all()

    async def _slow_down(self) -> None:
        self._world.truth.delay_s = self._chance.choice((0.002, 0.05, 0.2))
        self._world.network.delay_s = (0.000_2, self._chance.choice((0.001, 0.005, 0.05)))
