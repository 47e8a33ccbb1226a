"""A cluster where all is well but for what a test does to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.simulation.cluster.world import ClusterWorld
from tests.simulation.run import NODES, Simulation


class Scene(Simulation):
    """One thing that happens in a cluster where all is well."""

    def __init__(self, seed: int, scene: Callable[[ClusterWorld], Awaitable[None]]) -> None:
        super().__init__(seed, serving=NODES, kinds=["bulk"], rare=[])
        self._scene = scene

    async def _live(self) -> None:
        assert isinstance(self.world, ClusterWorld), "it asked for one"
        await self.world.begin()
        await self._scene(self.world)
