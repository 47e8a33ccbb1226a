"""This checkout beside an older one, in turns: `python -m bench.beside OLD_CHECKOUT`.

For each row both servers run, each of its own checkout and by the Python of its own `.venv`, and
are asked the same in turns (old, new, old, new, …), for a second or so each. What is compared is
the *processor time of the server for each request*: unlike a rate it depends little on what else
the machine does meanwhile, and not at all on the generator. The rates stand beside it. The ratio of
a row is the median over its rounds of old / new of one round: above 1 the new one is cheaper.

`git worktree add /tmp/old COMMIT`, a `.venv` in it with that checkout installed, then this.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import process
from bench.compare import load_keys
from bench.generator import Plan, Result
from bench.report import machine_facts
from bench.servers import Server, running_checkout
from bench.settings import CONNECTIONS
from bench.talk import BenchError
from bench.task_callers import PORT
from bench.task_marks import MARKS_FILE

HERE = Path(__file__).resolve().parents[1]
LOADS = [
    *((work, in_flight) for work in ("put", "get", "append", "enqueue") for in_flight in (1, 16)),
    ("cycle", 1),
]
KEYS = 100_000
WARM_UP_S = 0.3
TASKS = 4_000
TRIPS = 300


@dataclass(frozen=True)
class Turn:
    """One server, one round. `cost`: microseconds of its processor for one request (or task)."""

    cost_us: float
    rate: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Compared:
    """A row: what was asked, and the turns of both."""

    what: str
    old: list[Turn]
    new: list[Turn]

    def ratio(self, field: str) -> float:
        """How many times better the new one is, by the median of the rounds."""
        ratios = [
            getattr(old, field) / getattr(new, field)
            for old, new in zip(self.old, self.new, strict=True)
        ]
        middle: float = statistics.median(ratios)
        return 1 / middle if field == "rate" else middle

    def cells(self) -> Iterator[str]:
        """The cells of the row."""
        yield self.what
        for turns in (self.old, self.new):
            costs = [turn.cost_us for turn in turns]
            yield f"{statistics.median(costs):.1f} ({min(costs):.1f} to {max(costs):.1f})"
        yield f"**{self.ratio('cost_us'):.2f}**"
        for turns in (self.old, self.new):
            yield f"{statistics.median(turn.rate for turn in turns):,.0f}"
        for field in ("p50_ms", "p99_ms"):
            old, new = (
                statistics.median(getattr(turn, field) for turn in turns)
                for turns in (self.old, self.new)
            )
            yield f"{old:.2f}, {new:.2f} ({self.ratio(field):.2f})"


HEAD = (
    *("row", "µs of processor, old (lowest to highest)", "new", "old / new"),
    *("requests a second, old", "new", "p50 ms: old, new", "p99 ms: old, new"),
)


def main() -> int:
    """Measure the rows that were asked for."""
    arguments = _arguments()
    checkouts = [arguments.old.resolve(), HERE]
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=arguments.dir) as name:
        directory = Path(name).resolve()
        for fact, value in machine_facts(directory).items():
            print(f"- {fact}: {value}")
        print(f"- old: {_commit(checkouts[0])}; new: {_commit(checkouts[1])}")
        print(f"- {arguments.rounds} rounds, old and new in turns; medians\n")
        print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}", flush=True)
        try:
            for row in _rows(arguments, checkouts, directory):
                print(f"| {' | '.join(row.cells())} |", flush=True)
        except BenchError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("old", type=Path, help="the older checkout, with a .venv of its own")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.2, help="of each turn of a load")
    parser.add_argument("--only", default="", help="rows whose names begin so: put, get 64 x 16, …")
    parser.add_argument("--dir", type=Path, default=Path(), help="where the data goes (its disk)")
    return parser.parse_args()


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "log", "-1", "--format=%h of %cs"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _rows(
    arguments: argparse.Namespace, checkouts: list[Path], directory: Path
) -> Iterator[Compared]:
    for work, in_flight in LOADS:
        what = f"{work} {CONNECTIONS} x {in_flight}"
        if what.startswith(arguments.only):
            yield _compare_load(what, work, in_flight, arguments, checkouts, directory)
    for what, module, one_by_one in (
        ("tasks, drained by 10", "task_run", False),
        ("one task at a time", "task_run", True),
        ("workflows of three steps, 64 at once", "workflow_run", False),
        ("one workflow at a time", "workflow_run", True),
    ):
        if what.startswith(arguments.only):
            yield _compare_runs(what, module, one_by_one, arguments.rounds, checkouts, directory)


def _compare_load(
    what: str,
    work: str,
    in_flight: int,
    arguments: argparse.Namespace,
    checkouts: list[Path],
    directory: Path,
) -> Compared:
    turns: tuple[list[Turn], list[Turn]] = ([], [])
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running_checkout(checkout, directory / f"{number}"))
            for number, checkout in enumerate(checkouts)
        ]
        if work in ("put", "get"):
            for server in servers:
                load_keys(server, KEYS)
        for round_number in range(-1, arguments.rounds):  # the first is for warming up
            for checkout, server, kept in zip(checkouts, servers, turns, strict=True):
                turn = _load(checkout, server, work, in_flight, arguments.seconds)
                if round_number >= 0:
                    kept.append(turn)
    return Compared(what, *turns)


def _load(checkout: Path, server: Server, work: str, in_flight: int, seconds: float) -> Turn:
    plan = Plan(
        "Flo",
        server.port,
        work,
        connections=CONNECTIONS,
        in_flight=in_flight,
        warm_up_s=WARM_UP_S,
        measured_s=seconds,
        keys=KEYS,
        server_pid=server.pid,
    )
    result = _generate(checkout, plan)
    return Turn(result.server_us, result.rate, result.p50_ms, result.p99_ms)


GENERATE = """
import dataclasses, json, sys
from bench.generator import Plan, run
print(json.dumps(dataclasses.asdict(run(Plan(**json.loads(sys.argv[1]))))))
"""


def _generate(checkout: Path, plan: Plan) -> Result:
    """The load by the generator of that checkout, for it speaks as its server does."""
    return Result(**_answer(checkout, ["-c", GENERATE, json.dumps(asdict(plan))], {}))


def _compare_runs(
    what: str,
    module: str,
    one_by_one: bool,
    rounds: int,
    checkouts: list[Path],
    directory: Path,
) -> Compared:
    turns: tuple[list[Turn], list[Turn]] = ([], [])
    counts = (100, TRIPS) if one_by_one else (TASKS if module == "task_run" else TASKS // 4, 5)
    for _ in range(rounds):
        for checkout, kept in zip(checkouts, turns, strict=True):
            run = _run_tasks if module == "task_run" else _run_workflows
            kept.append(run(checkout, directory / "run", *counts, one_by_one))
            shutil.rmtree(directory / "run", ignore_errors=True)
    return Compared(what, *turns)


def _run_tasks(checkout: Path, directory: Path, count: int, trips: int, one_by_one: bool) -> Turn:
    with running_checkout(checkout, directory) as server:
        marks = directory / "marks"
        before_s = process.cpu_s(server.pid)
        figures = _figures(
            checkout,
            ["task_run", "flo", str(count), str(trips)],
            {PORT: str(server.port), MARKS_FILE: str(marks)},
        )
        used_s = process.cpu_s(server.pid) - before_s
    rate = 1000 / figures["p50_ms"] if one_by_one else figures["drained_per_s"]
    return Turn(used_s * 1e6 / (count + trips), rate, figures["p50_ms"], figures["p99_ms"])


def _run_workflows(
    checkout: Path, directory: Path, count: int, trips: int, one_by_one: bool
) -> Turn:
    """The processor's time is that of all of its processes: server, worker and callers. What they
    take to start is measured by a run of almost nothing, and taken off.
    """
    start_s, _ = _worked(checkout, directory, 1, 1)
    used_s, figures = _worked(checkout, directory, count, trips)
    rate = 1000 / figures["p50_ms"] if one_by_one else figures["workflows_per_s"]
    cost_us = (used_s - start_s) * 1e6 / (count + trips - 2)
    return Turn(cost_us, rate, figures["p50_ms"], figures["p99_ms"])


def _worked(
    checkout: Path, directory: Path, count: int, trips: int
) -> tuple[float, dict[str, float]]:
    """How much of the processor these workflows took, and their figures."""
    directory.mkdir(parents=True)
    before = os.times()
    figures = _figures(
        checkout, ["workflow_run", "flo", str(directory), str(count), str(trips)], {}
    )
    after = os.times()
    shutil.rmtree(directory)
    used_s = after.children_user + after.children_system
    return used_s - before.children_user - before.children_system, figures


def _figures(checkout: Path, arguments: list[str], environment: dict[str, str]) -> dict[str, float]:
    module, *others = arguments
    figures: dict[str, float] = _answer(checkout, ["-m", f"bench.{module}", *others], environment)
    return figures


def _answer(checkout: Path, arguments: list[str], environment: dict[str, str]) -> Any:
    """What the Python of a checkout prints, as JSON."""
    command = [str(checkout / ".venv/bin/python"), *arguments]
    run = subprocess.run(
        command, cwd=checkout, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if run.returncode:
        raise BenchError(
            f"{arguments[1]} of {checkout} ended with {run.returncode}:\n{run.stderr[-2000:]}"
        )
    return json.loads(run.stdout)


if __name__ == "__main__":
    sys.exit(main())
