"""A world in which one server serves."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from floruntime.engine.state.tx import View
from floruntime.engine.store import Reader
from floruntime.server.commit import local_journal
from tests.simulation.clockwork import SimLoop
from tests.simulation.disk import Disk, SimSyncs, snapshot_of
from tests.simulation.network import SimTransport, SimWebTransport
from tests.simulation.single.machine import ADDRESS, Machine, config_of
from tests.simulation.world import Serving, World, set_to


class SingleWorld(World):
    """A machine, a disk, a network, and clients on it."""

    busy_s = 7.0
    timeout_ms = 5_000

    def __init__(self, seed: int, loop: SimLoop, chance: random.Random) -> None:
        super().__init__(seed, loop, chance)
        self.disk = Disk(self.fork("disk"), self.note)
        self.machine = Machine(
            loop, self.network, self.disk, self.fork("machine"), config_of(self.fork("config"))
        )

    async def begin(self) -> None:
        self.machine.start()
        await self.machine.until_up()

    async def end(self) -> None:
        """The power goes."""
        self.machine.kill(loses_power=True)
        self.look_at_disk()

    def places(self, count: int) -> Sequence[World]:
        return [self] * count

    @property
    def deaths(self) -> list[str]:
        return self.machine.deaths

    @property
    def server(self) -> Serving | None:
        return self.machine.server

    @contextmanager
    def arranged(self) -> Iterator[None]:
        """Syncs take no thread but simulated time."""

        class Syncs(SimSyncs):
            chance = self.fork("syncs")
            took_s = 0.002

        self.syncs = Syncs
        with set_to(local_journal, "Syncs", Syncs), super().arranged():
            yield

    def _way(self, name: str, nodes: Sequence[str]) -> tuple[Sequence[str], Any]:
        is_by_web = self.token is not None and self._doors.random() < 0.5
        kind = SimWebTransport if is_by_web else SimTransport
        return [ADDRESS], kind(self.network, name, ADDRESS)

    def address(self) -> str:
        return ADDRESS

    def _views(self) -> Iterable[View]:
        if self.server is not None:
            yield self.server.commit.queries.view()

    def _disks(self) -> Iterable[tuple[str, Reader]]:
        yield "", snapshot_of(self.disk)
