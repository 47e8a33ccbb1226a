"""A client of a node that leads nothing goes straight to who does, with its token."""

from __future__ import annotations

import asyncio
from pathlib import Path

from floruntime import FloClient
from floruntime.client.link.routes.leads import PASSED_MIN
from tests.crash.cluster.inside import InsideNode, all_seen
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.cluster.rig import PATIENT_MS

CALLS = 100


async def test_calls_go_straight_to_the_leader_and_on_to_the_next(tmp_path: Path) -> None:
    leave_out_without_nats()
    async with (
        NatsCluster(tmp_path, 1) as nats,
        InsideNode(nats.urls, tmp_path, "a") as one,
        InsideNode(nats.urls, tmp_path, "b") as two,
    ):
        await all_seen(one, two)
        async with one.client() as client:
            for partition in (0, 1, 2):
                await client.cluster.move(partition, "b")
            token = (await client.tokens.create("admin")).token
        async with FloClient(one.endpoint, token=token, timeout_ms=PATIENT_MS) as client:
            before = passed(one, two)
            counted = [await client.kv.incr("k") for _ in range(CALLS)]
            assert passed(one, two) - before < 3 * PASSED_MIN
            during = asyncio.gather(*(client.kv.incr("k") for _ in range(CALLS)))
            await client.cluster.drain("b")
            counted += await during
            counted += [await client.kv.incr("k") for _ in range(CALLS)]
            assert sorted(counted) == list(range(1, 3 * CALLS + 1))
            before = passed(one, two)
            await client.kv.incr("k")
            assert passed(one, two) == before
            shown = [await each.shown("flo_cluster_passed_total", "") for each in (one, two)]
            assert sum(each[""] for each in shown) == before


def passed(*nodes: InsideNode) -> int:
    """How many requests they have passed on to each other."""
    return sum(node.node.router.passed_total for node in nodes)
