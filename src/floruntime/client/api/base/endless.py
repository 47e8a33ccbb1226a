"""What all endless iterators have in common: a watch of keys, a follower of a stream or of a run.

An iterator asks where it begins as soon as it is made. Once it has begun, it waits out trouble with
the connection or the server, with a growing delay; every other error ends it. The JavaScript SDK
does the same, and `js/vectors/behaviour/` checks both.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.operation import Ask
from floruntime.core.errors import (
    ConnectionFailedError,
    FloError,
    OverloadedError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.types import Request

BLOCK_MS = 30_000
RETRY_MS_FIRST = 50
RETRY_MS_MAX = 2_000
OUTLASTED = (ConnectionFailedError, OverloadedError, RequestTimeoutError, UnavailableError)

Item = TypeVar("Item")
Reply = TypeVar("Reply")


class Endless(AsyncIterator[Item], Generic[Item, Reply]):
    """An iterator that waits for more. `aclose()` ends it, and also a step that is waiting."""

    def __init__(self, caller: Caller, namespace: str | None, *, has_position: bool) -> None:
        """`has_position`: where it begins is known, so the server need not be asked for it."""
        self._caller = caller
        self._namespace = namespace
        self._has_position = has_position
        self._ready: deque[Item] = deque()
        self._retry_ms = RETRY_MS_FIRST
        self._is_begun = False
        self._is_over = False
        self._turn = asyncio.Lock()
        self._step: asyncio.Task[None] | None = None
        self._beginning: asyncio.Task[None] | None = None
        if not has_position:
            with contextlib.suppress(RuntimeError):  # no loop runs: the first step asks
                loop = asyncio.get_running_loop()
                self._beginning = loop.create_task(self._try_to_begin())

    @abstractmethod
    def _request(self, block_ms: int) -> Request[Reply]:
        """The next request; `block_ms` is 0 while the position is not known."""

    @abstractmethod
    def _taken(self, reply: Reply) -> Sequence[Item]:
        """Move the position behind `reply`, and return the items of `reply`."""

    def _finish(self) -> None:
        """End the iterator after the items that it already has."""
        self._is_over = True

    async def start(self) -> None:
        """Wait until the starting position is fixed: everything after it will be shown.

        Raises what the call that asks for the position raises.
        """
        if self._beginning is not None:
            await asyncio.wait([self._beginning])
        if not (self._is_begun or self._has_position or self._is_over):
            await self._unless_closed(self._ask(block_ms=0))

    async def aclose(self) -> None:
        """End the iterator. A step that is waiting ends the loop, and so does any further step."""
        self._is_over = True
        self._ready.clear()
        for task in (self._step, self._beginning):
            if task is not None:
                task.cancel()

    def take_ready(self) -> list[Item]:
        """Take the items that have arrived already and would be given without a wait."""
        ready = list(self._ready)
        self._ready.clear()
        return ready

    async def __anext__(self) -> Item:
        async with self._turn:  # two that ask from one position would both be given the same
            await self.start()
            while not (self._ready or self._is_over):
                await self._unless_closed(self._go_on())
            if not self._ready:
                raise StopAsyncIteration
            return self._ready.popleft()

    async def _try_to_begin(self) -> None:
        with contextlib.suppress(FloError):  # the first step asks again, and raises it
            await self._ask(block_ms=0)

    async def _go_on(self) -> None:
        try:
            await self._ask(BLOCK_MS)
        except OUTLASTED:
            if not self._is_begun:
                raise
            await asyncio.sleep(self._retry_ms / 1000)
            self._retry_ms = min(self._retry_ms * 2, RETRY_MS_MAX)

    async def _ask(self, block_ms: int) -> None:
        request = self._request(block_ms)
        ask: Ask[Reply] = Ask(request, namespace=self._namespace, block_ms=block_ms)
        reply = await self._caller.perform(ask)
        self._retry_ms = RETRY_MS_FIRST
        self._is_begun = True
        self._ready.extend(self._taken(reply))

    async def _unless_closed(self, step: Coroutine[Any, Any, None]) -> None:
        """Take a step, which `aclose` cancels."""
        self._step = asyncio.ensure_future(step)
        try:
            await self._step
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._is_over or (task is not None and task.cancelling()):
                raise
        finally:
            self._step = None
