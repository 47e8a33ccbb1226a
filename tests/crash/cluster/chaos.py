"""One run: mixed work on a cluster whose parts are killed in turn, then everything is looked at."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from floruntime.core.errors import FloError
from floruntime.server.cluster.board.placement import SYSTEM
from tests.crash.checker import problems
from tests.crash.cluster.figures import Figures
from tests.crash.cluster.rig import NodeProcess, Rig
from tests.crash.cluster.writing import moved, writing_in_all
from tests.crash.history import History
from tests.crash.look import drain, look
from tests.crash.process import LoggedProcess
from tests.crash.run import Report
from tests.crash.workload import Worker, new_client, prepare

FAULTS = ("flo", "nats", "machine")
"""What is killed: the node that leads most, a server of NATS, or one of each at once."""
CUTS = ("cut nats", "deaf nats", "mute nats")
"""A server of NATS that the others do not reach: both ways, or one way only."""
EVERY_FAULT = (
    *(*FAULTS, "hanging node", "hanging nats", "restart", "moves", "replaced"),
    *CUTS,
)
"""And what hangs for longer than a lease, restarts by hand, leads that are moved about, and a node
whose disk is lost.
"""
HARM_S_MAX = 45.0
"""After which what hangs goes on, and what is cut is mended, whatever has come of it."""
CALL_MS = 180_000
"""How long calls may take, by far longer than that."""
CALLS_BETWEEN = 200
"""So many calls begin between one harm and the next."""
WORKERS = 2
MOVES = 12


class ClusterChaos:
    """`rounds` kills, each of another kind than the one before."""

    def __init__(
        self, directory: Path, rounds: int, seed: int, faults: tuple[str, ...] = FAULTS
    ) -> None:
        self._faults = faults
        self._rounds = rounds
        self._seed = seed
        self._random = random.Random(seed)
        self._rig = Rig(directory, is_wired=not set(CUTS).isdisjoint(faults))
        self._history = History()
        #: By harm how long until each partition was led again, and how long leads rested in moves.
        self.figures = Figures()
        self._done: list[str] = []

    async def run(self) -> Report:
        """Do it all; whatever happens, every process has ended afterwards."""
        async with self._rig as rig:
            await rig.settled()
            async with new_client(rig.endpoints) as client:
                await prepare(client)
            workers = [self._worker(number) for number in range(WORKERS)]
            for worker in workers:
                worker.start()
            try:
                await self._harm()
                for worker in workers:
                    await worker.stop()
                broken = await self._look()
            except (FloError, AssertionError) as error:  # it does not come back
                broken = [f"{type(error).__name__}: {error}"]
                for worker in workers:
                    await worker.vanish()
            if broken:
                broken.append(f"what was done: {self._done}\n{rig.logs}")
        history = self._history
        return Report(self._seed, self._rounds, history.calls, history.unanswered, broken)

    async def _harm(self) -> None:
        first = self._random.randrange(len(self._faults))
        for number in range(self._rounds):
            fault = self._faults[(first + number) % len(self._faults)]
            self._done.append(fault)
            await self._once(fault)
            await self._rig.settled()
            await self._worked()

    async def _worked(self) -> None:
        """Let clients work for a while before the next harm."""
        enough = self._history.calls + CALLS_BETWEEN
        while self._history.calls < enough:  # noqa: ASYNC110 # no event tells
            await asyncio.sleep(0.05)

    def _worker(self, number: int) -> Worker:
        name = f"w{number}"
        client = new_client(self._rig.endpoints, CALL_MS)
        return Worker(name, client, self._history, f"{self._seed}-{name}")

    async def _once(self, fault: str) -> None:
        if fault in FAULTS:
            await self._kill(fault)
        elif fault in CUTS:
            await self._cut(fault)
        elif fault.startswith("hanging"):
            await self._hang(fault)
        elif fault == "restart":
            await self._restart()
        elif fault == "replaced":
            await self._replace()
        else:
            await self._move_about()

    async def _hang(self, fault: str) -> None:
        rig = self._rig
        node = rig.nodes[await rig.leader()]
        stuck = node if fault == "hanging node" else self._random.choice(rig.nats.servers)
        stuck.send(signal.SIGSTOP)
        await self._until_led_again(fault, lambda: stuck.send(signal.SIGCONT), but=node)

    async def _cut(self, fault: str) -> None:
        nats = self._rig.nats
        nats.cut_off(
            self._random.randrange(len(nats.servers)),
            hears=fault == "mute nats",
            speaks=fault == "deaf nats",
        )
        await self._until_led_again(fault, nats.mend)

    async def _until_led_again(
        self, fault: str, mend: Callable[[], None], *, but: NodeProcess | None = None
    ) -> None:
        """Or until it is mended: JetStream may not elect for as long as one of its servers hears
        nothing of the others, and still speaks to them.
        """
        led = asyncio.ensure_future(self._rig.led_again(but=but))
        try:
            await asyncio.wait([led], timeout=HARM_S_MAX)
        finally:
            mend()
        self.figures.add(fault, await led)

    async def _restart(self) -> None:
        """Of a node that was drained, or is not."""
        name = self._random.choice(sorted(self._rig.nodes))
        is_drained = self._random.random() < 0.5
        if is_drained:
            await self._rig.asked(lambda client: client.cluster.drain(name))
        await self._rig.nodes[name].stop()
        what = "restart, drained" if is_drained else "restart"
        self.figures.add(what, await self._rig.led_again())
        await self._rig.nodes[name].start()

    async def _replace(self) -> None:
        """A node is lost with its disk: an empty one takes its place, and catches up."""
        name = self._random.choice(sorted(self._rig.nodes))
        node = self._rig.nodes[name]
        await node.kill()
        shutil.rmtree(node.data_dir)
        begun_s = time.monotonic()
        await node.start()
        await self._rig.led_again()  # what it told of itself before is behind this
        await self._rig.caught_up(name)
        self.figures.add("replaced", time.monotonic() - begun_s)

    async def _move_about(self) -> None:
        rig = self._rig
        names = sorted(rig.nodes)
        async with writing_in_all(rig) as writing:
            for number in range(MOVES):
                took_s = await moved(rig, writing, 1 + number % rig.partitions)
                self.figures.add("move", took_s)
            name = self._random.choice(names)
            await rig.asked(lambda client: client.cluster.move(SYSTEM, name))
            await rig.asked(lambda client: client.cluster.drain(name))
        for each in writing.values():
            self._history.surprises += [f"a move: {error}" for error in each.failures]

    async def _kill(self, fault: str) -> None:
        rig = self._rig
        node = rig.nodes[await rig.leader()]
        server = self._random.choice(rig.nats.servers)
        killed: list[LoggedProcess] = []
        if fault in ("flo", "machine"):
            killed.append(node)
        if fault in ("nats", "machine"):
            killed.append(server)
        for process in killed:
            await process.kill()
        self.figures.add(fault, await rig.led_again())
        await asyncio.gather(*(process.start() for process in killed))

    async def _look(self) -> list[str]:
        async with new_client(self._rig.endpoints) as client:
            left = await drain(client, self._history)
            found = await look(client, left)
            node = self._rig.nodes[await self._rig.leader()]
            await node.kill()
            again = await look(client, left)
        broken = problems(self._history, found)
        if found != again:
            broken.append("what was found at the end is not there after one more kill")
        return broken
