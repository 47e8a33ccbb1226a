"""How much memory a server may use for data that it has read, and for which data."""

from __future__ import annotations

import os
from pathlib import Path

from floruntime.core.limits import MIB
from floruntime.server.config import Config

SHARE_OF_MACHINE = 4
"""Unless it is told otherwise, a server uses one part in so many of the machine's memory."""
BUDGET_BYTES_MIN = 64 * MIB
MEMORY_BYTES_DEFAULT = 96 * MIB
"""Where nobody tells: within somebody's program."""
WARM_SHARE = 3
"""One part in so many is for small rows, decoded: one of those is answered in half the time, and
takes three times as much. The rest is for blocks of the files on disk.
"""
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def budget_bytes(config: Config, limit_file: Path = _CONTAINER_LIMIT) -> int:
    """What `memory_bytes` says; where it is 0, a quarter of what the machine (or container) has."""
    if config.memory_bytes:
        return config.memory_bytes
    return max(machine_bytes(limit_file) // SHARE_OF_MACHINE, BUDGET_BYTES_MIN)


def warm_bytes(memory_bytes: int) -> int:
    """How much of the budget is for rows."""
    return memory_bytes // WARM_SHARE


def blocks_bytes(memory_bytes: int) -> int:
    """How much of the budget is for blocks."""
    return memory_bytes - warm_bytes(memory_bytes)


def machine_bytes(limit_file: Path = _CONTAINER_LIMIT) -> int:
    """The machine's memory, or less where this process's container is bounded."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(found, int(limit_file.read_text()))
    except (OSError, ValueError):  # there is no such file, or it says "max"
        return found
