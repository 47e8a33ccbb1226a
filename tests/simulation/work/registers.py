"""Keys that several clients write, compare, delete, count and read: each is one thing to all."""

from __future__ import annotations

import asyncio
import itertools
import math
from typing import Any, NamedTuple

from floruntime.client.client import FloClient
from floruntime.core.errors import ConflictError
from tests.crash.history import NOT_RUN, Fate
from tests.simulation.clockwork import pause
from tests.simulation.work.linear import Seen, is_linear
from tests.simulation.work.protocol import surely, told
from tests.simulation.world import World

CLIENTS = 3
KEYS = ("x", "y")
COUNTER = "count"
REST_S = 0.25
CALLS_MAX = 45
"""Of one key: a story of more is hard to find."""


class Put(NamedTuple):
    value: bytes
    expected: int | None = None
    """The version that it must have; `None`: any."""


class Get(NamedTuple):
    pass


class Delete(NamedTuple):
    pass


class Incr(NamedTuple):
    pass


class State(NamedTuple):
    """A key: its value, `None` where there is none; its version, as far as that is known, and what
    it certainly is past."""

    value: bytes | None = None
    version: int | None = 0
    past: int = 0


class Lost(NamedTuple):
    """A condition that did not hold: the version that was there."""

    version: int


class Found(NamedTuple):
    value: bytes | None
    version: int


def register(state: State, call: Seen) -> State | None:
    """What a register does; versions grow with each write, by how much nobody knows."""
    asked, answer = call.asked, call.answer
    if isinstance(asked, Get):
        return _saw(state, answer)
    if isinstance(asked, Delete):
        if call.is_known and answer is not (state.value is not None):
            return None
        return state if state.value is None else State(None, 0, _past(state))
    version = 0 if state.value is None else state.version
    if isinstance(answer, Lost):
        is_told = answer.version == version or (version is None and answer.version > state.past)
        return state._replace(version=answer.version) if is_told else None
    if asked.expected is not None and version is not None and asked.expected != version:
        return None if call.is_known else state
    if asked.expected is not None and version is None and asked.expected <= state.past:
        return None if call.is_known else state
    if not call.is_known:
        return State(asked.value, None, _past(state))
    return State(asked.value, answer, answer) if answer > _past(state) else None


def _past(state: State) -> int:
    return max(state.past, state.version or 0)


def _saw(state: State, found: Found | None) -> State | None:
    """What a read tells of the state, if it may."""
    if found is None or found.value is None:
        return state if state.value is None else None
    if found.value != state.value:
        return None
    if state.version is not None:
        return state if state.version == found.version else None
    return State(state.value, found.version, found.version) if found.version > state.past else None


def _only_reads(call: Seen) -> bool:
    """Whether its answer tells of what was there, and nothing was written."""
    return isinstance(call.asked, Get) or isinstance(call.answer, Lost) or call.answer is False


def count(state: int, call: Seen) -> int | None:
    if isinstance(call.asked, Get):
        return state if call.answer == state else None
    return state + 1 if not call.is_known or call.answer == state + 1 else None


class Registers:
    """Some keys, of which each must look like one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("registers")
        self._numbers = itertools.count(1)
        self._clients: list[FloClient] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._seen: dict[str, list[Seen]] = {key: [] for key in (*KEYS, COUNTER)}
        self._known: dict[str, int] = {}

    async def begin(self) -> None:
        for number in range(CLIENTS):
            client = await self._world.client(f"register-{number}", timeout_ms=4_000).connect()
            self._clients.append(client)
            self._tasks.append(asyncio.create_task(self._repeat(client)))

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for key in (*KEYS, COUNTER):
            since_s = self._world.loop.time()
            answer = await surely(self._world, self._read, self._clients[0], key)
            self._seen[key].append(Seen(since_s, self._world.loop.time(), Get(), answer))
        for client in self._clients:
            await client.close()

    async def judge(self) -> None:
        for key, calls in self._seen.items():
            if self._world.has_old_reads:
                calls = [call for call in calls if not _only_reads(call)]
            start, step = (0, count) if key == COUNTER else (State(), register)
            if is_linear(calls, start, step) is False:  # type: ignore[arg-type]  # of a kind
                told = "\n".join(map(str, sorted(calls)))
                self._world.complain(f"{key}: there is no story to tell of\n{told}")

    async def _repeat(self, client: FloClient) -> None:
        while True:
            await pause(self._chance.expovariate(1 / REST_S))
            key = self._chance.choice((*KEYS, COUNTER))
            if len(self._seen[key]) < CALLS_MAX:
                await self._call(client, key)

    async def _call(self, client: FloClient, key: str) -> None:
        asked = self._choose(key)
        since_s = self._world.loop.time()
        place = len(self._seen[key])
        self._seen[key].append(Seen(since_s, math.inf, asked))
        answer = await told(self._ask(client, key, asked))
        if answer is NOT_RUN or (isinstance(answer, Fate) and isinstance(asked, Get)):
            self._seen[key][place] = Seen(since_s, math.inf, Put(b"", -1))  # it never was
        elif not isinstance(answer, Fate):
            self._seen[key][place] = Seen(since_s, self._world.loop.time(), asked, answer)

    def _choose(self, key: str) -> Any:
        if key == COUNTER:
            return self._chance.choice((Get(), Incr(), Incr()))
        value = str(next(self._numbers)).encode()
        expected = self._chance.choice((0, self._known.get(key, 0), self._known.get(key, 0)))
        return self._chance.choice(
            (Get(), Get(), Put(value), Put(value, expected), Put(value, expected), Delete())
        )

    async def _ask(self, client: FloClient, key: str, asked: Any) -> Any:
        if isinstance(asked, Get):
            return await self._read(client, key)
        if isinstance(asked, Incr):
            return await client.kv.incr(key)
        if isinstance(asked, Delete):
            return await client.kv.delete(key)
        try:
            result = await client.kv.put(key, asked.value, cas_version=asked.expected)
        except ConflictError as error:
            if error.ran == "maybe":
                raise
            return Lost(error.current_version or 0)
        self._known[key] = result.version
        return result.version

    async def _read(self, client: FloClient, key: str) -> Any:
        entry = await client.kv.entry(key)
        if key == COUNTER:
            return 0 if entry is None else int(entry.value)
        if entry is None:
            return Found(None, 0)
        self._known[key] = entry.version
        return Found(entry.value, entry.version)
