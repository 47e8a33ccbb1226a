"""Processes for CPU-heavy handlers: one for each handler that runs, kept for the next.

`ProcessPoolExecutor` is not usable here. If one of its processes dies, the whole pool fails, with
every handler in it and those that had not begun. A handler in it can also not be stopped, nor told
from one that waits.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from floruntime.client.worker.failures import HandlerFailed
from floruntime.client.worker.threads import Threads

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

log = logging.getLogger("floruntime.worker")

STARTS_MAX = 3
"""How many processes a handler is given to in turn, if each ends before the handler begins."""
LOOK_S = 1.0
"""How often a silent process is checked: a child of its own may hold its pipe open after
its end.
"""
_starting = threading.Lock()


class ProcessLost(Exception):
    """The process has ended. `has_begun`: its handler had begun by then."""

    def __init__(self, has_begun: bool, how: str) -> None:
        super().__init__(how)
        self.has_begun = has_begun


def processors() -> int:
    """How many processors this process may use; a container may have fewer than its machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Processes:
    """At most `limit` processes. A handler that finds none free waits, and has not begun."""

    def __init__(self, limit: int, threads: Threads) -> None:
        self._free = asyncio.Semaphore(limit)
        self._threads = threads
        self._idle: list[Child] = []
        self._all: set[Child] = set()

    async def run(
        self, function: Callable[[Any], Any], context: Any, began: Callable[[], None]
    ) -> Any:
        """Return what the handler returns. Raises `HandlerFailed` if it raises or its process ends.

        If this call is cancelled before the handler began, the handler never begins. If it is
        cancelled later, the process is killed.
        """
        async with self._free:
            for number in range(1, STARTS_MAX + 1):
                try:
                    return await self._call(function, context, began)
                except ProcessLost as lost:
                    log.warning("the process of a handler ended: %s", lost)
                    if lost.has_begun or number == STARTS_MAX:
                        raise _failure_of(lost) from None
        raise AssertionError("the last start returns or raises")

    async def _call(
        self, function: Callable[[Any], Any], context: Any, began: Callable[[], None]
    ) -> Any:
        loop = asyncio.get_running_loop()
        child = self._idle.pop() if self._idle else self._new()
        try:
            value = await self._threads.run(
                child.call,
                function,
                context,
                lambda: loop.call_soon_threadsafe(began),
                on_cancel=child.kill,
            )
        except HandlerFailed:
            self._idle.append(child)
            raise
        except BaseException:
            self._all.discard(child)
            child.kill()
            raise
        self._idle.append(child)
        return value

    def _new(self) -> Child:
        child = Child()
        self._all.add(child)
        return child

    def close(self) -> None:
        """Kill them all."""
        for child in self._all:
            child.kill()
        self._all.clear()
        self._idle.clear()


def _failure_of(lost: ProcessLost) -> HandlerFailed:
    when = "abruptly" if lost.has_begun else "before the handler began"
    return HandlerFailed(f"the handler's process ended {when}", is_lost=True)


class Child:
    """One process, started by its first call."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._pipe: Connection
        self._is_killed = False

    def call(self, function: Callable[[Any], Any], context: Any, began: Callable[[], None]) -> Any:
        """Run `function(context)` in the process. It blocks, so call it in a thread."""
        from multiprocessing.reduction import ForkingPickler

        from floruntime.client.worker.child import BEGUN, Raised

        data = ForkingPickler.dumps((function, context))
        self._start()
        has_begun = False
        try:
            self._pipe.send_bytes(data)
            answer = self._receive()
            if answer == BEGUN:
                has_begun = True
                began()
                answer = self._receive()
        except (EOFError, OSError) as error:
            raise ProcessLost(has_begun, self._how_it_ended()) from error
        if isinstance(answer, Raised):
            raise HandlerFailed(answer.text, answer.retry)
        return answer.value

    def _start(self) -> None:
        if self._process is not None:
            return
        # Imported here, since few workers need it and it takes memory.
        import multiprocessing
        from multiprocessing.util import Finalize

        from floruntime.client.worker.child import serve

        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        with _starting:
            self._process = context.Process(target=serve, args=(far_end,), name="flo-handler")
            self._process.start()
        far_end.close()
        # The interpreter waits for processes at its end: so end those that nobody has closed.
        Finalize(self, self._process.kill, exitpriority=1)
        if self._is_killed:
            self._process.kill()

    def _receive(self) -> Any:
        assert self._process is not None
        while not self._pipe.poll(LOOK_S):
            if not self._process.is_alive():
                raise EOFError
        return self._pipe.recv()

    def _how_it_ended(self) -> str:
        assert self._process is not None
        self._process.join(LOOK_S)
        code = self._process.exitcode
        if code is None:
            return "it closed its pipe"
        return f"exit code {code}" if code >= 0 else f"signal {-code}"

    def kill(self) -> None:
        """End it at once; a running call raises `ProcessLost`."""
        self._is_killed = True
        if self._process is not None:
            self._process.kill()
