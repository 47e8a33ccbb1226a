"""Writes over HTTP with an `Idempotency-Key`: each happens once, however often it is sent."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any

from floruntime.core.limits import SESSION_AGE_MS_MAX
from tests.simulation.clockwork import pause
from tests.simulation.http import HttpProgram, Response
from tests.simulation.work.protocol import surely
from tests.simulation.world import World

PROGRAMS = 3
REST_S = 0.3
STREAM, QUEUE, PAGE = "http-events", "http-jobs", 1_000
AGAIN_LATER = {408, 429, 500, 503, 504, 507}
MEMORY_MS = SESSION_AGE_MS_MAX - 60_000
"""How long a key is surely remembered: what it takes from its first sending to its answer."""


class Once:
    """One write, which has a number of its own, and all that was answered to it."""

    def __init__(self, number: int, path: str, body: Any) -> None:
        self.number = number
        self.path = path
        self.body = body
        self.answers: list[Any] = []
        #: By the server's clock, at which it was sent.
        self.sent_ms: list[int] = []

    @property
    def is_remembered(self) -> bool:
        """Whether all of it fell into the time for which its key is remembered."""
        return max(self.sent_ms) - min(self.sent_ms) < MEMORY_MS


class Calls:
    """Programs that send each write until it is answered, some twice at once, some again later."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("calls")
        self._numbers = itertools.count()
        self._all: list[Once] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._is_over = False

    async def begin(self) -> None:
        self._client = await self._world.client("calls-look").connect()
        await self._client.stream.create(STREAM)
        self._tasks = [
            asyncio.create_task(self._work(f"program-{number}")) for number in range(PROGRAMS)
        ]

    async def _work(self, name: str) -> None:
        programs = [
            HttpProgram(self._world.network, name, self._world.token, self._world.address)
            for _ in range(2)
        ]
        done: list[Once] = []
        while not self._is_over:
            await pause(self._chance.expovariate(1 / REST_S))
            luck = self._chance.random()
            if done and luck < 0.2:
                await self._send(programs[0], self._chance.choice(done))
                continue
            once = self._new()
            senders = programs if luck < 0.4 else programs[:1]
            await asyncio.gather(*(self._send(program, once) for program in senders))
            done.append(once)
        for program in programs:
            program.close()

    def _new(self) -> Once:
        number = next(self._numbers)
        count = {"key": f"http/{number}"}
        append = {"stream": STREAM, "payload": str(number)}
        enqueue = {"queue": QUEUE, "payload": str(number)}
        kinds: dict[str, Any] = {
            "kv.incr": count,
            "stream.append": append,
            "queue.enqueue": enqueue,
            "batch": {
                "commands": [
                    {"call": "kv.incr", **count},
                    {"call": "stream.append", **append},
                    {"call": "queue.enqueue", **enqueue},
                ]
            },
        }
        kind = self._chance.choice(sorted(kinds))
        once = Once(number, f"/v1/{self._world.namespace}/{kind}", kinds[kind])
        self._all.append(once)
        return once

    async def _send(self, program: HttpProgram, once: Once) -> None:
        """Until there is an answer."""
        while True:
            once.sent_ms.append(self._server_ms())
            try:
                response = await program.ask(once.path, once.body, f"key-{once.number}")
            except (OSError, TimeoutError):
                await pause(self._chance.random())
                continue
            once.sent_ms.append(self._server_ms())
            if response.status not in AGAIN_LATER:
                self._take(once, response)
                return
            await pause(self._chance.random())

    def _server_ms(self) -> int:
        """Of the server, or, while it is down, of the wall, which it will begin with."""
        server = self._world.server
        if server is not None:
            return server.clock.now_ms()
        return int(self._world.loop.wall_s() * 1000)

    def _take(self, once: Once, response: Response) -> None:
        # Where the next leader's time is ahead, the key is over before its write is passed on.
        is_lost = response.status == 409 and response.body["ran"] == "maybe"
        if response.status != 200 and (once.is_remembered or not is_lost):
            self._world.complain(f"{once.path} {once.number} came to {response}")
        once.answers.append(response.body)

    async def end(self) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)

    async def judge(self) -> None:
        client = self._client
        found = await surely(self._world, client.stream.read, STREAM, start="0", limit=PAGE)
        queued = await surely(self._world, client.queue.peek, QUEUE, count=PAGE)
        counts = await surely(self._world, client.kv.scan, "http/", limit=PAGE)
        records = Counter(record.text() for record in found.records)
        messages = Counter(message.text() for message in queued.messages)
        counted = {entry.key.partition("/")[2]: int(entry.value) for entry in counts.entries}
        await client.close()
        for once in self._all:
            if not once.is_remembered:
                continue
            name, kind = str(once.number), once.path.rpartition("/")[2]
            times = {
                "kv.incr": counted.get(name, 0),
                "stream.append": records[name],
                "queue.enqueue": messages[name],
            }
            due = {part: int(kind in (part, "batch")) for part in times}
            if times != due:
                self._world.complain(f"{kind} {name} was answered {once.answers}, and is {times}")
            if any(answer != once.answers[0] for answer in once.answers):
                self._world.complain(f"{kind} {name} has several answers: {once.answers}")
