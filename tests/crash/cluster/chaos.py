"""One run: mixed work on a cluster whose parts are killed in turn, then everything is looked at."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.crash.checker import problems
from tests.crash.cluster.rig import Rig
from tests.crash.history import History
from tests.crash.look import drain, look
from tests.crash.process import LoggedProcess
from tests.crash.run import Report
from tests.crash.workload import Worker, new_client, prepare

FAULTS = ("flo", "nats", "machine")
"""What is killed: the node that leads most, a server of NATS, or one of each at once."""
WORKERS = 2


class ClusterChaos:
    """`rounds` kills, each of another kind than the one before."""

    def __init__(self, directory: Path, rounds: int, seed: int) -> None:
        self._rounds = rounds
        self._seed = seed
        self._random = random.Random(seed)
        self._rig = Rig(directory)
        self._history = History()
        #: For each kill: what, and how long until each partition was led again.
        self.led_again_s: list[tuple[str, float]] = []

    async def run(self) -> Report:
        """Do it all; whatever happens, every process has ended afterwards."""
        async with self._rig as rig:
            await rig.settled()
            async with new_client(rig.endpoints) as client:
                await prepare(client)
            workers = [self._worker(number) for number in range(WORKERS)]
            for worker in workers:
                worker.start()
            first = self._random.randrange(len(FAULTS))
            for number in range(self._rounds):
                await self._kill_once(FAULTS[(first + number) % len(FAULTS)])
            for worker in workers:
                await worker.stop()
            broken = await self._look()
        history = self._history
        return Report(self._seed, self._rounds, history.calls, history.unanswered, broken)

    def _worker(self, number: int) -> Worker:
        name = f"w{number}"
        client = new_client(self._rig.endpoints)
        return Worker(name, client, self._history, f"{self._seed}-{name}")

    async def _kill_once(self, fault: str) -> None:
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
        self.led_again_s.append((fault, await rig.led_again()))
        await asyncio.gather(*(process.start() for process in killed))
        await rig.settled()

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
