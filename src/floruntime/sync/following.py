"""Iterators: what an asynchronous one gives, waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from floruntime.client.api.base.endless import Endless
from floruntime.core.limits import LIMIT_MAX
from floruntime.sync.bridge import Bridge

Item = TypeVar("Item")


class Following(Iterator[Item], Generic[Item]):
    """An iterator that waits for more; `close()` ends it, and a step that waits with it.

    As a context manager it closes itself at the end of its block.
    """

    def __init__(self, bridge: Bridge, make: Callable[[], Endless[Item, Any]]) -> None:
        self._bridge = bridge
        self._of = bridge.call(make)
        self._ready: deque[Item] = deque()

    def start(self) -> None:
        """Wait until it is fixed where it begins: everything after that will be shown.

        Raises what the call raises that asks for it.
        """
        self._bridge.run(self._of.start())

    def close(self) -> None:
        """End it: a step that waits, in whichever thread, and every further one, ends the loop."""
        self._ready.clear()
        self._bridge.run(self._of.aclose())

    def wait_for(self, outcome: Awaitable[Any]) -> Any:
        """What `outcome` comes to on the client's event loop."""

        async def steps() -> Any:
            return await outcome

        return self._bridge.run(steps())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        while True:
            try:
                return self._ready.popleft()
            except IndexError:  # asked beforehand, another thread may take what there was
                self._take_more()

    def _take_more(self) -> None:
        more = self._bridge.run(_step(self._of))
        if not more:
            raise StopIteration
        self._ready.extend(more)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


async def _step(following: Endless[Item, Any]) -> list[Item]:
    """What comes next, and what came with it; nothing at the end."""
    try:
        first = await following.__anext__()
    except StopAsyncIteration:
        return []
    return [first, *following.take_ready()]


def each(bridge: Bridge, items: AsyncIterator[Item]) -> Iterator[Item]:
    """The items of an iterator that comes to an end, some hundreds in one go."""
    while True:
        several = bridge.run(_several(items))
        yield from several
        if len(several) < LIMIT_MAX:
            return


async def _several(items: AsyncIterator[Item]) -> list[Item]:
    several: list[Item] = []
    async for item in items:
        several.append(item)
        if len(several) == LIMIT_MAX:
            break
    return several
