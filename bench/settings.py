"""How long and how much; `--quick` is for trying the bench out, not for judging."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 64


@dataclass(frozen=True)
class Settings:
    """`many` is the million of the targets; `directory` is where all data goes."""

    directory: Path
    repetitions: int = 3
    warm_up_s: float = 1.0
    measured_s: float = 4.0
    keys: int = 100_000
    many: int = 1_000_000
    few: int = 10_000
    calls: int = 3_000
    tasks: int = 2_000
    trips: int = 200
    is_quick: bool = False


def quick(directory: Path) -> Settings:
    """A tenth of almost everything."""
    return Settings(
        directory,
        warm_up_s=0.3,
        measured_s=1.0,
        keys=10_000,
        many=100_000,
        calls=300,
        tasks=300,
        trips=50,
        is_quick=True,
    )
