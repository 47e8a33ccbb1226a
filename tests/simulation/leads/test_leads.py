"""Clusters by their seeds: no acknowledged write is lost or forked, whoever leads."""

from __future__ import annotations

import pytest

from tests.simulation.leads.world import LeadsWorld
from tests.simulation.run import LEADS, Simulation

SEEDS = 40
PARTS = 4
"""So that processes share them."""
FOUND = (200476, 701090)
"""Seeds that found something: `docs/reliability.md` tells what."""


@pytest.mark.parametrize("seed", FOUND)
def test_what_was_found_stays_mended(seed: int) -> None:
    report = Simulation(seed, serving=LEADS).run()
    assert not report.problems, str(report)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_breaks(part: int) -> None:
    terms = []
    for seed in range(1 + part, SEEDS + 1, PARTS):
        simulation = Simulation(seed, serving=LEADS)
        report = simulation.run()
        assert not report.problems, str(report)
        assert isinstance(simulation.world, LeadsWorld), "it asked for one"
        terms.append(simulation.world.copies.terms)
    assert sum(terms) > 2 * len(terms), "a cluster that never changes its leader proves little"
