"""Waiting for what happens in another turn of the event loop, or in another thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WAIT_S = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop turn until `condition()` is true."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 # for what no event tells of
            await asyncio.sleep(0)
