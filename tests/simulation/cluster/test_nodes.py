"""Whole servers of a cluster, by their seeds, doing all the work that one server does."""

from __future__ import annotations

import pytest

from tests.simulation.clockwork import pause
from tests.simulation.cluster.scene import Scene
from tests.simulation.cluster.world import ClusterWorld
from tests.simulation.run import KINDS, NODES, Simulation

SEEDS = [(seed, [kind]) for seed, kind in enumerate(sorted(KINDS), 1)]
"""Few: each is as long as several of one server. `make simulate` does many."""
FOUND = [
    (21063, "records registers", ""),
    (229, "mixed", ""),
    (512, "records", "restored"),
    (330003, "flows", "restored"),
    (330008, "views", "restored"),
    (620001, "mixed", "restored"),
    (800201, "mixed", "drained imported joined replaced swept"),
    (800213, "flows", "restored"),
    (680081, "mixed", "drained imported restored"),
    (690152, "views registers", "replaced swept strangers"),
    (810001, "messages records", "drained"),
    (650027, "bulk", "strangers lagging"),
    (400018, "views", "late"),
    (400043, "registers", "late"),
    (9, "registers", "namesakes"),
    (410055, "bulk", "namesakes"),
    (2, "registers", "made"),
    (430115, "tasks mixed", "made behind"),
]
"""Seeds that found something, with their kinds of work and what rarely happens:
`docs/reliability.md` tells what.
"""


@pytest.mark.parametrize(("seed", "kinds", "rare"), FOUND)
def test_what_was_found_stays_mended(seed: int, kinds: str, rare: str) -> None:
    report = Simulation(seed, serving=NODES, kinds=kinds.split(), rare=rare.split()).run()
    assert not report.problems, str(report)


@pytest.mark.parametrize(("seed", "kinds"), SEEDS)
def test_no_promise_breaks(seed: int, kinds: list[str]) -> None:
    report = Simulation(seed, serving=NODES, kinds=kinds).run()
    assert not report.problems, str(report)


def test_who_makes_the_first_token_learns_of_it_however_late_the_answer() -> None:
    async def scene(world: ClusterWorld) -> None:
        lead = world.leader_of(0)
        assert lead is not None, "all is led"
        leader = lead.lease.row.node
        gateway = next(name for name in world.names if name != leader)
        client = await world.client("first", nodes=[gateway]).connect()
        await pause(2.0)  # nodes find each other
        world.network.darken_way(leader, gateway, 2.0)
        made = await client.tokens.create("admin")
        assert made.token
        await client.close()

    assert Scene(1, scene).run().problems == []
