"""A real server killed with SIGKILL while clients write: 20 rounds. `make crash` does more."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.crash.run import CrashRun

RUNS, ROUNDS_PER_RUN = 4, 5


@pytest.mark.parametrize("run", range(RUNS))
async def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(
    run: int, tmp_path: Path
) -> None:
    seed = secrets.randbelow(2**32)
    report = await CrashRun(str(tmp_path / "data"), ROUNDS_PER_RUN, seed).run()
    repeat = f"python -m tests.crash {ROUNDS_PER_RUN} --seed {seed}"
    assert not report.problems, f"{report}\nagain: {repeat}"
    assert report.calls > 500, report
