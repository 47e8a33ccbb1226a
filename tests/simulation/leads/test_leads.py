"""Clusters by their seeds: no acknowledged write is lost or forked, whoever leads."""

from __future__ import annotations

import pytest

from tests.simulation.leads.world import LeadsWorld
from tests.simulation.run import LEADS, Simulation

SEEDS = 40
PARTS = 4
"""So that processes share them."""


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
