"""Seeds, each of them a world of its own; and that a seed is one world and no other."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.__main__ import main
from tests.simulation.run import KINDS, LEADS, NODES, Simulation

SEEDS = 200
PARTS = 20
"""So that processes share them."""
SAME = list(enumerate(sorted(KINDS), 2))
OF_NODES = 35
FOUND = [
    (183, "records"),
    (5230, "calls records"),
    (5230, "flows records"),
    (100450, "mixed tasks"),
    (100863, "records"),
    (102724, "registers tasks"),
]
"""Seeds that found something, with their kinds of work: `docs/reliability.md` tells what."""


def _digest(seed: int, kind: str) -> str:
    return Simulation(seed, kinds=[kind]).run().digest


@pytest.mark.parametrize(("seed", "kinds"), FOUND)
def test_what_was_found_stays_mended(seed: int, kinds: str) -> None:
    report = Simulation(seed, kinds=kinds.split()).run()
    assert not report.problems, str(report)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_breaks(part: int) -> None:
    broken = []
    for seed in range(1 + part, SEEDS + 1, PARTS):
        report = Simulation(seed).run()
        if report.problems:
            broken.append(str(report))
    assert not broken, "\n".join(broken)


def _digests() -> list[str]:
    here = [_digest(seed, kind) for seed, kind in SAME]
    here.append(Simulation(1, serving=LEADS).run().digest)
    nodes = Simulation(OF_NODES, serving=NODES, kinds=["registers"], rare=[])
    return [*here, nodes.run().digest]


def _digests_of_another_process() -> list[str]:
    program = "from tests.simulation.test_simulation import _digests; print(*_digests())"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_seed_is_the_same_to_the_byte_in_any_process() -> None:
    here = _digests()
    assert here == _digests_of_another_process()
    assert len(set(here)) == len(here), "seeds differ from each other"


def test_a_failure_says_how_to_run_it_again() -> None:
    simulation = Simulation(1, kinds=["bulk"])
    simulation.world.complain("something is wrong")
    report = simulation.run()
    assert "something is wrong" in report.problems[0]
    assert str(report).endswith(
        "replay: .venv/bin/python -m tests.simulation --seed 1 --kinds bulk"
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("--leads --kinds views", "--leads has no clients for any kind but registers"),
        ("--leads --rare joined", "--rare is about --nodes"),
        ("--leads --nodes", "not allowed with argument"),
    ],
)
def test_what_a_way_to_serve_does_not_know_is_refused(
    asked: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["simulation", *asked.split()])
    with pytest.raises(SystemExit):
        main()
    assert told in capsys.readouterr().err
