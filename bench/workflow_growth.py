"""What a transition of a workflow costs with many runs waiting for signals, against few.

In the process, on the engine and a real store, so that each operation can be counted: store
operations must not grow with the number of runs that wait. One transition here is: a signal comes,
its wait ends, the next step's action is invoked.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.growth import START_MS, CountingStore
from bench.report import Row
from bench.settings import Settings
from bench.talk import BenchError
from floruntime.core.action import ActionRegister
from floruntime.core.types import Command
from floruntime.core.workflow import WorkflowSignal, WorkflowStart, WorkflowSync
from floruntime.engine.machine import Entry, Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store import Store
from floruntime.engine.store.rocks import RocksStore

FEW = 10
SOME = 1_000
MEASURED = 1_000
"""Transitions measured; with few runs, as many rounds as it takes."""
_BATCH = 50
R = TypeVar("R")
_DEFINITION = b"""
kind: Workflow
name: waits
version: "1"
start: {waitForSignal: {type: go}, transitions: {success: work}}
steps:
  work: {run: "@actions/noop", transitions: {success: flo.Completed}}
"""


@dataclass(frozen=True)
class TransitionCost:
    """Averages of one transition."""

    reads: float
    scans: float
    rows_scanned: float
    rows_written: float
    microseconds: float

    @property
    def operations(self) -> float:
        """All that is asked of the store."""
        return self.reads + self.scans + self.rows_scanned + self.rows_written

    def __str__(self) -> str:
        return (
            f"{self.reads:.2f} reads, {self.scans:.2f} scans of {self.rows_scanned:.2f} rows, "
            f"{self.rows_written:.2f} rows written, {self.microseconds:.0f} µs"
        )


def measure(settings: Settings) -> list[Row]:
    """The cost with many, and with some, beside the cost with few."""
    few = transition_cost(settings.directory / "waiting-few", FEW)
    return [
        _row(few, transition_cost(settings.directory / f"waiting-{count}", count), count)
        for count in (SOME, settings.waiting)
    ]


def _row(few: TransitionCost, many: TransitionCost, count: int) -> Row:
    growth = many.operations / few.operations
    return Row(
        f"one transition with {count:,} runs waiting for signals against {FEW}",
        str(many),
        str(few),
        f"{growth:.2f} (operations), {many.microseconds / few.microseconds:.2f} (time)",
        "operations: 1.00",
        is_met=growth <= 1.02,
        note="signal to next invocation, one a commit, without the sync",
    )


def transition_cost(directory: Path, waiting: int) -> TransitionCost:
    """Let so many runs wait, then signal some of them, always the same number waiting."""
    rocks = RocksStore(str(directory))
    try:
        run_ids = _fill(rocks, waiting)
        return _measured(CountingStore(rocks), run_ids)
    finally:
        rocks.close()


def _fill(store: Store, waiting: int) -> list[str]:
    machine = Machine(store, RULES)
    _apply(machine, ActionRegister("noop"))
    _apply(machine, WorkflowSync([_DEFINITION]))
    run_ids = []
    for number in range(waiting):
        run_ids.append(_apply(machine, WorkflowStart("waits")).run_id)
        if number % _BATCH == 0:
            store.write(machine.take())
    store.write(machine.take())
    store.sync()
    return run_ids


def _measured(store: CountingStore, run_ids: list[str]) -> TransitionCost:
    """Each run that is signalled is replaced by a new one, uncounted.

    Each transition meets an engine that has just been opened: no cache flatters the few.
    """
    draw = random.Random(1)
    counts, seconds = [0, 0, 0, 0], 0.0
    for _ in range(MEASURED):
        place = draw.randrange(len(run_ids))
        machine = Machine(store, RULES)
        store.reset()
        begin_s = time.perf_counter()
        _apply(machine, WorkflowSignal(run_ids[place], "go"))
        store.write(machine.take())
        seconds += time.perf_counter() - begin_s
        counted = (store.reads, store.scans, store.rows_scanned, store.rows_written)
        counts = [total + count for total, count in zip(counts, counted, strict=True)]
        run_ids[place] = _apply(machine, WorkflowStart("waits")).run_id
        store.write(machine.take())
    reads, scans, scanned, written = (count / MEASURED for count in counts)
    return TransitionCost(reads, scans, scanned, written, seconds / MEASURED * 1e6)


def _apply(machine: Machine, command: Command[R]) -> R:
    now_ms = max(machine.time_ms, START_MS) + 1
    outcome = machine.apply(Entry(now_ms, "bench", "", 0, command))
    if outcome.error is not None:
        raise BenchError(f"the engine refused {type(command).__name__}: {outcome.error.message}")
    result: R = outcome.result
    return result
