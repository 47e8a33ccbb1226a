"""What a start waits for: that NATS has leaders, where all was just started, or a checkpoint."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from floruntime.server.cluster.board import BoardSilentError
from floruntime.server.cluster.log import LogSilentError
from floruntime.server.cluster.replica import TooFarBehindError

START_S = 60.0
"""For how long."""
AGAIN_S = 0.5


async def patiently(ask: Callable[[], Awaitable[None]]) -> None:
    """Ask again while NATS is silent or a copy loads a checkpoint, as long as a start may wait."""
    until_s = time.monotonic() + START_S
    while True:
        try:
            return await ask()
        except (BoardSilentError, LogSilentError, TooFarBehindError):
            if time.monotonic() > until_s:
                raise
            await asyncio.sleep(AGAIN_S)
