"""What rarely happens to a cluster, at most once to a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.clockwork import pause

if TYPE_CHECKING:
    from tests.simulation.cluster.faults import ClusterFaults
    from tests.simulation.cluster.world import ClusterWorld

RARE: tuple[str, ...] = ()
"""Their names."""
SHARE = 0.2
"""Of the worlds that each happens to."""


class Rare:
    """Lets it happen to `world`, beside its `faults`."""

    def __init__(self, world: ClusterWorld, faults: ClusterFaults) -> None:
        self._world = world
        self._faults = faults

    async def happen(self, name: str) -> None:
        """Sooner or later, while there is trouble."""
        await pause(self._world.fork(f"rare {name}").uniform(1.0, 0.7 * self._world.busy_s))
