"""Cut networks: a leader alone, one-way cuts, a slow link, nodes that do not reach each other.

Each case has a cluster of its own; all go on side by side, since they mostly wait for leases.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from floruntime import FloClient
from floruntime.server.cluster.board.placement import partition_of
from tests.crash.cluster.counting import Counting
from tests.crash.cluster.inside import InsideNode, all_seen, until
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.cluster.proxy import Cable
from tests.crash.cluster.rig import PATIENT_MS
from tests.crash.process import free_port

PARTITION = partition_of("n0", 2)
SLOW_S = 0.2


class CableNode(InsideNode):
    """A node that reaches NATS by one cable, and is reached by others by another."""

    def __init__(self, nats_port: int, directory: Path, name: str, cluster_name: str) -> None:
        port = free_port()
        self.to_nats, self.to_node = Cable(nats_port), Cable(port)
        super().__init__(
            f"nats://127.0.0.1:{self.to_nats.port}",
            directory / cluster_name,
            name,
            port=port,
            advertise=f"127.0.0.1:{self.to_node.port}",
            cluster_name=cluster_name,
        )


class Wired:
    """Three nodes of one cluster, the one that leads first."""

    def __init__(self, nodes: list[CableNode]) -> None:
        self.leader, *self.others = sorted(nodes, key=lambda node: not node.leads("n0"))

    def client(self) -> FloClient:
        """A patient client of any."""
        nodes = (self.leader, *self.others)
        return FloClient(",".join(node.endpoint for node in nodes), timeout_ms=PATIENT_MS)


@asynccontextmanager
async def wired(nats_port: int, directory: Path, cluster_name: str) -> AsyncIterator[Wired]:
    """A cluster in which clients count all the time."""
    async with AsyncExitStack() as stack:
        nodes = [CableNode(nats_port, directory, name, cluster_name) for name in "abc"]
        for node in nodes:
            await stack.enter_async_context(node.to_nats)
            await stack.enter_async_context(node.to_node)
        for node in nodes:
            await stack.enter_async_context(node)
        await until(lambda: any(node.leads("n0") for node in nodes))
        await all_seen(*nodes)
        cluster = Wired(nodes)
        async with Counting(cluster.client, 2):
            yield cluster


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_cut_network_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    leave_out_without_nats()
    async with NatsCluster(tmp_path, 1) as nats:
        [server] = nats.servers
        at = server.port, tmp_path
        await asyncio.gather(
            a_leader_is_cut_off_from_nats(*at, "both", there=True, back=True),
            a_leader_is_cut_off_from_nats(*at, "there", there=True, back=False),
            a_leader_is_cut_off_from_nats(*at, "back", there=False, back=True),
            a_link_is_slow(*at, "slow"),
            a_leader_is_cut_off_from_the_others(*at, "others"),
        )
    gc.collect()  # nats-py leaves sockets to it whose greeting did not come


async def a_leader_is_cut_off_from_nats(
    nats_port: int, directory: Path, name: str, *, there: bool, back: bool
) -> None:
    async with wired(nats_port, directory, name) as cluster:
        leader = cluster.leader
        leader.to_nats.cut(there=there, back=back)
        await until(lambda: not leader.leads("n0"))
        await until(lambda: any(node.leads("n0") for node in cluster.others))
        async with leader.client() as client:  # which passes it on to who leads now
            await client.kv.incr("elsewhere", namespace="n0")
        assert not leader.leads("n0")
        leader.to_nats.mend()
        await until(lambda: leader.node.is_board_heard and leader.node.nats.is_connected)


async def a_link_is_slow(nats_port: int, directory: Path, name: str) -> None:
    async with wired(nats_port, directory, name) as cluster:
        cluster.leader.to_nats.delay_s = SLOW_S
        async with cluster.client() as client:
            for number in range(5):
                assert await client.kv.incr("slow", namespace="n0") == number + 1
        cluster.leader.to_nats.delay_s = 0.0
        assert cluster.leader.leads("n0")


async def a_leader_is_cut_off_from_the_others(nats_port: int, directory: Path, name: str) -> None:
    """It goes on leading; what others pass on to it waits until they know that nothing comes."""
    async with wired(nats_port, directory, name) as cluster:
        leader, [other, _] = cluster.leader, cluster.others
        router = other.node.router
        await until(lambda: router.target_of(PARTITION))
        leader.to_node.cut()
        async with other.client() as client:
            waiting = asyncio.create_task(client.kv.incr("elsewhere", namespace="n0"))
            await until(lambda: router.target_of(PARTITION) is None)
            assert leader.leads("n0")
            assert not waiting.done()
            leader.to_node.mend()
            assert await waiting == 1
