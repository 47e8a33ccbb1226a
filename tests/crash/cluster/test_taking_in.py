"""One machine becomes many: a backup is taken into an empty cluster."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from floruntime import FloClient
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.system import Backup
from floruntime.server.cluster.copies.replica import Replica
from tests.crash.cluster.inside import InsideNode, until
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster

NAMES = [f"shop-{number}" for number in range(6)]


async def backup_of_a_single_server(directory: Path) -> Path:
    """A backup with something in each namespace."""
    async with FloClient(f"file:{directory / 'single'}") as client:
        for name in NAMES:
            for number in range(20):
                await client.kv.put(f"k{number}", f"{name} {number}", namespace=name)
            await client.queue.enqueue("q", name.encode(), namespace=name)
            await client.stream.append("s", name.encode(), namespace=name)
        target = directory / "backup"
        await client.call(Backup(str(target)))
        return target


async def test_a_backup_is_taken_into_an_empty_cluster(tmp_path: Path) -> None:
    leave_out_without_nats()
    backup = await backup_of_a_single_server(tmp_path)
    async with (
        NatsCluster(tmp_path, 1) as nats,
        InsideNode(nats.urls, tmp_path, "a", partitions=3) as first,
        InsideNode(nats.urls, tmp_path, "b", partitions=3) as second,
        second.client() as client,
    ):
        with pytest.raises(BadRequestError, match="neither a data directory nor a backup"):
            await client.cluster.import_backup(str(tmp_path / "nothing"))
        async with first.client() as other:  # both at once: one of them alone takes it in
            told = await asyncio.gather(
                *(each.cluster.import_backup(str(backup)) for each in (client, other)),
                return_exceptions=True,
            )
        [refusal] = [each for each in told if isinstance(each, BaseException)]
        assert isinstance(refusal, ConflictError)
        assert len(NAMES) in told
        listed = [item.name for item in await client.namespaces.list()]
        assert listed == sorted(NAMES)
        for name in NAMES:
            assert await client.kv.get("k19", namespace=name) == f"{name} 19".encode()
            [record] = (await client.stream.read("s", namespace=name)).records
            assert record.payload == name.encode()
        [message] = (await client.queue.dequeue("q", namespace=NAMES[1])).messages
        assert message.payload == NAMES[1].encode()
        await client.queue.ack("q", message, namespace=NAMES[1])
        await client.kv.put("k0", b"on", namespace=NAMES[2])
        with pytest.raises(ConflictError, match="not empty"):
            await client.cluster.import_backup(str(backup))
        replicas = first.node.replicas, second.node.replicas
        for number in replicas[0]:
            await until(partial(is_same, number, *replicas))
        shown = [
            await each.shown("flo_queue_enqueued_messages_total", "namespace")
            for each in (first, second)
        ]
        assert shown[0] | shown[1] == dict.fromkeys(NAMES, 1)
        assert not shown[0].keys() & shown[1].keys()  # each where its partition is led


def is_same(number: int, *replicas: dict[int, Replica]) -> bool:
    """Whether two copies have come to the same message, and follow."""
    ours, theirs = (each[number] for each in replicas)
    return ours.position == theirs.position and (ours.trouble, theirs.trouble) == ("", "")
