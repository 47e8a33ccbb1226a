"""Who comes to a node is judged by a copy of `system` that is open, and not of long ago."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.client.client import FloClient
from floruntime.core.console import SESSION_PREFIX
from floruntime.core.errors import FloError, UnauthorizedError
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.copies.replica import TooFarBehindError
from floruntime.server.cluster.node import Node
from tests.simulation.clockwork import pause
from tests.simulation.cluster.clients import SimNodesTransport
from tests.simulation.cluster.computers import Computer
from tests.simulation.cluster.scene import Scene
from tests.simulation.cluster.world import ClusterWorld
from tests.simulation.http import HttpLink
from tests.simulation.network import SimWebTransport

LOADING_S = 3.0
CUT_OFF_S = 60.0
SESSION = f"{SESSION_PREFIX}{'0' * 12}_{'1' * 43}"
BAD = "flo_" + "0" * 12 + "_" + "1" * 40
CLIENT_DOORS: dict[str, Callable[[ClusterWorld, str], Any]] = {
    "tcp": lambda world, node: SimNodesTransport(world.network, "guest", [node]),
    "websocket": lambda world, node: SimWebTransport(world.network, "guest", node),
}


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

    replica = SimpleNamespace(catch_up=catch_up, is_loading=True, is_given_up=False)
    node: Any = SimpleNamespace(replicas={SYSTEM: replica})
    with pytest.raises(
        TooFarBehindError, match="a checkpoint of the system partition is being loaded"
    ):
        await Node.follow_system(node)
    replica.is_loading = False
    await Node.follow_system(node)


def _hears_no_nats(world: ClusterWorld, computer: Computer) -> None:
    world.truth.dark_until_s[computer.name] = world.loop.now_s + CUT_OFF_S


async def _refusal(world: ClusterWorld, door: str, name: str, token: str | None) -> str:
    """What whoever comes to that node by that door is told; `done` where it is let in."""
    if door.startswith("http"):
        return await _refusal_by_http(world, name, token, door)
    way = CLIENT_DOORS[door](world, name)
    client = FloClient(f"{name}:9000", token=token, transport=way)
    try:
        async with asyncio.timeout(5.0), client:
            return "done"
    except FloError as error:
        return error.code


async def _refusal_by_http(world: ClusterWorld, name: str, token: str | None, door: str) -> str:
    link = HttpLink()
    await world.network.connect("guest", name, link)
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if door == "http by name":
        headers["Host"] = "flo.example.org"
    response = await link.ask("/v1/tokens.whoami", headers, b"{}")
    link.close()
    return "done" if response.status == 200 else str(response.body["code"])


@pytest.mark.parametrize("door", [*CLIENT_DOORS, "http", "http by name"])
def test_a_node_that_is_cut_off_refuses_no_token_that_it_may_not_have_heard_of(door: str) -> None:
    """Before the first one was made, and when there are some: it cannot know."""

    async def scene(world: ClusterWorld) -> None:
        computer = world.computers[-1]
        others = [each for each in world.names if each != computer.name]
        await pause(1.0)
        _hears_no_nats(world, computer)
        async with world.client("locksmith", nodes=others) as client:
            world.token = (await client.tokens.create("admin")).token
        assert await _refusal(world, door, computer.name, world.token) == "unavailable"
        assert await _refusal(world, door, computer.name, BAD) == "unavailable"
        world.truth.dark_until_s.clear()
        await pause(10.0)
        assert await _refusal(world, door, computer.name, world.token) == "done"
        assert await _refusal(world, door, computer.name, BAD) == "unauthorized"
        _hears_no_nats(world, computer)
        async with world.client("locksmith", nodes=others) as client:
            second = (await client.tokens.create("admin")).token
        minter = FloClient(
            "n", token=second, transport=SimNodesTransport(world.network, "minter", others)
        )
        async with minter:
            minted = (await minter.tokens.mint(scopes=["read:kv:*"])).token
        for token in (second, minted, SESSION):
            assert await _refusal(world, door, computer.name, token) == "unavailable"
        assert await _refusal(world, door, computer.name, world.token) == "done"
        assert await _refusal(world, door, computer.name, None) == "unauthorized"
        wrong = world.token[:-1] + ("0" if world.token[-1] != "0" else "1")
        assert await _refusal(world, door, computer.name, wrong) == "unauthorized"

    assert Scene(1, scene).run().problems == []


def test_a_client_whose_token_a_node_has_not_heard_of_goes_on_once_it_has() -> None:
    """A refusal of its token would have ended it for good."""

    async def scene(world: ClusterWorld) -> None:
        computer = await _locked(world)
        others = [each for each in world.names if each != computer.name]
        tokens = [world.token]
        client = FloClient(
            f"{computer.name}:9000",
            token=lambda: str(tokens[-1]),
            transport=SimWebTransport(world.network, "patient", computer.name),  # knows one
        )
        assert await client.kv.get("key") is None
        _hears_no_nats(world, computer)
        async with world.client("locksmith", nodes=others) as locksmith:
            tokens.append((await locksmith.tokens.create("admin")).token)
        for end in world.network.ends_of("patient"):
            world.network.cut(end)
        await pause(10.0)
        writing = asyncio.create_task(client.kv.put("key", b"value"))
        await pause(1.0)
        assert not client.is_connected
        assert not writing.done(), "it waits for a connection"
        world.truth.dark_until_s.clear()
        await writing
        await client.close()

    assert Scene(1, scene).run().problems == []
