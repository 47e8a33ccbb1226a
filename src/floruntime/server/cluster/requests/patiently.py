"""Retries while NATS elects its leaders, or while a copy loads a checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from floruntime.server.cluster.board.board import BoardSilentError
from floruntime.server.cluster.copies.replica import TooFarBehindError
from floruntime.server.cluster.log.log import LogSilentError

Result = TypeVar("Result")

AGAIN_S = 0.2


async def patiently(ask: Callable[[], Awaitable[Result]], within_s: float) -> Result:
    """Return what `ask` returns. Retry for up to `within_s`, then raise the last error."""
    now_s = asyncio.get_running_loop().time
    until_s = now_s() + within_s
    while True:
        try:
            return await ask()
        except (BoardSilentError, LogSilentError, TooFarBehindError):
            if now_s() > until_s:
                raise
        await asyncio.sleep(AGAIN_S)
