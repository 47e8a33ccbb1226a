"""Clusters by their seeds: no acknowledged write is lost or forked, whoever leads."""

from __future__ import annotations

import pytest

from tests.simulation.cluster.run import ClusterSimulation

SEEDS = 40
PARTS = 4
"""So that processes share them."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_breaks(part: int) -> None:
    for seed in range(1 + part, SEEDS + 1, PARTS):
        problems = ClusterSimulation(seed).run()
        again = f"replay: .venv/bin/python -m tests.simulation --cluster --seed {seed}"
        assert not problems, "\n".join([*problems, again])


def test_leads_change_in_most_worlds() -> None:
    terms = []
    for seed in range(1, 6):
        simulation = ClusterSimulation(seed)
        simulation.run()
        terms.append(simulation.terms)
    assert sum(terms) > 2 * len(terms), "a cluster that never changes its leader proves little"
