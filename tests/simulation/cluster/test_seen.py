"""Seeds in which breaks are seen that show nowhere else in simulated clusters.

`tests/mutants/simulated.py` names them: with each of them one of these must fail.
"""

from __future__ import annotations

import pytest

from tests.simulation.run import NODES, Simulation


def _judge(seed: int, kind: str, rare: str) -> None:
    report = Simulation(seed, serving=NODES, kinds=[kind], rare=[rare]).run()
    assert not report.problems, str(report)


@pytest.mark.parametrize("seed", [2, 6, 11])
def test_a_lease_counts_from_when_it_was_asked_for(seed: int) -> None:
    """NATS answers a leader late, and then no more: with the other way of counting two lead."""
    _judge(seed, "registers", "late")


@pytest.mark.parametrize("seed", [4, 6, 9, 13])
def test_of_two_nodes_of_a_name_one_is_refused_or_ends(seed: int) -> None:
    """And what either does is done once."""
    _judge(seed, "registers", "namesakes")


@pytest.mark.parametrize("seed", [2, 3, 8])
def test_a_copy_that_is_older_than_a_client_allows_does_not_answer_it(seed: int) -> None:
    """A node is shown nothing new for long, and clients only look."""
    _judge(seed, "views", "behind")


@pytest.mark.parametrize("seed", [1, 3, 4, 9])
def test_a_cluster_is_made_once_whatever_is_lost_on_the_way(seed: int) -> None:
    """And none is made on what is left of one."""
    _judge(seed, "registers", "made")
