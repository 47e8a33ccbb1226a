"""`python -m tests.simulation --seeds N --first S`, or `--seed S [--trace]`: one server.

`--leads`: the leads of a cluster alone; `--nodes`: whole servers of one.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
import time
from collections.abc import Iterator
from functools import partial

from tests.simulation.cluster.rare import RARE
from tests.simulation.run import KINDS, LEADS, LEADS_KINDS, NODES, SINGLE, Report, Simulation


def main() -> int:
    """Run seed after seed; 1 if a promise broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--kinds", nargs="*", choices=sorted(KINDS), help="of work")
    parser.add_argument("--rare", nargs="*", choices=RARE, help="what happens to a cluster")
    served = parser.add_mutually_exclusive_group()
    served.add_argument("--leads", action="store_true", help="nodes that let nobody in")
    served.add_argument("--nodes", action="store_true", help="whole servers of a cluster")
    parser.add_argument("--trace", action="store_true", help="print all that happens")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes at a time")
    options = parser.parse_args()
    if options.leads and set(options.kinds or LEADS_KINDS) != {*LEADS_KINDS}:
        parser.error(f"--leads has no clients for any kind but {' '.join(LEADS_KINDS)}")
    if options.rare and not options.nodes:
        parser.error("--rare is about --nodes: whole servers of a cluster")
    serving = NODES if options.nodes else LEADS if options.leads else SINGLE
    run = partial(_run, serving=serving, kinds=options.kinds, rare=options.rare)
    if options.seed is not None:
        report = run(options.seed, is_told=options.trace)
        print(report)
        return 1 if report.problems else 0
    begun_s, failed = time.monotonic(), []
    for report in _reports(run, options.first, options.seeds, options.jobs):
        if report.problems:
            failed.append(report.seed)
            print(report, flush=True)
    took_s = time.monotonic() - begun_s
    print(f"{options.seeds} seeds in {took_s:.1f} s, {len(failed)} with problems {failed[:50]}")
    return 1 if failed else 0


def _run(
    seed: int,
    serving: str,
    kinds: list[str] | None,
    rare: list[str] | None,
    is_told: bool = False,
) -> Report:
    tell = print if is_told else None
    return Simulation(seed, serving=serving, kinds=kinds, rare=rare, tell=tell).run()


def _reports(run: partial[Report], first: int, count: int, jobs: int) -> Iterator[Report]:
    """Each seed in a process of its own: what a world leaves behind, nobody need collect."""
    run(first - 1)  # what is loaded and looked up once is there for all
    fork = multiprocessing.get_context("fork")
    with fork.Pool(jobs, initializer=gc.disable, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(run, range(first, first + count))


if __name__ == "__main__":
    sys.exit(main())
