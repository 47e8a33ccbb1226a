"""What is done to namespaces of any partition, and to the cluster, is in the audit of `_system`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.server.cluster.board.placement import partition_of
from tests.crash.cluster.inside import InsideNode, all_seen
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster

NAMES = [f"shop-{number}" for number in range(6)]


async def test_the_audit_of_the_cluster_is_read_whole_at_any_node(tmp_path: Path) -> None:
    leave_out_without_nats()
    async with (
        NatsCluster(tmp_path, 1) as nats,
        InsideNode(nats.urls, tmp_path, "a", partitions=2) as first,
        InsideNode(nats.urls, tmp_path, "b", partitions=2) as second,
        first.client() as client,
        second.client() as other,
    ):
        await all_seen(first, second)
        for name in NAMES:
            await client.namespaces.create(name)
        for each in (client, other):
            read = await each.stream.read("_audit", start="0", namespace="_system")
            told = [json.loads(record.payload)["details"]["name"] for record in read.records]
            assert told == NAMES
            places = [record.partition for record in read.records]
            assert places == [partition_of(name, 2) for name in NAMES]
        page = await other.stream.read("_audit", start="0", limit=4, namespace="_system")
        rest = await other.stream.read("_audit", after=page.next_after, namespace="_system")
        assert [*page.records, *rest.records] == read.records
        waiting = asyncio.create_task(
            other.stream.read("_audit", start="$", block_ms=30_000, namespace="_system")
        )
        following = aiter(other.stream.follow("_audit", start="0", namespace="_system"))
        seen = [await anext(following) for _ in NAMES]
        assert seen == read.records
        await client.namespaces.delete(NAMES[3])
        for found in ((await waiting).records[0], await anext(following)):
            assert json.loads(found.payload)["what"] == "NamespaceDelete"
        await client.cluster.move(1, "b")
        await other.cluster.drain("b")
        with pytest.raises(NotFoundError):  # what changed nothing is no record
            await client.cluster.forget("c")
        for each in (client, other):
            last = await each.stream.read("_audit", after=found.id, namespace="_system")
            told = [json.loads(record.payload) for record in last.records]
            assert [(record["what"], record["details"]) for record in told] == [
                ("ClusterMove", {"partition": 1, "node": "b"}),
                ("ClusterDrain", {"node": "b"}),
            ]
            assert {record["who"] for record in told} == {"nobody named (admin)"}
            assert {record["from"] for record in told} == {"tcp 127.0.0.1"}
        with pytest.raises(BadRequestError, match="read, not written"):
            await client.kv.put("a", b"b", namespace="_system")
        await client.kv.put("a", b"b", namespace=NAMES[0])
