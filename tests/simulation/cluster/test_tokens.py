"""Who comes to a node is judged by a copy of `system` that is open, and not of long ago."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.client.client import FloClient
from floruntime.core.errors import FloError, UnauthorizedError
from floruntime.server.cluster.node import Node
from floruntime.server.cluster.placement import SYSTEM
from floruntime.server.cluster.replica import TooFarBehindError
from tests.simulation.clockwork import pause
from tests.simulation.cluster.computers import Computer
from tests.simulation.cluster.scene import Scene
from tests.simulation.cluster.world import ClusterWorld

LOADING_S = 3.0


async def _locked(world: ClusterWorld) -> Computer:
    """One needs a token from now on; a node that does not lead `system`."""
    async with world.client("locksmith") as client:
        world.token = (await client.tokens.create("admin")).token
    lead = world.leader_of(SYSTEM)
    assert lead is not None, "all is led"
    await pause(1.0)  # all have heard of it
    return next(each for each in world.computers if each.name != lead.lease.row.node)


async def _is_let_in(world: ClusterWorld, name: str) -> bool:
    """Whether the token that the world has is good at a node."""
    try:
        async with asyncio.timeout(1.0), world.client("guest", nodes=[name]):
            return True
    except UnauthorizedError:
        return False


async def _has_a_checkpoint(world: ClusterWorld) -> None:
    lead = world.leader_of(SYSTEM)
    assert lead is not None, "all is led"
    [leader] = [each for each in world.computers if each.name == lead.lease.row.node]
    assert leader.node is not None, "it leads"
    await leader.node.leading._checkpoint(lead)


def _loads_slowly(node: Node) -> None:
    load = node.checkpoints.load

    async def slowly(*arguments: Any) -> Any:
        await pause(LOADING_S)
        return await load(*arguments)

    vars(node.checkpoints)["load"] = slowly


def test_while_a_node_loads_what_belongs_to_no_namespace_it_goes_by_what_it_knew() -> None:
    async def scene(world: ClusterWorld) -> None:
        computer = await _locked(world)
        await _has_a_checkpoint(world)
        node = computer.node
        assert node is not None, "it runs"
        _loads_slowly(node)
        replica, token = node.replicas[SYSTEM], world.token
        computer.context.run(replica.give_up)
        await world.until(lambda: replica.is_loading, lambda: "it does not load")
        assert await _is_let_in(world, computer.name)
        world.token = None
        assert not await _is_let_in(world, computer.name)
        assert replica.is_loading, "all that took less than the loading"
        await world.until(lambda: not replica.is_loading, lambda: "it loads for ever")
        assert not await _is_let_in(world, computer.name)
        world.token = token
        assert await _is_let_in(world, computer.name)
        assert await _writes(world.client("writer", nodes=[computer.name]))

    assert Scene(1, scene).run().problems == []


async def _writes(client: FloClient) -> bool:
    async with client:
        await client.kv.put("key", b"value")
        return await client.kv.get("key") == b"value"


def test_a_node_lets_nobody_in_before_it_has_read_of_the_tokens_that_there_are() -> None:
    """The copy of the log that it is shown first is older than they are."""

    async def scene(world: ClusterWorld) -> None:
        computer = await _locked(world)
        world.token = None
        world.truth.shown[computer.name] = [0] * (world.partitions + 1)
        computer.kill(loses_power=True, loses_all=True)
        until_s = world.loop.now_s + 20.0
        while world.loop.now_s < until_s:
            try:
                assert not await _is_let_in(world, computer.name), "nobody needs a token there"
            except (TimeoutError, FloError):
                await pause(0.5)  # it is not there yet
            if world.loop.now_s > until_s - 10.0:
                world.truth.shown.clear()
        assert computer.node is not None, "it starts once it is shown all"

    assert Scene(1, scene).run().problems == []


async def test_a_node_takes_no_part_while_it_loads_what_belongs_to_no_namespace() -> None:
    async def catch_up() -> None:
        """What is there to be read was read before that."""

    replica = SimpleNamespace(catch_up=catch_up, is_loading=True)
    node: Any = SimpleNamespace(replicas={SYSTEM: replica})
    with pytest.raises(TooFarBehindError, match="a checkpoint is loaded"):
        await Node._follow_system(node)
    replica.is_loading = False
    await Node._follow_system(node)
