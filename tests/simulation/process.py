"""Processes that end, or stand still: what belongs to one does nothing more from that moment on.

Whatever a process has begun runs in its context, and so do the bytes that reach it. The loop asks
here before it calls anything back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any

OF: ContextVar[Process | None] = ContextVar("process", default=None)
"""The process that something belongs to; `None`: the world itself."""
WORLD = Context()
"""Where nothing belongs to a process: what is under way goes on without who sent it."""


class Process:
    """One run of a program."""

    def __init__(self) -> None:
        self.is_alive = True
        self._is_still = False
        self._held: list[tuple[Context, list[Any], Callable[..., None], tuple[Any, ...]]] = []
        #: Kept, so that none of them ends by being collected: nothing of it ends in any order.
        self.tasks: list[asyncio.Task[Any]] = []
        self.context = copy_context()
        self.context.run(OF.set, self)

    def call(self, handle: list[Any], callback: Callable[..., None], *arguments: Any) -> None:
        """Do it, if the process lives; later, while it stands still."""
        if not self.is_alive:
            return
        if self._is_still:
            self._held.append((copy_context(), handle, callback, arguments))
        else:
            callback(*arguments)

    def begin(self, work: Any) -> asyncio.Task[Any]:
        """Let the process do something from its beginning."""
        return asyncio.get_running_loop().create_task(work, context=self.context)

    def stand_still(self) -> None:
        """As by SIGSTOP: what comes is dealt with later."""
        self._is_still = True

    def go_on(self) -> None:
        """As by SIGCONT: now all that came is dealt with, in the order in which it came."""
        self._is_still = False
        held, self._held = self._held, []
        for context, handle, callback, arguments in held:
            WORLD.run(_soon, context, self, handle, callback, arguments)

    def end(self) -> None:
        """It does nothing more."""
        self.is_alive = False
        self._held.clear()

    def forget(self) -> None:
        """Once the world is over: let nothing of it be done while it is collected."""
        self.is_alive = False
        for task in self.tasks:
            if not task.done():
                with suppress(BaseException):
                    task.get_coro().close()
        self.tasks.clear()


def _soon(
    context: Context,
    process: Process,
    handle: list[Any],
    callback: Callable[..., None],
    arguments: tuple[Any, ...],
) -> None:
    def call() -> None:
        if not any(each.cancelled() for each in handle):
            process.call(handle, callback, *arguments)

    asyncio.get_running_loop().call_soon(call, context=context)
