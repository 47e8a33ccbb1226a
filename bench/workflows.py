"""Workflows beside Restate and DBOS, where they are installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.report import Row
from bench.settings import Settings
from bench.talk import BenchError
from bench.workflow_run import AT_ONCE, STEPS, Figures

FLO = "flo"
PEERS = {"restate": "Restate", "dbos": "DBOS"}
ROOT = Path(__file__).resolve().parents[1]
RESTATE_PROGRAM = Path(sys.prefix) / "restate" / "node_modules" / ".bin" / "restate-server"

Repetitions = Mapping[str, list[Figures]]
"""By system."""


@dataclass(frozen=True)
class Measure:
    """One line of the table. `bounds`: what the ratio to each peer must be at least, or at most."""

    what: str
    value: Callable[[Figures], float]
    unit: str
    is_rate: bool
    bounds: Mapping[str, float]

    def row(self, repetitions: Repetitions, note: str = "") -> Row:
        """Flo's median beside those of the others, and its ratio to each of them."""
        flo = self._median(repetitions[FLO])
        peers = {name: self._median(each) for name, each in repetitions.items() if name != FLO}
        ratios = {name: flo / value for name, value in peers.items()}
        judged = [name for name in self.bounds if name in ratios]
        return Row(
            self.what,
            self._text(repetitions[FLO]),
            "; ".join(f"{PEERS[name]} {self._text(repetitions[name])}" for name in peers),
            "; ".join(f"{PEERS[name]} {ratio:.2f}" for name, ratio in ratios.items()),
            "; ".join(self._target(name) for name in self.bounds),
            all(self._is_met(name, ratios[name]) for name in judged) if judged else None,
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

    def _target(self, name: str) -> str:
        return f"{'≥' if self.is_rate else '≤'} {self.bounds[name]:g} x {PEERS[name]}"

    def _is_met(self, name: str, ratio: float) -> bool:
        return ratio >= self.bounds[name] if self.is_rate else ratio <= self.bounds[name]


MEASURES = [
    Measure(
        f"workflow of {STEPS} no-op steps, {AT_ONCE} at a time: steps",
        lambda each: each.workflows_per_s * STEPS,
        "/s",
        True,
        {"restate": 6, "dbos": 20},
    ),
    Measure("the same: workflows", lambda each: each.workflows_per_s, "/s", True, {}),
    Measure(
        "one workflow of many no-op items (`forEach`, calls, a queue): items",
        lambda each: each.items_per_s,
        "/s",
        True,
        {"restate": 4, "dbos": 4},
    ),
    Measure("one workflow, idle, p50", lambda each: each.p50_ms, " ms", False, {"restate": 0.4}),
    Measure("one workflow, idle, p99", lambda each: each.p99_ms, " ms", False, {"restate": 0.4}),
]


def measure(settings: Settings) -> list[Row]:
    """Everyone in turns, each time on fresh data."""
    names = [FLO, *installed_peers()]
    repetitions: dict[str, list[Figures]] = {name: [] for name in names}
    for _ in range(settings.repetitions):
        for name in names:
            repetitions[name].append(_repetition(settings, name))
    note = "; ".join(
        f"{PEERS.get(name, 'Flo')}: {each[0].note}" for name, each in repetitions.items()
    )
    return [each.row(repetitions, "" if index else note) for index, each in enumerate(MEASURES)]


def installed_peers() -> list[str]:
    """The peers that can be measured here; says in one line which cannot."""
    found = []
    if importlib.util.find_spec("restate") is not None and RESTATE_PROGRAM.exists():
        found.append("restate")
    if importlib.util.find_spec("dbos") is not None:
        found.append("dbos")
    missing = [label for name, label in PEERS.items() if name not in found]
    if missing:
        print(
            f"bench: not installed, so left out: {', '.join(missing)} (`make bench` installs them)",
            file=sys.stderr,
        )
    return found


def _repetition(settings: Settings, name: str) -> Figures:
    directory = settings.directory / f"workflows-{name}"
    directory.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "bench.workflow_run", name, str(directory)]
    command += [str(settings.workflows[name]), str(settings.trips), str(settings.items)]
    done = subprocess.run(
        command, env=environment, cwd=directory, capture_output=True, text=True, check=False
    )
    shutil.rmtree(directory, ignore_errors=True)
    if done.returncode != 0:
        raise BenchError(f"{PEERS.get(name, 'Flo')}:\n{done.stderr[-2000:]}")
    return Figures(**json.loads(done.stdout))
