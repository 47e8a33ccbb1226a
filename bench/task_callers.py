"""Who enqueues: plain functions called from threads, or coroutines on one event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Generic, Protocol, TypeVar

PAYLOAD = "x" * 100
CONCURRENCY = 10
"""Of the one worker process, and how many callers there are beside the one."""
PORT = "FLO_BENCH_PORT"
TRIP_S_MAX = 20.0
PAUSE_S = 0.005
"""Between two round trips."""

T = TypeVar("T")


class Callers(Protocol):
    """The callers of one system, in the process that measures it."""

    def enqueue(self, count: int, callers: int) -> float:
        """Enqueue `count` tasks from `callers` at once; the seconds it took."""

    def round_trips_s(self, count: int) -> list[float]:
        """Enqueue a task that has a result, wait for that, rest, and so on; how long each took."""

    def close(self) -> None:
        """Close the connections."""


class TaskSystem(Protocol):
    """What each module `tasks_*` has. It is loaded by its callers and by its worker alike."""

    NOTE: str

    def worker_command(self) -> list[str]:
        """Starts its one worker process."""

    def callers(self) -> Callers:
        """Connects."""


class ThreadCallers:
    """Callers of a system without asyncio."""

    def __init__(self, enqueue: Callable[[], object], round_trip: Callable[[], object]) -> None:
        self._enqueue = enqueue
        self._round_trip = round_trip

    def enqueue(self, count: int, callers: int) -> float:
        def run() -> None:
            for _ in range(count // callers):
                self._enqueue()

        begin_s = time.perf_counter()
        with ThreadPoolExecutor(callers) as pool:
            threads = [pool.submit(run) for _ in range(callers)]
        seconds = time.perf_counter() - begin_s
        for thread in threads:
            thread.result()  # raises what it raised
        return seconds

    def round_trips_s(self, count: int) -> list[float]:
        took_s = []
        for _ in range(count):
            time.sleep(PAUSE_S)
            begin_s = time.perf_counter()
            self._round_trip()
            took_s.append(time.perf_counter() - begin_s)
        return took_s

    def close(self) -> None:
        pass  # the process ends


class LoopCallers(Generic[T]):
    """Callers of an asyncio system: all of them share what `connected` opens."""

    def __init__(
        self,
        connected: AbstractAsyncContextManager[T],
        enqueue: Callable[[T], Awaitable[object]],
        round_trip: Callable[[T], Awaitable[object]],
    ) -> None:
        self._runner = asyncio.Runner()
        self._connected = connected
        self._enqueue = enqueue
        self._round_trip = round_trip
        self._client = self._runner.run(connected.__aenter__())

    def enqueue(self, count: int, callers: int) -> float:
        async def run() -> None:
            for _ in range(count // callers):
                await self._enqueue(self._client)

        async def run_all() -> None:
            await asyncio.gather(*(run() for _ in range(callers)))

        begin_s = time.perf_counter()
        self._runner.run(run_all())
        return time.perf_counter() - begin_s

    def round_trips_s(self, count: int) -> list[float]:
        async def run() -> list[float]:
            took_s = []
            for _ in range(count):
                await asyncio.sleep(PAUSE_S)
                begin_s = time.perf_counter()
                await self._round_trip(self._client)
                took_s.append(time.perf_counter() - begin_s)
            return took_s

        return self._runner.run(run())

    def close(self) -> None:
        self._runner.run(self._connected.__aexit__(None, None, None))
        self._runner.close()
