"""`python -m tests.crash.cluster ROUNDS [--seed N] [--kills]`: harm a cluster, and look."""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import signal
import sys
import tempfile
from pathlib import Path

from tests.crash.cluster.chaos import EVERY_FAULT, FAULTS, ClusterChaos
from tests.crash.cluster.figures import Figures
from tests.crash.run import Report

ROUNDS_PER_RUN = len(EVERY_FAULT)


async def _run(chaos: ClusterChaos) -> Report:
    """SIGTERM ends it like SIGINT: no process is left behind."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await chaos.run()


def main() -> int:
    """Run after run, each on a fresh cluster with a seed of its own; 1 if a promise broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.cluster", description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=6, metavar="ROUNDS")
    parser.add_argument("--seed", type=int, help="repeat the run that printed it")
    parser.add_argument("--kills", action="store_true", help="kill only, as the test does")
    parser.add_argument("--only", choices=EVERY_FAULT, metavar="FAULT", help="one kind of harm")
    options = parser.parse_args()
    faults: tuple[str, ...] = FAULTS if options.kills else EVERY_FAULT
    if options.only:
        faults = (options.only,)
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    left, failures, calls, unanswered = options.rounds, 0, 0, 0
    figures = Figures()
    while left > 0:
        rounds = min(left, ROUNDS_PER_RUN)
        with tempfile.TemporaryDirectory(prefix="flo-cluster-") as directory:
            chaos = ClusterChaos(Path(directory), rounds, seed, faults)
            report = asyncio.run(_run(chaos))
        print(report, flush=True)
        figures.merge(chaos.figures)
        failures += bool(report.problems)
        calls += report.calls
        unanswered += report.unanswered
        left -= rounds
        seed = random.Random(seed).randrange(2**32)
    print(f"until each partition was written again, and without an answer in a move:\n{figures}")
    print(
        f"{options.rounds} faults, {calls} calls, {unanswered} of them unanswered; "
        f"{failures} runs with problems (goal 0: {'NOT MET' if failures else 'met'})"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
