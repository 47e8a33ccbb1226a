"""Cut networks: a leader alone, one-way cuts, a slow link, nodes that do not reach each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.rig import Rig
from tests.crash.cluster.test_faults import Counting


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Three nodes, each with cables of its own to NATS and to the others."""
    leave_out_without_nats()
    async with Rig(tmp_path, servers=1, cables=True) as rig:
        await rig.settled()
        yield rig


async def test_a_cut_network_loses_nothing_and_doubles_nothing(rig: Rig) -> None:
    async with Counting(rig):
        for there, back in ((True, True), (True, False), (False, True)):
            await a_leader_is_cut_off_from_nats(rig, there=there, back=back)
        await a_link_is_slow(rig)
        await a_leader_is_cut_off_from_the_others(rig)


async def a_leader_is_cut_off_from_nats(rig: Rig, *, there: bool, back: bool) -> None:
    name = await rig.leader("n0")
    others = [node.endpoint for other, node in rig.nodes.items() if other != name]
    rig.nodes[name].lines.clear()
    rig.to_nats[name].cut(there=there, back=back)
    try:
        await rig.nodes[name].said("this node leads no more")
        async with rig.client(",".join(others)) as client:
            await client.kv.incr("elsewhere", namespace="n0")
        async with rig.client(rig.nodes[name].endpoint) as client:
            await client.kv.incr("elsewhere", namespace="n0")  # passed on to who leads now
    finally:
        rig.to_nats[name].mend()
    await rig.settled()


async def a_link_is_slow(rig: Rig) -> None:
    name = await rig.leader("n0")
    rig.to_nats[name].delay_s = 0.2
    async with rig.client() as client:
        for _ in range(5):
            await client.kv.incr("slow", namespace="n0")
    rig.to_nats[name].delay_s = 0.0


async def a_leader_is_cut_off_from_the_others(rig: Rig) -> None:
    """It goes on leading; what others pass on to it waits until they know that nothing comes."""
    name = await rig.leader("n0")
    other = next(each for each in rig.nodes if each != name)
    rig.nodes[other].lines.clear()
    rig.to_node[name].cut()
    try:
        await rig.nodes[other].said(f"no connection to node {name}")
    finally:
        rig.to_node[name].mend()
    async with rig.client(rig.nodes[other].endpoint) as client:
        await client.kv.incr("elsewhere", namespace="n0")
