"""Counts in a cluster until its input ends, one call after the other, and prints what it was told.

It is run with the packages of an earlier commit, too: it uses what all of them have.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from floruntime import FloClient

KEY = "counted by Python"
PAUSE_S = 0.01


async def count(endpoints: str) -> None:
    """Raises where a call fails, or is told another number than the next."""
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with FloClient(endpoints, timeout_ms=60_000) as client:
        expected = 0
        while not over.done():
            expected += 1
            counted = await client.kv.incr(KEY)
            if counted != expected:
                raise AssertionError(f"told {counted} instead of {expected}")
            print(counted, flush=True)
            await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(count(sys.argv[1]))
