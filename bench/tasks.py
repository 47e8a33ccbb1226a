"""Actions beside task queues on Redis: Celery, arq, dramatiq and Huey, where they are installed."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.report import Row
from bench.servers import running
from bench.settings import Settings
from bench.talk import BenchError
from bench.task_callers import PORT
from bench.task_marks import MARKS_FILE
from bench.task_run import Figures

FLO = "flo"
PEERS = {"celery": "Celery", "arq": "arq", "dramatiq": "dramatiq", "huey": "Huey"}
FLO_TIMES_AS_MANY = 10
"""It drains so much faster that the same number would be over before it is at its pace."""
RATE_TIMES_MIN = 5.0
LATENCY_SHARE_MAX = 0.5
WORKER_MB_MAX = 60
_ROOT = Path(__file__).resolve().parents[1]

Repetitions = Mapping[str, list[Figures]]
"""By system."""


@dataclass(frozen=True)
class Measure:
    """One line of the table: a figure, and what it must be of the best peer's."""

    what: str
    value: Callable[[Figures], float]
    unit: str
    is_rate: bool
    bound: float | None = None

    def row(self, repetitions: Repetitions, note: str = "") -> Row:
        """Flo's median beside the medians of the others; the ratio is to the best of those."""
        flo = self._median(repetitions[FLO])
        peers = {name: self._median(each) for name, each in repetitions.items() if name != FLO}
        ratio = flo / (max if self.is_rate else min)(peers.values()) if peers else None
        return Row(
            self.what,
            self._text(repetitions[FLO]),
            "; ".join(f"{PEERS[name]} {self._text(repetitions[name])}" for name in peers),
            "" if ratio is None else f"{ratio:.2f}",
            self._target(),
            None if ratio is None or self.bound is None else self._is_met(ratio, self.bound),
            note,
        )

    def _median(self, figures: list[Figures]) -> float:
        return statistics.median(map(self.value, figures))

    def _text(self, figures: list[Figures]) -> str:
        digits = 0 if self.is_rate else 2
        values = [self.value(each) for each in figures]
        middle, low, high = (
            f"{value:,.{digits}f}" for value in (self._median(figures), min(values), max(values))
        )
        return f"{middle}{self.unit} ({low} to {high})"

    def _target(self) -> str:
        if self.bound is None:
            return ""
        return f"{'≥' if self.is_rate else '≤'} {self.bound:g} x the best"

    def _is_met(self, ratio: float, bound: float) -> bool:
        return ratio >= bound if self.is_rate else ratio <= bound


MEASURES = [
    Measure("invoke / enqueue a task, 1 caller", lambda each: each.from_one_per_s, "/s", True),
    Measure("invoke / enqueue a task, 10 callers", lambda each: each.from_ten_per_s, "/s", True),
    Measure(
        "drain no-op tasks, 1 worker process, concurrency 10",
        lambda each: each.drained_per_s,
        "/s",
        True,
        RATE_TIMES_MIN,
    ),
    Measure(
        "one task to its result, idle, p50",
        lambda each: each.p50_ms,
        " ms",
        False,
        LATENCY_SHARE_MAX,
    ),
    Measure(
        "one task to its result, idle, p99",
        lambda each: each.p99_ms,
        " ms",
        False,
        LATENCY_SHARE_MAX,
    ),
]


def measure(settings: Settings) -> list[Row]:
    """Everyone in turns, each time on fresh data."""
    names = [FLO, *installed_peers()]
    repetitions: dict[str, list[Figures]] = {name: [] for name in names}
    for _ in range(settings.repetitions):
        for name in names:
            repetitions[name].append(_repetition(settings, name))
    return [*_rows(repetitions), memory_row(repetitions)]


def _rows(repetitions: Repetitions) -> Iterator[Row]:
    for number, each in enumerate(MEASURES):
        yield each.row(repetitions, "" if number else conditions(repetitions))


def conditions(repetitions: Repetitions) -> str:
    """How each was run, and who is missing."""
    said = [f"{PEERS.get(name, 'Flo')}: {figures[0].note}" for name, figures in repetitions.items()]
    missing = [label for name, label in PEERS.items() if name not in repetitions]
    return "; ".join([*said, *(f"{label}: not installed" for label in missing)])


def memory_row(repetitions: Repetitions) -> Row:
    """What the worker process takes after its work, with its children where it has any."""
    values = {
        name: statistics.median(each.worker_mb for each in figures)
        for name, figures in repetitions.items()
    }
    return Row(
        "memory, worker process",
        f"{values[FLO]:.0f} MB",
        "; ".join(f"{PEERS[name]} {mb:.0f} MB" for name, mb in values.items() if name != FLO),
        target=f"< {WORKER_MB_MAX} MB",
        is_met=values[FLO] < WORKER_MB_MAX,
    )


def installed_peers() -> list[str]:
    """The peers that can be measured here; says in one line which cannot."""
    found = [name for name in PEERS if importlib.util.find_spec(name) is not None]
    missing = [label for name, label in PEERS.items() if name not in found]
    if missing:
        print(
            f"bench: not installed, so left out: {', '.join(missing)} "
            "(pip install --editable '.[bench]' && pip install --no-deps arq)",
            file=sys.stderr,
        )
    return found


def _repetition(settings: Settings, name: str) -> Figures:
    directory = settings.directory / f"tasks-{name}"
    marks = settings.directory / "marks"
    marks.unlink(missing_ok=True)
    count = settings.tasks * (FLO_TIMES_AS_MANY if name == FLO else 1)
    with running("Flo" if name == FLO else "Redis", directory) as server:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]),
            PORT: str(server.port),
            MARKS_FILE: str(marks),
        }
        command = [sys.executable, "-m", "bench.task_run", name, str(count), str(settings.trips)]
        done = subprocess.run(
            command, env=environment, cwd=directory, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise BenchError(f"{PEERS.get(name, 'Flo')}:\n{done.stderr[-2000:]}")
    return Figures(**json.loads(done.stdout))
