"""A log that was set back: what it lost, some copy still has."""

from __future__ import annotations

from floruntime.server.cluster.board.placement import partition_of
from tests.simulation.clockwork import pause
from tests.simulation.cluster.scene import Scene
from tests.simulation.cluster.world import ClusterWorld

HERE = 1
"""The partition that loses its end."""


async def _lose_the_end(world: ClusterWorld) -> str:
    """Who led, and has all that the log had."""
    before = world.truth.back_up()
    async with world.client("writer", namespace=_namespace_in(world)) as client:
        for number in range(10):
            await client.kv.put("key", b"%d" % number)
    await pause(3.0)  # nodes tell how far they are
    lead = world.leader_of(HERE)
    assert lead is not None, "all is led"
    world.truth.restore(before, with_board=False)
    return lead.lease.row.node


def _namespace_in(world: ClusterWorld) -> str:
    names = (f"name-{number}" for number in range(100))
    return next(name for name in names if partition_of(name, world.partitions) == HERE)


def test_an_empty_node_does_not_lead_what_is_left() -> None:
    async def scene(world: ClusterWorld) -> None:
        name = await _lose_the_end(world)
        for computer in world.computers:
            if computer.name == name:
                computer.leave()  # its row stays on the board
            else:
                computer.kill(loses_power=True, loses_all=True)
        until_s = world.loop.now_s + 30.0
        while world.loop.now_s < until_s:
            assert not world._leaders_of(HERE), "what was acknowledged is lost"
            await pause(0.1)
        told = [
            computer.node.replicas[HERE].trouble
            for computer in world.computers
            if computer.node is not None and HERE in computer.node.replicas
        ]
        assert told
        assert all("another node has message" in trouble for trouble in told), told

    assert Scene(1, scene).run().problems == []
