"""One simulation: its seed decides everything, and running it again is the same to the byte."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from floruntime.core.errors import FloError
from tests.simulation.clockwork import SimLoop, inside, pause
from tests.simulation.cluster.cluster_faults import ClusterFaults
from tests.simulation.cluster.cluster_world import ClusterWorld
from tests.simulation.faults import Faults
from tests.simulation.machine import Killed
from tests.simulation.work.bulk import Bulk
from tests.simulation.work.calls import Calls
from tests.simulation.work.flows import Flows
from tests.simulation.work.messages import Messages
from tests.simulation.work.mixed import Mixed
from tests.simulation.work.protocol import PATIENCE_S, Work
from tests.simulation.work.records import Records
from tests.simulation.work.registers import Registers
from tests.simulation.work.tasks import Tasks
from tests.simulation.work.views import Views
from tests.simulation.world import World

LOOK_EVERY_S = 1.0
KINDS: dict[str, Callable[[World], Work]] = {
    "bulk": Bulk,
    "calls": Calls,
    "flows": Flows,
    "messages": Messages,
    "mixed": Mixed,
    "records": Records,
    "registers": Registers,
    "tasks": Tasks,
    "views": Views,
}
AT_ONCE = (1, 1, 2)
"""How many kinds of work go on side by side."""


@dataclass(frozen=True)
class Report:
    """What came of one seed."""

    seed: int
    digest: str
    problems: list[str]
    works: list[str]
    faults: list[str]
    deaths: list[str]
    is_cluster: bool = False

    def __str__(self) -> str:
        head = (
            f"seed {self.seed}: {' and '.join(self.works)}, {len(self.faults)} faults, "
            f"{len(self.deaths)} ends of the server, {len(self.problems)} problems"
        )
        if not self.problems:
            return head
        again = f"replay: {replays(self.seed, self.works)}"
        if self.is_cluster:
            again += " --nodes"
        return "\n".join([head, *self.problems, again])


def replays(seed: int, works: list[str]) -> str:
    """The command that runs this seed again, whatever kinds of work there will be by then."""
    return f".venv/bin/python -m tests.simulation --seed {seed} --kinds {' '.join(works)}"


class Simulation:
    """`kinds`: the work to do, chosen by the seed unless given. `cluster`: several nodes serve.
    `tell` hears of what happens.
    """

    def __init__(
        self,
        seed: int,
        *,
        kinds: Sequence[str] | None = None,
        cluster: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._chance = random.Random(f"{seed}/chance")
        self._loop = SimLoop(random.Random(f"{seed}/loop"))
        self._seed = seed
        choice = random.Random(f"{seed}/kinds")
        self._kinds = list(kinds or choice.sample(sorted(KINDS), choice.choice(AT_ONCE)))
        self._is_cluster = cluster
        kind = ClusterWorld if cluster else World
        self.world = kind(seed, self._loop, self._chance)
        if tell is not None:
            self.world.tell = tell
        self._loop.set_exception_handler(self._handle)

    def run(self) -> Report:
        """Do it all."""
        world = self.world
        faults = ClusterFaults(world) if isinstance(world, ClusterWorld) else Faults(world)
        seeded = inside(self._loop, world.fork("inside"))
        with silence(), uncollected(), seeded, world.with_syncs():
            try:
                asyncio.set_event_loop(self._loop)
                self._loop.run_until_complete(self._live(faults))
            except Exception:
                world.complain(traceback.format_exc())
            finally:
                self._end()
        return Report(
            self._seed,
            world.digest,
            world.problems,
            self._kinds,
            faults.names,
            world.deaths,
            self._is_cluster,
        )

    async def _live(self, faults: Faults | ClusterFaults) -> None:
        world = self.world
        await world.begin()
        await world.lock()
        places = world.places(len(self._kinds))
        works = [KINDS[kind](place) for kind, place in zip(self._kinds, places, strict=True)]
        for work in works:
            await work.begin()
        troubles = [asyncio.create_task(faults.run()), asyncio.create_task(self._look())]
        await pause(world.busy_s)
        for trouble in troubles:
            trouble.cancel()
        await faults.end()
        for work in works:
            async with asyncio.timeout(PATIENCE_S):
                await work.end()
        await faults.end()
        for work in works:
            await work.judge()
        await world.end()

    async def _look(self) -> None:
        while True:
            await pause(LOOK_EVERY_S)
            self.world.look_at_state()

    def _handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something went wrong where nobody waits for it."""
        error = context.get("exception")
        if isinstance(error, (Killed, FloError)) or "was destroyed" in context["message"]:
            return  # of a process that has ended, or of a call that nobody waits for
        text = "" if error is None else "".join(traceback.format_exception(error))
        self.world.complain(f"{context['message']}\n{text}")

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self.world.forget()
        asyncio.set_event_loop(None)
        self._loop.close()


@contextmanager
def uncollected() -> Iterator[None]:
    """When cycles are collected, and what that ends, depends on all that the process ever did.

    What was there before is left out of the collection at the end: it may be a million objects.
    """
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
        gc.enable()


@contextmanager
def silence() -> Iterator[None]:
    """Flo tells in its log of each trouble; here they are wanted."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
