"""How puts and gets hold up as keys become many: `python -m bench.curve [--keys 100000,1000000]`.

One server, over TCP, with 64 connections of 16 requests each, on random ones of all keys; more are
put before each step. Rates and the server's processor time for a request, and the rate's share of
that with the fewest keys.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench import process
from bench.generator import Plan, Result, generate
from bench.report import machine_facts
from bench.servers import Server, running
from bench.settings import CONNECTIONS

STEPS = "100000,1000000,5000000,10000000"
HEAD = ("keys", "puts a second", "µs each", "of the first", "gets a second", "µs each")


def main() -> int:
    """Measure at each number of keys."""
    parser = argparse.ArgumentParser(prog="python -m bench.curve", description=__doc__)
    parser.add_argument("--keys", default=STEPS, help="how many, one step after the other")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--dir", type=Path, default=Path(), help="where the data goes (its disk)")
    arguments = parser.parse_args()
    steps = sorted(int(count) for count in arguments.keys.split(","))
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=arguments.dir) as name:
        directory = Path(name).resolve()
        for fact, value in machine_facts(directory).items():
            print(f"- {fact}: {value}")
        head = (*HEAD, "of the first", "resident MiB")
        print(f"\n| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
        with running("Flo", directory / "flo") as server:
            _climb(server, steps, arguments.seconds)
    return 0


def _climb(server: Server, steps: list[int], seconds: float) -> None:
    first: dict[str, float] = {}
    for count in steps:
        generate(Plan("Flo", server.port, "put", in_flight=16, total=count))
        server.settle()
        cells = [f"{count:,}"]
        for work in ("put", "get"):
            result = _measure(server, work, count, seconds)
            share = result.rate / first.setdefault(work, result.rate)
            cost_us = result.server_cpu / result.rate * 1e6
            cells += [f"{result.rate:,.0f}", f"{cost_us:.1f}", f"{share:.2f}"]
        cells.append(f"{process.rss_bytes(server.pid) / 2**20:,.0f}")
        print(f"| {' | '.join(cells)} |", flush=True)


def _measure(server: Server, work: str, keys: int, seconds: float) -> Result:
    plan = Plan(
        "Flo",
        server.port,
        work,
        connections=CONNECTIONS,
        in_flight=16,
        measured_s=seconds,
        keys=keys,
        server_pid=server.pid,
    )
    return generate(plan)


if __name__ == "__main__":
    sys.exit(main())
