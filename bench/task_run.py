"""One repetition of one task system: `python -m bench.task_run NAME COUNT TRIPS`, figures as JSON.

Run by `bench.tasks` in a process of its own, so that a system's module finds its port and the file
of the marks in the environment, and nothing is left over from the repetition before.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from bench import process
from bench.generator import percentile
from bench.talk import BenchError
from bench.task_callers import CONCURRENCY, TaskSystem
from bench.task_marks import MARKS_FILE, count_marks, read_marks, steady_rate

DRAIN_S_MAX = 120.0
STOP_S_MAX = 15.0
_LOOK_S = 0.02
_IDLE_S = 1.0
_MB = 1_000_000


@dataclass(frozen=True)
class Figures:
    """What one repetition measured."""

    from_one_per_s: float
    from_ten_per_s: float
    drained_per_s: float
    p50_ms: float
    p99_ms: float
    worker_mb: float
    note: str


def main() -> int:
    """Measure the system named on the command line."""
    name, count, trips = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    system = cast(TaskSystem, importlib.import_module(f"bench.tasks_{name}"))
    print(json.dumps(asdict(measure(system, count, trips))))
    return 0


def measure(system: TaskSystem, count: int, trips: int) -> Figures:
    """Enqueue without a worker, drain with one, then one task at a time."""
    callers = system.callers()
    half = count // 2
    one_s = callers.enqueue(half, 1)
    ten_s = callers.enqueue(half, CONCURRENCY)
    with _worker(system) as worker:
        marks_ns = _drain(worker, half * 2)
        time.sleep(_IDLE_S)
        trips_s = callers.round_trips_s(trips)
        worker_mb = sum(process.rss_bytes(pid) for pid in process.family(worker.pid)) / _MB
    callers.close()
    return Figures(
        from_one_per_s=half / one_s,
        from_ten_per_s=half / ten_s,
        drained_per_s=steady_rate(marks_ns, half * 2),
        p50_ms=percentile(trips_s, 50) * 1000,
        p99_ms=percentile(trips_s, 99) * 1000,
        worker_mb=worker_mb,
        note=system.NOTE,
    )


@contextmanager
def _worker(system: TaskSystem) -> Iterator[subprocess.Popen[bytes]]:
    # What it says goes where this process's own messages go: to the log of the repetition.
    worker = subprocess.Popen(
        system.worker_command(), stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr
    )
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _drain(worker: subprocess.Popen[bytes], count: int) -> list[int]:
    path = Path(os.environ[MARKS_FILE])
    deadline_s = time.monotonic() + DRAIN_S_MAX
    while (done := count_marks(path)) < count:
        if worker.poll() is not None:
            raise BenchError(f"the worker ended after {done} of {count} tasks")
        if time.monotonic() > deadline_s:
            raise BenchError(f"{done} of {count} tasks ran in {DRAIN_S_MAX:.0f} s")
        time.sleep(_LOOK_S)
    return read_marks(path)


if __name__ == "__main__":
    sys.exit(main())
