"""The body of the measured task: every run of it, in whatever process, adds its time to one file.

So runs are counted alike for all systems, and what a system says of itself does not matter.
"""

from __future__ import annotations

import os
import struct
import time
from functools import cache
from pathlib import Path

from bench.talk import BenchError

MARKS_FILE = "FLO_BENCH_MARKS"
_MARK = struct.Struct("<q")
_SKIPPED = 0.1
"""Of the runs, until the worker is at its pace."""


def mark() -> int:
    """Tell that the task ran: one append of eight bytes."""
    return os.write(_file(), _MARK.pack(time.monotonic_ns()))


@cache
def _file() -> int:
    return os.open(os.environ[MARKS_FILE], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)


def count_marks(path: Path) -> int:
    """How many runs there have been."""
    return path.stat().st_size // _MARK.size if path.exists() else 0


def read_marks(path: Path) -> list[int]:
    """When each run was, in nanoseconds of the monotonic clock, in order."""
    return sorted(at_ns for (at_ns,) in _MARK.iter_unpack(path.read_bytes()))


def steady_rate(marks_ns: list[int], count: int) -> float:
    """Runs per second over all but the first tenth. Raises where it is not `count` runs."""
    if len(marks_ns) != count:
        raise BenchError(f"{len(marks_ns)} runs of {count} tasks")
    first = int(count * _SKIPPED)
    return (count - 1 - first) / ((marks_ns[-1] - marks_ns[first]) / 1e9)
