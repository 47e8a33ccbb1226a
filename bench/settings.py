"""How long and how much; `--quick` is for trying the bench out, not for judging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 64


@dataclass(frozen=True)
class Settings:
    """`many` is the million of the targets; `directory` is where all data goes. `workflows`: how
    many each system runs in one repetition.
    """

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
    waiting: int = 100_000
    claims: int = 40_000
    bulk: int = 100_000
    items: int = 1_000
    workflows: Mapping[str, int] = field(
        default_factory=lambda: {"flo": 6_000, "restate": 1_500, "dbos": 300}
    )
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
        waiting=10_000,
        claims=8_000,
        bulk=10_000,
        items=200,
        workflows={"flo": 600, "restate": 200, "dbos": 60},
        is_quick=True,
    )
