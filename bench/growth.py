"""What a put costs with many keys against few: store operations, which must not grow, and time.

In the process, on the engine and a real store, so that each operation can be counted. Both stores
first take the same least number of puts, so that what is bounded by number (the index of changes)
is full in both, and the measured puts meet an engine that has just been started: none of its rows
is cached.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.report import Row
from bench.settings import Settings
from bench.talk import VALUE_BYTES, BenchError, key_bytes
from floruntime.core.kv import KvPut
from floruntime.engine.machine import Entry, Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store import Changes, Reader, Store
from floruntime.engine.store.rocks import RocksStore

START_MS = 1_700_000_000_000
PUTS_BEFORE_MIN = 120_000
MEASURED_PUTS = 4_096
BATCH_PUTS = 64
_FILL_BATCH_PUTS = 1_000


class CountingStore:
    """Passes everything on to a store, and counts it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reset()

    def reset(self) -> None:
        """Count from 0 again."""
        self.reads = self.scans = self.rows_scanned = self.rows_written = self.clears = 0

    def get(self, key: bytes) -> bytes | None:
        self.reads += 1
        return self._store.get(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        self.scans += 1
        for row in self._store.scan(start, end, reverse=reverse):
            self.rows_scanned += 1
            yield row

    def snapshot(self) -> Reader:
        return self._store.snapshot()

    def write(self, changes: Changes) -> None:
        self.rows_written += len(changes.rows)
        self.clears += len(changes.cleared)
        self._store.write(changes)

    def sync(self) -> None:
        self._store.sync()

    def checkpoint(self, directory: str) -> None:
        self._store.checkpoint(directory)

    def close(self) -> None:
        self._store.close()


@dataclass(frozen=True)
class PutCost:
    """Averages of one put."""

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
            f"{self.rows_written:.2f} rows written, {self.microseconds:.1f} µs"
        )


def measure(settings: Settings) -> list[Row]:
    """The cost with many keys beside the cost with few."""
    few = put_cost(settings.directory / "growth-few", settings.few)
    many = put_cost(settings.directory / "growth-many", settings.many)
    growth = many.operations / few.operations
    return [
        Row(
            f"one put with {settings.many:,} keys against {settings.few:,}",
            str(many),
            str(few),
            f"{growth:.2f} (operations), {many.microseconds / few.microseconds:.2f} (time)",
            "operations: 1.00",
            is_met=growth <= 1.01,
            note=f"batches of {BATCH_PUTS}, without the sync",
        )
    ]


def put_cost(directory: Path, keys: int) -> PutCost:
    """Fill a fresh store with `keys` keys, then measure puts to some of them."""
    rocks = RocksStore(str(directory))
    try:
        _fill(rocks, keys)
        store = CountingStore(rocks)
        return _measured(store, keys)
    finally:
        rocks.close()


def _fill(store: Store, keys: int) -> None:
    machine = Machine(store, RULES)
    for start in range(0, max(keys, PUTS_BEFORE_MIN), _FILL_BATCH_PUTS):
        numbers = range(start, start + _FILL_BATCH_PUTS)
        _put(machine, store, [number % keys for number in numbers])
    store.sync()


def _measured(store: CountingStore, keys: int) -> PutCost:
    machine = Machine(store, RULES)
    numbers = random.Random(1).sample(range(keys), min(MEASURED_PUTS, keys))
    store.reset()
    begin_s = time.perf_counter()
    for start in range(0, len(numbers), BATCH_PUTS):
        _put(machine, store, numbers[start : start + BATCH_PUTS])
    seconds = time.perf_counter() - begin_s
    count = len(numbers)
    return PutCost(
        store.reads / count,
        store.scans / count,
        store.rows_scanned / count,
        store.rows_written / count,
        seconds / count * 1e6,
    )


def _put(machine: Machine, store: Store, numbers: list[int]) -> None:
    now_ms = max(machine.time_ms, START_MS) + 1
    for number in numbers:
        put = KvPut(key_bytes(number).decode(), os.urandom(VALUE_BYTES))
        outcome = machine.apply(Entry(now_ms, "bench", "", 0, put))
        if outcome.error is not None:
            raise BenchError(f"the engine refused a put: {outcome.error.message}")
    store.write(machine.take())
