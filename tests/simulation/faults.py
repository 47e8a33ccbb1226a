"""What goes wrong, and when: each seed has its own choice of troubles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ClassVar

from tests.simulation.clockwork import pause
from tests.simulation.world import World

Fault = Callable[[], Awaitable[None]]
DARK_S_MAX = 8.0


class Faults:
    """Troubles one after the other, until it is over; `single` and `cluster` say which."""

    share: ClassVar[float]
    """How many of the kinds a world has."""
    every_s: ClassVar[Sequence[float]]
    """How often something goes wrong: one of these."""
    leap_s_max: ClassVar[float]

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("faults")
        kinds = self._all()
        chosen = [kind for kind in kinds if self._chance.random() < self.share]
        self._kinds = chosen or [kinds[0]]
        self._every_s = self._chance.choice(self.every_s)
        #: What a fault began, and what is not over yet.
        self._under_way: list[asyncio.Task[None]] = []
        #: Whether nothing goes wrong for now.
        self.is_calm = False
        self.names: list[str] = []

    def _all(self) -> Sequence[Fault]:
        """All kinds that there are. Their order is part of what a seed means."""
        raise NotImplementedError

    async def run(self) -> None:
        """Cause trouble, over and over."""
        while True:
            await pause(self._chance.expovariate(1 / self._every_s))
            if self.is_calm:
                continue
            kind = self._chance.choice(self._kinds)
            self._world.tell(f"{self._world.loop.now_s:10.4f} FAULT {kind.__name__}")
            self.names.append(kind.__name__)
            await kind()

    async def end(self) -> None:
        """All is well again."""
        self._world.network.lighten()
        self._world.network.delay_s = (0.000_2, 0.001)

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let it go on beside the next fault."""
        task = asyncio.create_task(work)
        self._under_way.append(task)
        return task

    # What may go wrong anywhere

    def _whose(self) -> str:
        """At whose connections something happens."""
        raise NotImplementedError

    async def _cut(self) -> None:
        if ends := self._world.network.ends_of(self._whose()):
            self._world.network.cut(self._chance.choice(ends))

    async def _sever(self) -> None:
        if ends := self._world.network.ends_of(self._whose()):
            self._world.network.sever(self._chance.choice(ends))

    async def _leap(self) -> None:
        """All processes stood still: it is later at once."""
        self._world.loop.pass_s(self._chance.random() * self.leap_s_max)
