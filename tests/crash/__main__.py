"""`python -m tests.crash ROUNDS [--seed N]`: kill a real server ROUNDS times and look."""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
import tempfile

from tests.crash.run import CrashRun

ROUNDS_PER_RUN = 5


def main() -> int:
    """Run after run, each on a fresh directory with a seed of its own; 1 if a promise broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=20, metavar="ROUNDS")
    parser.add_argument("--seed", type=int, help="repeat the run that printed it")
    parser.add_argument(
        "--durability",
        choices=("sync", "async"),
        default="sync",
        help="a killed process loses nothing with either; only the power does",
    )
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    left, failures = options.rounds, 0
    while left > 0:
        rounds = min(left, ROUNDS_PER_RUN)
        with tempfile.TemporaryDirectory(prefix="flo-crash-") as directory:
            run = CrashRun(f"{directory}/data", rounds, seed, durability=options.durability)
            report = asyncio.run(run.run())
        print(report, flush=True)
        failures += bool(report.problems)
        left -= rounds
        seed = random.Random(seed).randrange(2**32)
    print(f"{options.rounds} kills, {failures} runs with problems")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
