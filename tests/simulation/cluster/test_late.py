"""Where NATS answers late, and then not at all, a lease that counted from its answer would be good
for longer than others wait.
"""

from __future__ import annotations

import pytest

from tests.simulation.run import NODES, Simulation


@pytest.mark.parametrize("seed", [2, 6, 11])
def test_a_lease_counts_from_when_it_was_asked_for(seed: int) -> None:
    """With the other way of counting, two lead at once in each of these."""
    report = Simulation(seed, serving=NODES, kinds=["registers"], rare=["late"]).run()
    assert not report.problems, str(report)
