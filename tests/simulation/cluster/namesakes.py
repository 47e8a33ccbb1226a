"""A second node of a name: it is refused, or one of the two ends; nothing else is lost by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from floruntime.server.cluster.board.members import NodeRow, decode_node
from floruntime.server.cluster.board.namesakes import WATCH_S
from floruntime.server.cluster.node import Node
from tests.simulation.clockwork import pause
from tests.simulation.cluster.computers import Computer

if TYPE_CHECKING:
    from tests.simulation.cluster.faults import ClusterFaults
    from tests.simulation.cluster.world import ClusterWorld

SILENT_S, SOONER_S, STAYS_S = (4.0, 8.0), 2.0, (12.0, 20.0)
"""How long the first one is silent, how much later than that the second begins, how long it stays.
"""
SURELY_S = 1.2
"""What was told so long after a look began, and before it ended, was there to be seen."""
TOLD_MAX = 9
"""So often both of a name tell of themselves at most."""


class Namesakes:
    """Lets them come to `world`."""

    def __init__(self, world: ClusterWorld, faults: ClusterFaults) -> None:
        self._world = world
        self._faults = faults
        self._chance = world.fork("namesakes")
        #: What nodes of the name told, and when.
        self._told: list[tuple[float, NodeRow]] = []

    async def come(self) -> None:
        """Somebody starts a node by the name of another, and takes it away after a while."""
        first = self._faults.one()
        other = self._world.new_computer(first.name, f"{first.name}-again")
        first.has_namesake = other.has_namesake = True
        self._world.truth.tells = partial(self._note, first.name)
        self._world.namesakes.append(other)
        for each in (first, other):
            each.found_none = self._judge_look
        await self._begin(first, other)
        await pause(self._chance.uniform(*STAYS_S))
        other.leave()
        self._world.namesakes.remove(other)
        self._world.gone.append(other)
        first.found_none = lambda node, begun_s: None
        self._world.truth.tells = lambda row: None

    async def _begin(self, first: Computer, other: Computer) -> None:
        kinds: tuple[Callable[[Computer], Awaitable[None]], ...]
        kinds = (self._let_be, self._silence, self._let_stand, self._kill)
        await self._chance.choice(kinds)(first)
        await pause(self._chance.random() * SOONER_S)
        other.start()

    async def _let_be(self, first: Computer) -> None:
        """It is there, and tells of itself."""

    async def _silence(self, first: Computer) -> None:
        """NATS hears nothing of it, so the other one takes it for dead."""
        seconds = self._chance.uniform(*SILENT_S)
        self._world.truth.dark_until_s[first.host] = self._world.loop.now_s + seconds

    async def _let_stand(self, first: Computer) -> None:
        self._faults.begin(first.stand_still(self._chance.uniform(*SILENT_S)))

    async def _kill(self, first: Computer) -> None:
        """Both begin at about the same time."""
        first.kill(loses_power=self._chance.random() < 0.5)

    # What must be

    def _note(self, name: str, data: bytes) -> None:
        row = decode_node(data)
        if row.name != name:
            return
        self._told.append((self._world.loop.now_s, row))
        begun = {each.run: at_s for at_s, each in reversed(self._told)}
        since_s = max(begun.values())
        counts = Counter(each.run for at_s, each in self._told if at_s >= since_s)
        if len(begun) > 1 and min(counts[run] for run in begun) > TOLD_MAX:
            self._world.complain(f"two processes go on as node {name}: {counts}")

    def _judge_look(self, node: Node, begun_s: float) -> None:
        """It found no other one of its name: none that told of itself meanwhile goes on."""
        until_s = self._world.loop.now_s - SURELY_S
        seen = {
            row.run
            for at_s, row in self._told
            if begun_s + SURELY_S < at_s < until_s and not row.is_stopped
        }
        if self._is_short(begun_s):
            seen.add(self._told[-1][1].run)
        stopped = {row.run for _, row in self._told if row.is_stopped}
        if seen - stopped - {node.run, node.namesakes._last_run}:
            self._world.complain(f"{node.config.advertise} is let in beside another {node.name}")

    def _is_short(self, begun_s: float) -> bool:
        """Whether that was no look, though another one may live."""
        before = [row for at_s, row in self._told if at_s < begun_s][-1:]
        is_over = not before or before[0].is_stopped or before[0].run != self._told[-1][1].run
        return self._world.loop.now_s - begun_s < WATCH_S and not is_over
