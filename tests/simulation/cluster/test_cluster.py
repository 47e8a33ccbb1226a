"""Clusters by their seeds: no acknowledged write is lost or forked, whoever leads."""

from __future__ import annotations

import pytest

from tests.simulation.cluster.run import ClusterSimulation

SEEDS = 40
PARTS = 4
"""So that processes share them."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_breaks(part: int) -> None:
    terms = []
    for seed in range(1 + part, SEEDS + 1, PARTS):
        simulation = ClusterSimulation(seed)
        problems = simulation.run()
        again = f"replay: .venv/bin/python -m tests.simulation --cluster --seed {seed}"
        assert not problems, "\n".join([*problems, again])
        terms.append(simulation.terms)
    assert sum(terms) > 2 * len(terms), "a cluster that never changes its leader proves little"
