"""`python -m tests.simulation --seeds N --first S`, or `--seed S [--trace]`.

`--cluster`: the leads of a cluster alone; `--nodes`: whole servers of one.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.cluster.run import ClusterSimulation
from tests.simulation.run import KINDS, Simulation


def main() -> int:
    """Run seed after seed; 1 if a promise broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--kinds", nargs="*", choices=sorted(KINDS), help="of work")
    parser.add_argument("--cluster", action="store_true", help="nodes over a simulated NATS")
    parser.add_argument("--nodes", action="store_true", help="whole servers of a cluster")
    parser.add_argument("--trace", action="store_true", help="print all that happens")
    options = parser.parse_args()
    first = options.first if options.seed is None else options.seed
    count = options.seeds if options.seed is None else 1
    begun_s, failed = time.monotonic(), []
    for seed in range(first, first + count):
        if options.cluster:
            if problems := ClusterSimulation(seed).run():
                failed.append(seed)
                print("\n".join([f"seed {seed} of a cluster:", *problems]), flush=True)
            continue
        tell = print if options.trace else None
        report = Simulation(seed, kinds=options.kinds, cluster=options.nodes, tell=tell).run()
        if report.problems:
            failed.append(seed)
        if report.problems or count == 1:
            print(report, flush=True)
    took_s = time.monotonic() - begun_s
    print(f"{count} seeds in {took_s:.1f} s, {len(failed)} with problems {failed[:50]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
