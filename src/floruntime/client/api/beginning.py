"""An endless reader asks where it begins as soon as it is made, not at its first step."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from floruntime.core.errors import FloError


class Beginning:
    """Asks once, at once, where an event loop runs. What goes wrong is the first step's to tell,
    which asks again.
    """

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._task: asyncio.Task[None] | None = None
        with contextlib.suppress(RuntimeError):  # no loop runs
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(_try(ask))

    async def settled(self) -> None:
        """Wait until it was answered. A step that is given up meanwhile does not end it."""
        if self._task is not None:
            await asyncio.shield(self._task)


async def _try(ask: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with contextlib.suppress(FloError):
        await ask()
