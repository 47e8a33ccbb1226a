"""A log that was set back, and backups of a cluster."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from floruntime import FloClient
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.system import Backup
from floruntime.server.cluster.board.placement import partition_of
from floruntime.server.cluster.copies.verifying import verify_partitions
from tests.crash.cluster.inside import InsideNode, all_seen, until
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.cluster.rig import PATIENT_MS

PARTITION = partition_of("default", 2)


@asynccontextmanager
async def pair(
    nats: str, directory: Path, **settings: int
) -> AsyncIterator[tuple[InsideNode, ...]]:
    """Two nodes, and a client of the first that has written."""
    async with AsyncExitStack() as stack:
        nodes = [InsideNode(nats, directory, name, **settings) for name in ("a", "b")]
        for node in nodes:
            await stack.enter_async_context(node)
        first, second = nodes
        await all_seen(first, second)
        yield first, second


async def test_a_log_that_was_set_back_goes_on_from_a_copy_as_a_new_history(tmp_path: Path) -> None:
    leave_out_without_nats()
    kept = tmp_path / "nats0.kept"
    async with NatsCluster(tmp_path, 1) as nats:
        [server] = nats.servers
        async with pair(nats.urls, tmp_path) as (first, second), first.client() as client:
            await client.kv.put("k", b"early")
            with pytest.raises(ConflictError, match="nothing to recover"):
                await client.cluster.recover(PARTITION, "b")
            await until(lambda: _same(first, second))
        await server.stop()
        shutil.copytree(tmp_path / "nats0", kept)
        await server.start()
        async with pair(nats.urls, tmp_path) as (first, second), first.client() as client:
            for number in range(50):
                await client.kv.put("k", b"late %d" % number)
            await until(lambda: _same(first, second))
        await server.stop()
        shutil.rmtree(tmp_path / "nats0")
        shutil.move(kept, tmp_path / "nats0")
        await server.start()
        async with pair(nats.urls, tmp_path) as (first, second), first.client() as client:
            await until(lambda: _trouble(first) and _trouble(second))
            await until(lambda: not first.node.leader_of(PARTITION))
            status = await client.cluster.status()
            assert status.partitions[PARTITION].leader == ""
            assert "NATS was set back" in status.partitions[PARTITION].trouble
            await client.cluster.recover(PARTITION, "b")
            assert await client.kv.get("k") == b"late 49"
            await client.kv.put("k", b"on")
            await until(lambda: _same(first, second))
            await client.cluster.move(PARTITION, "a")
            assert await client.kv.get("k") == b"on"


def _trouble(node: InsideNode) -> str:
    """Why its copy follows no further, as the first node knows it."""
    return node.node.replicas[PARTITION].trouble


def _same(first: InsideNode, second: InsideNode) -> bool:
    ours, theirs = first.node.replicas[PARTITION], second.node.replicas[PARTITION]
    return ours.position == theirs.position and not (ours.trouble or theirs.trouble)


async def test_a_backup_of_a_cluster_is_taken_into_another(tmp_path: Path) -> None:
    leave_out_without_nats()
    backup = tmp_path / "backup"
    names = [f"shop-{number}" for number in range(4)]
    async with NatsCluster(tmp_path, 1) as nats:
        async with pair(nats.urls, tmp_path, copies=1) as nodes, nodes[0].client() as client:
            for name in names:
                await client.kv.put("k", name.encode(), namespace=name)
            token = await client.tokens.create("admin")
            assert {len(node.node.replicas) for node in nodes} != {3}  # none keeps all
        async with (
            pair(nats.urls, tmp_path, copies=1) as (first, _),
            FloClient(first.endpoint, token=token.token) as client,
        ):
            assert await client.call(Backup(str(backup)), timeout_ms=PATIENT_MS) == str(backup)
            with pytest.raises(BadRequestError, match="empty or missing"):
                await client.call(Backup(str(backup)))
        for directory in (backup, tmp_path / "a"):
            assert directory.stat().st_mode & 0o777 == 0o700, "for its owner alone"
            report = verify_partitions(str(directory))
            assert report.problems == []
            assert report.index
        other = {"cluster_name": "other", "data_dir": str(tmp_path / "other")}
        async with (
            InsideNode(nats.urls, tmp_path, "a", **other) as node,
            node.client() as client,
        ):
            assert await client.cluster.import_backup(str(backup)) == len(names)
            async with FloClient(client.endpoint, token=token.token) as admin:
                for name in names:
                    assert await admin.kv.get("k", namespace=name) == name.encode()
        wrong = {"cluster_name": "third", "data_dir": str(tmp_path / "third"), "partitions": 3}
        async with InsideNode(nats.urls, tmp_path, "a", **wrong) as node, node.client() as client:
            with pytest.raises(BadRequestError, match=r"has the partitions 0, 1, 2, but .* 0 to 3"):
                await client.cluster.import_backup(str(backup))
