"""What a claim costs with many keys waiting, against few: in the process, counted at the store."""

from __future__ import annotations

from pathlib import Path

from bench.growth import START_MS, CountingStore
from bench.report import Row
from bench.settings import Settings
from bench.talk import BenchError
from floruntime.core.action import ActionInvoke, ActionRegister, Limits
from floruntime.core.types import Command
from floruntime.core.worker import WorkerAwait
from floruntime.engine.machine import Entry, Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store import Store
from floruntime.engine.store.rocks import RocksStore

FEW = 10
_BATCH = 200

Cost = tuple[int, int, int, int]
"""Reads, scans, the rows that these pass, rows written."""


def measure(settings: Settings) -> list[Row]:
    """The cost with many beside the cost with few."""
    few, many = (
        cost_of_claim(settings.directory / f"keys-{count}", count) for count in (FEW, settings.bulk)
    )
    return [
        Row(
            f"one claim with {settings.bulk:,} keys waiting against {FEW}",
            _text(many),
            _text(few),
            f"{sum(many) / sum(few):.2f} (operations)",
            "operations: 1.00",
            many == few,
            "one run of each key at once, in a fair line; after a claim that read the first keys",
        )
    ]


def _text(cost: Cost) -> str:
    reads, scans, scanned, written = cost
    return f"{reads} reads, {scans} scans of {scanned} rows, {written} rows written"


def cost_of_claim(directory: Path, keys: int) -> Cost:
    """Let a run of each of so many keys wait, claim one, and count what the next claim asks for."""
    rocks = RocksStore(str(directory))
    try:
        _fill(rocks, keys)
        store = CountingStore(rocks)
        machine = Machine(store, RULES)
        _claim(machine)
        store.write(machine.take())
        store.reset()
        _claim(machine)
        store.write(machine.take())
        return store.reads, store.scans, store.rows_scanned, store.rows_written
    finally:
        rocks.close()


def _fill(store: Store, keys: int) -> None:
    machine = Machine(store, RULES)
    _apply(machine, ActionRegister("sync", limits=Limits(running_per_key=1, fair=True)))
    for number in range(keys):
        _apply(machine, ActionInvoke("sync", key=f"key-{number}"))
        if number % _BATCH == 0:
            store.write(machine.take())
    store.write(machine.take())


def _claim(machine: Machine) -> None:
    if len(_apply(machine, WorkerAwait("worker", ["sync"]))) != 1:
        raise BenchError("a run was due, and none was claimed")


def _apply(machine: Machine, command: Command[list[object]] | Command[object]) -> list[object]:
    outcome = machine.apply(Entry(max(machine.time_ms, START_MS), "bench", "", 0, command))
    if outcome.error is not None:
        raise BenchError(f"the engine refused {type(command).__name__}: {outcome.error.message}")
    return outcome.result  # type: ignore[no-any-return]  # a claim's are its tasks
