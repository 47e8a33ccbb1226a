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
from tests.simulation.cluster.faults import ClusterFaults
from tests.simulation.cluster.rare import RARE, SHARE
from tests.simulation.cluster.world import ClusterWorld
from tests.simulation.faults import Faults
from tests.simulation.leads.world import LeadsWorld
from tests.simulation.single.faults import SingleFaults
from tests.simulation.single.machine import Killed
from tests.simulation.single.world import SingleWorld
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
LEADS_KINDS = ("registers",)
"""What clients do that have no connections."""
AT_ONCE = (1, 1, 2)
"""How many kinds of work go on side by side."""


SINGLE, LEADS, NODES = "single", "leads", "nodes"
"""What serves: one server, the leads of a cluster alone, whole servers of a cluster."""


@dataclass(frozen=True)
class Report:
    """What came of one seed. `again`: the command that runs it again, whatever kinds of work and
    rare things there will be by then.
    """

    seed: int
    digest: str
    problems: list[str]
    works: list[str]
    faults: list[str]
    deaths: list[str]
    again: str

    def __str__(self) -> str:
        head = (
            f"seed {self.seed}: {' and '.join(self.works)}, {len(self.faults)} faults, "
            f"{len(self.deaths)} ends of the server, {len(self.problems)} problems"
        )
        if not self.problems:
            return head
        return "\n".join([head, *self.problems, f"replay: {self.again}"])


class Simulation:
    """`serving`: what serves. `kinds`: the work to do; `rare`: what rarely happens to a cluster,
    and does here: both are chosen by the seed unless given. `tell` hears of what happens.
    """

    def __init__(
        self,
        seed: int,
        *,
        serving: str = SINGLE,
        kinds: Sequence[str] | None = None,
        rare: Sequence[str] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._chance = random.Random(f"{seed}/chance")
        self._loop = SimLoop(random.Random(f"{seed}/loop"))
        self._seed = seed
        self._serving = serving
        self._kinds = list(kinds or _chosen_kinds(seed, serving))
        self._rare = _chosen_rare(seed, serving) if rare is None else list(rare)
        self.world, self._faults = self._made()
        if tell is not None:
            self.world.tell = tell
        self._loop.set_exception_handler(self._handle)

    def _made(self) -> tuple[World, Faults]:
        if self._serving == SINGLE:
            single = SingleWorld(self._seed, self._loop, self._chance)
            return single, SingleFaults(single)
        kind = LeadsWorld if self._serving == LEADS else ClusterWorld
        cluster = kind(self._seed, self._loop, self._chance, self._rare)
        return cluster, ClusterFaults(cluster)

    def run(self) -> Report:
        """Do it all."""
        world = self.world
        seeded = inside(self._loop, world.fork("inside"))
        with silence(), uncollected(), seeded, world.arranged():
            try:
                asyncio.set_event_loop(self._loop)
                self._loop.run_until_complete(self._live())
            except Exception:
                world.complain(traceback.format_exc())
            finally:
                self._end()
        return Report(
            self._seed,
            world.digest,
            world.problems,
            self._kinds,
            self._faults.names,
            world.deaths,
            self._again(),
        )

    def _again(self) -> str:
        told = [f"--seed {self._seed}"]
        if self._serving != SINGLE:
            told += [f"--{self._serving}", " ".join(["--rare", *self._rare])]
        if self._serving != LEADS:
            told.append(f"--kinds {' '.join(self._kinds)}")
        return f".venv/bin/python -m tests.simulation {' '.join(told)}"

    async def _live(self) -> None:
        world, faults = self.world, self._faults
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


def _chosen_kinds(seed: int, serving: str) -> list[str]:
    choice = random.Random(f"{seed}/kinds")
    chosen = choice.sample(sorted(KINDS), choice.choice(AT_ONCE))
    return [*LEADS_KINDS] if serving == LEADS else chosen


def _chosen_rare(seed: int, serving: str) -> list[str]:
    choice = random.Random(f"{seed}/rare")
    chosen = [name for name in RARE if choice.random() < SHARE]
    return chosen if serving == NODES else []


@contextmanager
def uncollected() -> Iterator[None]:
    """When cycles are collected, and what that ends, depends on all that the process ever did.

    What was there before is left out of the collection at the end: it may be a million objects.
    Where nothing is collected anyway the process is one seed's only.
    """
    is_collected = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        if is_collected:
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
