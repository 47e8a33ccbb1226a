"""One run: a server killed several times under load, then everything is looked at."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from floruntime.server.data.verify import verify
from tests.crash.checker import problems
from tests.crash.history import History
from tests.crash.look import drain, look
from tests.crash.process import ServerProcess
from tests.crash.workload import Worker, new_client, prepare

WORKERS = 3
FAIL_POINTS = {
    "sync": ("before_write", "after_write", "after_sync"),
    "async": ("before_write", "after_write"),
}
"""By durability, the steps that each commit takes."""
COMMITS_MAX = 250
"""The latest commit at which a fail point kills."""
LIFE_SECONDS = (0.05, 0.7)
"""How long a server lives that is killed at a random moment."""
FAIL_POINT_SECONDS_MAX = 120.0


@dataclass
class Report:
    """What came of one run."""

    seed: int
    kills: int
    calls: int
    unanswered: int
    problems: list[str]

    def __str__(self) -> str:
        head = (
            f"seed {self.seed}: {self.kills} kills, {self.calls} calls, "
            f"{self.unanswered} unanswered, {len(self.problems)} problems"
        )
        return "\n".join([head, *self.problems[:20], *self.problems[20:][-1:]])


class CrashRun:
    """`rounds` kills on one data directory. The seed decides all but the timing of the machine."""

    def __init__(self, data_dir: str, rounds: int, seed: int, *, durability: str = "sync") -> None:
        self._rounds = rounds
        self._seed = seed
        self._random = random.Random(seed)
        self._server = ServerProcess(data_dir, durability=durability)
        self._history = History()
        self._workers: list[Worker] = []
        self._hired = 0

    async def run(self) -> Report:
        """Do it all; whatever happens, the server has ended afterwards."""
        async with self._server:
            async with new_client(self._server.endpoint) as client:
                await prepare(client)
            for _ in range(WORKERS):
                await self._hire()
            for _ in range(self._rounds):
                await self._kill_once()
            for worker in self._workers:
                await worker.stop()
            broken = await self._look()
            await self._expect_clean_end(broken)
        report = verify(self._server.data_dir)
        broken += [f"flo verify: {problem}" for problem in report.problems]
        history = self._history
        return Report(self._seed, self._rounds, history.calls, history.unanswered, broken)

    async def _hire(self) -> None:
        client = new_client(self._server.endpoint)
        await client.connect()
        name = f"w{self._hired}"
        self._hired += 1
        worker = Worker(name, client, self._history, f"{self._seed}-{name}")
        self._workers.append(worker)
        worker.start()

    async def _kill_once(self) -> None:
        """Let the server live for a while, kill it, start it again; the clients never stop."""
        if self._random.random() < 0.5:
            low, high = LIFE_SECONDS
            await asyncio.sleep(self._random.uniform(low, high))
            await self._kill_and_restart(None)
        else:
            await asyncio.sleep(0.02)
            point = self._random.choice(FAIL_POINTS[self._server.durability])
            await self._kill_and_restart(f"{point}:{self._random.randint(1, COMMITS_MAX)}")

    async def _kill_and_restart(self, fail_point: str | None) -> None:
        is_replaced = self._random.random() < 0.5
        if is_replaced:
            await self._workers.pop(0).vanish()
        await self._server.kill()
        if fail_point is not None:
            await self._server.start(fail_point)
            try:
                await self._server.ended(FAIL_POINT_SECONDS_MAX)
            except TimeoutError:
                self._history.surprises.append(f"the fail point {fail_point} was not reached")
                await self._server.kill()
        await self._server.start()
        if is_replaced:
            await self._hire()

    async def _look(self) -> list[str]:
        """Judge, then kill once more: what was looked at must still be there."""
        async with new_client(self._server.endpoint) as client:
            left = await drain(client, self._history)
            found = await look(client, left)
            await self._server.kill()
            await self._server.start()
            again = await look(client, left)
        broken = problems(self._history, found)
        if found != again:
            broken.append("what was found at the end is not there after one more kill")
        return broken

    async def _expect_clean_end(self, broken: list[str]) -> None:
        code = await self._server.stop()
        if code:
            broken.append(f"the server ended with {code} on SIGTERM:\n{self._server.log}")
