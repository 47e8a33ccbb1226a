"""An event loop whose clock moves only when nothing else is left to do: no test sleeps."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable
from typing import Any


class _Selector(selectors.SelectSelector):
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            assert timeout is not None, "everything waits, and nothing will ever happen"
            self.loop.now_s += max(0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes at once."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s


def virtual(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in virtual time; it must leave no task behind."""

    @functools.wraps(test)
    def run(*arguments: Any, **fixtures: Any) -> None:
        async def body() -> None:
            await test(*arguments, **fixtures)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"tasks left behind: {left}"

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(body())

    return run


async def settle() -> None:
    """Let everything that can happen without time passing happen."""
    for _ in range(20):
        await asyncio.sleep(0)


async def pass_ms(passed_ms: int) -> None:
    """Let so much time pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "only here does it take none"
    passed = loop.create_future()
    loop.call_later(passed_ms / 1000, passed.set_result, None)
    await passed
