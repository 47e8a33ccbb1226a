"""A leader that hangs, and nodes restarted one after the other."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from tests.crash.cluster.counting import Counting
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.rig import Rig


async def test_a_leader_hangs_and_nodes_are_restarted_and_no_call_fails(tmp_path: Path) -> None:
    leave_out_without_nats()
    async with Rig(tmp_path, servers=1) as rig:
        await rig.settled()
        await a_leader_that_hangs_answers_nothing_more_and_says_so(rig)
        await rig.settled()
        await nodes_are_restarted_one_after_the_other(rig)


async def a_leader_that_hangs_answers_nothing_more_and_says_so(rig: Rig) -> None:
    node = rig.nodes[await rig.leader()]
    others = ",".join(each.endpoint for each in rig.nodes.values() if each is not node)
    async with rig.client(node.endpoint) as stuck, rig.client(others) as client:
        assert await stuck.kv.incr("k") == 1
        await node.pause()
        late = [asyncio.create_task(stuck.kv.incr("k")) for _ in range(3)]
        asked = asyncio.create_task(stuck.kv.get("other"))
        await client.kv.put("other", b"new")  # once its lease is over, and another leads
        before = await client.kv.incr("k")
        node.send(signal.SIGCONT)
        assert await asked in (b"new", None)
        after = await asyncio.gather(*late)
        assert sorted([1, before, *after]) == [1, 2, 3, 4, 5]
        assert await stuck.kv.get("other") == b"new"
    await node.said("its lease ended")


async def nodes_are_restarted_one_after_the_other(rig: Rig) -> None:
    async with Counting(rig.client):
        for name, node in rig.nodes.items():
            async with rig.client() as client:
                await client.cluster.drain(name)
            await node.stop()
            await node.start()
            await rig.settled()
