"""A node: what it refuses to be, a copy that begins with a checkpoint, and moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from floruntime import FloClient
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    UnavailableError,
)
from floruntime.engine.store.errors import StoreError
from floruntime.server.cluster import joining, leading
from floruntime.server.cluster.board import lease, namesakes
from floruntime.server.cluster.board.placement import partition_of
from floruntime.server.cluster.nats import jetstream
from floruntime.server.cluster.node import Node
from floruntime.server.config import ConfigError
from tests.crash.cluster.inside import WAIT_S, InsideNode, all_seen, until
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.process import free_port


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[str]:
    """One server of NATS."""
    leave_out_without_nats()
    async with NatsCluster(tmp_path, 1) as cluster:
        yield cluster.urls


async def test_what_cannot_be_a_node_is_refused_by_name(
    nats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jetstream, "CONNECT_S", 1.0)
    monkeypatch.setattr(joining, "AGAIN_S", 0.02)

    async def refused(told: str, directory: str, name: str, **settings: Any) -> None:
        with pytest.raises(ConfigError, match=told):
            await InsideNode(nats, tmp_path / directory, name, **settings).start()

    async with InsideNode(nats, tmp_path, "a") as first, first.client() as client:
        await client.kv.put("k", b"v")
        nobody, no_nats = (f"nats://127.0.0.1:{each}" for each in (free_port(), first.port_number))
        await asyncio.gather(
            refused("partitions is 3, .* created with 2", "one", "b", partitions=3),
            refused("no NATS answers", "two", "b", cluster=nobody),
            refused("no NATS answers", "three", "b", cluster=no_nats),
            refused("a node of that name runs at", "four", "a"),
        )
        assert await client.kv.get("k") == b"v"
        assert not first.fatal
    with pytest.raises(ConfigError, match="is the directory of node 'a'"):
        await InsideNode(nats, tmp_path, "b", data_dir=str(tmp_path / "a")).start()
    with pytest.raises(ConfigError, match="there is no cluster of that name"):
        await InsideNode(nats, tmp_path, "a", cluster_name="other").start()
    async with FloClient(f"file:{tmp_path / 'single'}") as single:
        await single.kv.put("k", b"v")
    with pytest.raises(StoreError, match="directory of a single server"):
        await InsideNode(nats, tmp_path, "c", data_dir=str(tmp_path / "single")).start()


async def test_streams_of_others_under_its_name_are_refused(
    nats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "AGAIN_S", 0.02)
    client = Client()
    await client.connect(nats)
    try:
        stream = client.jetstream()
        await stream.add_stream(name="app-1", subjects=["orders.>"])
        with pytest.raises(ConfigError, match="stream app-1 exists and is not one of Flo's"):
            await InsideNode(nats, tmp_path, "a", cluster_name="app").start()
        async with InsideNode(nats, tmp_path, "b") as node, node.client() as own:
            await own.kv.put("k", b"v")
            await until(lambda: node.node.members.names)
            with pytest.raises(UnavailableError, match="no other node can lead it yet"):
                await own.cluster.drain("b", timeout_ms=700)
        await stream.delete_stream("KV_flo-board")
        with pytest.raises(
            ConfigError, match=r"stream flo-. of a cluster has messages, .* was lost"
        ):
            await InsideNode(nats, tmp_path, "c").start()
    finally:
        await client.close()


async def test_an_empty_node_begins_with_a_checkpoint_that_is_good(
    nats: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(leading, "CHECKPOINT_MESSAGES", 20)
    partition = partition_of("default", 2)
    async with InsideNode(nats, tmp_path, "a") as first, first.client() as client:
        log = first.node.logs[partition]
        async with asyncio.timeout(WAIT_S):
            while (await log.ends()).first <= 1:  # until there were two checkpoints
                for number in range(25):
                    await client.kv.put(f"k{number}", b"4")
        newest, _ = await first.node.checkpoints.known(partition)
        await first.node.objects.delete(newest.name)  # then the older one does
        async with InsideNode(nats, tmp_path, "b") as second:
            ours, theirs = first.node.replicas[partition], second.node.replicas[partition]
            await until(lambda: theirs.position.sequence >= ours.position.sequence)
            assert theirs.trouble == ""
            assert f"checkpoint {newest.name}: NATS: " in caplog.text
            at = (b"a", b"{")
            assert list(theirs.store.scan(*at)) == list(ours.store.scan(*at))
            await all_seen(first, second)
            await client.cluster.move(partition, "b")
            assert second.node.lead_of(partition) is not None
            assert await client.kv.get("k24") == b"4"
            await client.kv.put("k24", b"on")
            assert await client.kv.get("k24") == b"on"


async def test_leads_are_moved_drained_and_nodes_forgotten(nats: str, tmp_path: Path) -> None:
    async with InsideNode(nats, tmp_path, "a") as first, first.client() as client:
        async with InsideNode(nats, tmp_path, "b") as second:
            await all_seen(first, second)
            for partition in (0, 1, 2):
                await client.cluster.move(partition, "b")
            assert [p.leader for p in (await client.cluster.status()).partitions] == ["b"] * 3
            assert len(second.node.leads()) == 3
            await client.kv.put("k", b"v")
            await client.cluster.drain("b")
            status = await client.cluster.status()
            assert [p.leader for p in status.partitions] == ["a"] * 3
            assert [n.is_draining for n in status.nodes] == [False, True]
            with pytest.raises(ConflictError, match="is being drained"):
                await client.cluster.move(1, "b")
            with pytest.raises(NotFoundError, match="a, b"):
                await client.cluster.move(1, "c")
            with pytest.raises(BadRequestError, match="partition is 3"):
                await client.cluster.move(3, "b")
            with pytest.raises(ConflictError, match="node b is alive"):
                await client.cluster.forget("b")
        await until(lambda: not first.node.members.is_alive("b"))
        await client.cluster.forget("b")
        await until(lambda: first.node.members.names == ["a"])
        assert await client.kv.get("k") == b"v"


async def test_a_node_that_comes_back_waits_neither_for_its_lease_nor_for_a_namesake(
    nats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say_nothing(node: Node) -> None:
        """As if it had been killed."""

    node = InsideNode(nats, tmp_path, "a")
    async with node:
        await until(lambda: node.leads("default"))
        with monkeypatch.context() as patch:
            patch.setattr(Node, "_tell_of_itself", say_nothing)
            await node.stop()
    for module in (lease, leading):
        monkeypatch.setattr(module, "LEASE_S", HOUR_S)
    monkeypatch.setattr(namesakes, "WATCH_S", HOUR_S)
    async with node:
        await until(lambda: node.leads("default"))


async def test_a_lead_is_kept_for_a_node_until_that_is_lost_and_nothing_is_led_without_nats(
    nats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "LOST_S", 0.0)
    wish = leading.pin_of(partition_of("default", 2))
    async with InsideNode(nats, tmp_path, "a") as first, first.client() as client:
        async with InsideNode(nats, tmp_path, "b") as second:
            await all_seen(first, second)
            await client.cluster.move(partition_of("default", 2), "b")
            await until(lambda: first.node.entries[wish].value == b"b")
        await until(lambda: first.leads("default") and not first.node.entries[wish].value)
        connection: Any = first.node.nats
        await connection._client._process_err("'User Authentication Expired'")
        await until(lambda: first.fatal)
        assert "NATS closed the connection permanently" in str(first.fatal[0])


HOUR_S = 3_600.0


async def test_command_time_goes_on_at_the_next_leader_whatever_its_clock(
    nats: str, tmp_path: Path
) -> None:
    partition = partition_of("default", 2)
    ahead, behind = InsideNode(nats, tmp_path, "a"), InsideNode(nats, tmp_path, "b")
    ahead.ahead_s, behind.ahead_s = HOUR_S, -HOUR_S
    async with ahead, behind, behind.client() as client:
        await all_seen(ahead, behind)
        await client.cluster.move(partition, "a")
        await client.kv.put("k", b"v", ttl_ms=600_000)
        lead = ahead.node.lead_of(partition)
        assert lead is not None
        told_ms, told_s = lead.clock.now_ms(), time.monotonic()
        await client.cluster.move(partition, "b")
        await client.kv.put("after", b"")
        now = behind.node.lead_of(partition)
        assert now is not None
        gone_on_ms = now.clock.now_ms() - told_ms - (time.monotonic() - told_s) * 1000
        assert abs(gone_on_ms) < 1_000
        assert await client.kv.get("k") == b"v"
        differences = [n.clock_difference_ms for n in (await client.cluster.status()).nodes]
        assert abs(differences[0] - 2 * HOUR_S * 1000) < 10_000


async def test_a_server_that_is_alone_has_no_cluster() -> None:
    async with FloClient("memory://") as client:
        with pytest.raises(BadRequestError, match="not a node of a cluster"):
            await client.cluster.status()
