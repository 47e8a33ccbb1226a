"""Parts of a real cluster killed while clients write: one round of each. `make cluster-chaos` does
more.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.crash.cluster.chaos import FAULTS, ClusterChaos
from tests.crash.cluster.missing import leave_out_without_nats


@pytest.fixture(autouse=True)
def with_nats() -> None:
    leave_out_without_nats()


async def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**32)
    report = await ClusterChaos(tmp_path, len(FAULTS), seed).run()
    repeat = f"python -m tests.crash.cluster {len(FAULTS)} --kills --seed {seed}"
    assert not report.problems, f"{report}\nagain: {repeat}"
    assert report.calls > 500, report
