"""One repetition of one workflow system.

As `python -m bench.workflow_run NAME DIRECTORY COUNT TRIPS [ITEMS]`: without
`ITEMS` no workflow of many items is measured.

Run by `bench.workflows` in a process of its own, so that nothing is left over from the repetition
before; the figures come as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, cast

from bench.generator import percentile
from bench.task_callers import Callers

STEPS = 3
AT_ONCE = 50
FAN_OUTS = 3
"""Workflows of many items that are measured, one after the other."""
WARM_UP_RUNS = 100
WARM_UP_AT_ONCE = 10
_STOP_S_MAX = 15.0
_IDLE_S = 1.0


@dataclass(frozen=True)
class Figures:
    """What one repetition measured."""

    workflows_per_s: float
    p50_ms: float
    p99_ms: float
    note: str
    items_per_s: float


class WorkflowSystem(Protocol):
    """What each module `workflows_*` has."""

    NOTE: str

    def serving(self, directory: Path) -> AbstractContextManager[Mapping[str, int]]:
        """Its servers and its one worker process run while the block does; their ports."""

    def callers(self, ports: Mapping[str, int]) -> Callers:
        """Connects. To enqueue is to run one workflow to its result; so is a round trip."""

    def fan_out(self, ports: Mapping[str, int], items: int) -> Callers:
        """Connects. To enqueue is to run one workflow of so many items that do nothing."""


def main() -> int:
    """Measure the system named on the command line."""
    name, directory, *numbers = sys.argv[1:]
    count, trips, items, *_ = [*map(int, numbers), 0]
    system = cast(WorkflowSystem, importlib.import_module(f"bench.workflows_{name}"))
    print(json.dumps(asdict(measure(system, Path(directory), count, trips, items))))
    return 0


def measure(system: WorkflowSystem, directory: Path, count: int, trips: int, items: int) -> Figures:
    """Many workflows at once, then one at a time, then some of many items."""
    with system.serving(directory) as ports:
        callers = system.callers(ports)
        callers.enqueue(WARM_UP_RUNS, WARM_UP_AT_ONCE)
        seconds = callers.enqueue(count, AT_ONCE)
        time.sleep(_IDLE_S)
        trips_s = callers.round_trips_s(trips)
        callers.close()
        items_per_s = _items_per_s(system.fan_out(ports, items), items) if items else 0.0
    return Figures(
        workflows_per_s=count / seconds,
        p50_ms=percentile(trips_s, 50) * 1000,
        p99_ms=percentile(trips_s, 99) * 1000,
        note=system.NOTE,
        items_per_s=items_per_s,
    )


def _items_per_s(fan_out: Callers, items: int) -> float:
    fan_out.enqueue(1, 1)
    seconds = fan_out.enqueue(FAN_OUTS, 1)
    fan_out.close()
    return items * FAN_OUTS / seconds


@contextmanager
def child(command: list[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of a system; what it says goes to the log of the repetition."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=sys.stderr,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
