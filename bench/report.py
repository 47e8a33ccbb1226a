"""The table, and what machine it was measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the table. `is_met` is `None` where there is no target."""

    what: str
    flo: str
    peer: str = ""
    ratio: str = ""
    target: str = ""
    is_met: bool | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the target is met, as the table says it."""
        return "" if self.is_met is None else "yes" if self.is_met else "**no**"


COLUMNS = ("work", "Flo", "beside it", "ratio", "target", "met", "note")


def markdown(rows: Iterable[Row]) -> str:
    """The rows as one Markdown table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + " --- |" * len(COLUMNS)]
    for row in rows:
        cells = (row.what, row.flo, row.peer, row.ratio, row.target, row.verdict, row.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def machine_facts(directory: Path) -> dict[str, str]:
    """What the figures depend on beside the code."""
    return {
        "when": time.strftime("%Y-%m-%d %H:%M %Z"),
        "cores": f"{os.cpu_count()} ({_cpu_model()})",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "disk": _disk(directory),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "redis": _redis_version(),
        "libraries": ", ".join(_version(name) for name in ("msgspec", "rocksdict", "uvloop")),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _disk(directory: Path) -> str:
    """Device and file system of the mount that holds `directory`."""
    best = ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        device, mount, kind = line.split()[:3]
        if directory.resolve().is_relative_to(mount) and len(mount) > len(best[0]):
            best = (mount, f"{device}, {kind}")
    return best[1]


def _redis_version() -> str:
    program = shutil.which("redis-server")
    if program is None:
        return "not installed"
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return next((w[2:] for w in words.stdout.split() if w.startswith("v=")), "unknown")


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} not installed"
