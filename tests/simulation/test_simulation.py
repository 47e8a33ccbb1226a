"""Seeds, each of them a world of its own; and that a seed is one world and no other."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.run import Simulation

SEEDS = 200
PARTS = 20
"""So that processes share them."""
SAME = range(2, 10)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_breaks(part: int) -> None:
    broken = []
    for seed in range(1 + part, SEEDS + 1, PARTS):
        report = Simulation(seed).run()
        if report.problems:
            broken.append(str(report))
    assert not broken, "\n".join(broken)


def _digests(hash_seed: int) -> str:
    program = (
        "from tests.simulation.run import Simulation\n"
        f"for seed in {SAME}: print(seed, Simulation(seed).run().digest)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_seed_is_the_same_to_the_byte_in_any_process() -> None:
    one, other = _digests(1), _digests(2)
    assert one == other
    assert len(set(one.split())) == 2 * len(SAME), "seeds differ from each other"


def test_a_failure_says_how_to_run_it_again() -> None:
    simulation = Simulation(1)
    simulation.world.complain("something is wrong")
    report = simulation.run()
    assert "something is wrong" in report.problems[0]
    assert str(report).endswith("replay: .venv/bin/python -m tests.simulation --seed 1")
