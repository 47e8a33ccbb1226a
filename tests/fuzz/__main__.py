"""`python -m tests.fuzz [--seconds N] [--seed N]`: attack a server for a while, and judge it."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys

from floruntime.testing import FloTestServer
from tests.fuzz.attack import Fuzz

ROUND_SECONDS = 10.0


async def attack(seed: int, seconds: float) -> Fuzz:
    """One round against a fresh server."""
    async with FloTestServer() as server:
        fuzz = Fuzz(server, seed)
        await fuzz.run(seconds)
        return fuzz


def main() -> int:
    """Round after round with growing seeds; 1 at the first that finds something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    left = options.seconds
    while left > 0:
        fuzz = asyncio.run(attack(seed, min(left, ROUND_SECONDS)))
        print(
            f"seed {seed}: {fuzz.connections} connections, {fuzz.frames} frames, "
            f"{fuzz.calls} calls served meanwhile, {len(fuzz.problems)} problems",
            flush=True,
        )
        if fuzz.problems:
            print("\n".join(fuzz.problems[:20]))
            return 1
        left -= ROUND_SECONDS
        seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
