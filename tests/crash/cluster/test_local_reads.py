"""Reads that any copy may answer, and what is told while NATS lacks a majority."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import NamedTuple

import pytest

from floruntime import FloClient
from floruntime.core.errors import FloError, UnavailableError
from tests.crash.cluster.inside import InsideNode, all_seen, until
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.cluster.rig import PATIENT_MS

SHORT_MS = 3_000
"""Long enough that a node notices the silence of NATS before a call with this time-out fails."""


STRICT_MS = 50


class Pair(NamedTuple):
    """Two nodes; `leader` leads all, `other` keeps copies."""

    leader: InsideNode
    other: InsideNode

    def local(self) -> FloClient:
        """A client of the other that lets any copy answer."""
        return FloClient(self.other.endpoint, timeout_ms=PATIENT_MS, reads="local")


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    leave_out_without_nats()
    async with (
        NatsCluster(tmp_path, 1) as nats,
        InsideNode(nats.urls, tmp_path, "a") as leader,
        InsideNode(nats.urls, tmp_path, "b") as other,
        leader.client() as client,
    ):
        await all_seen(leader, other)
        for partition in (0, 1, 2):
            await client.cluster.move(partition, "a")
        yield Pair(leader, other)


async def test_a_copy_answers_and_never_behind_what_the_client_has_seen(pair: Pair) -> None:
    async with pair.local() as client, pair.leader.client() as elsewhere:
        for number in range(50):
            await client.kv.put("k", b"%d" % number)
            assert await client.kv.get("k") == b"%d" % number
        await client.stream.append("s", b"record")
        assert [record.payload for record in (await client.stream.read("s")).records] == [b"record"]
        assert await client.kv.get("missing") is None
        await elsewhere.kv.put("k", b"else")
        await until(lambda: _is_caught_up(pair))
        asked = pair.leader.node.router.commands_total
        assert await client.kv.get("k") == b"else"
        assert 0 <= client.staleness_ms < 10_000
        assert pair.leader.node.router.commands_total == asked
        await client.namespaces.create("fresh")
        await client.namespaces.delete("fresh")
        assert [item.name for item in await client.namespaces.list()] == ["default"]


def _is_caught_up(pair: Pair) -> bool:
    """Whether the other's copies are as new as the leader's, and it has heard so."""
    theirs, other = pair.leader.node.replicas, pair.other.node
    return all(
        each.position == other.replicas[number].position
        and other.watches[number].staleness_ms(each.position.sequence) is not None
        for number, each in theirs.items()
    )


async def test_without_nats_copies_are_read_and_writes_are_told_why_they_fail(
    tmp_path: Path,
) -> None:
    leave_out_without_nats()
    async with (
        NatsCluster(tmp_path, 1) as nats,
        InsideNode(nats.urls, tmp_path, "a") as one,
        InsideNode(nats.urls, tmp_path, "b") as two,
    ):
        await all_seen(one, two)
        await until(lambda: one.leads("default") or two.leads("default"))
        other = two if one.leads("default") else one
        async with (
            FloClient(other.endpoint, timeout_ms=SHORT_MS, reads="local") as client,
            FloClient(
                other.endpoint, timeout_ms=SHORT_MS, reads="local", max_staleness_ms=STRICT_MS
            ) as strict,
            FloClient(other.endpoint, timeout_ms=SHORT_MS) as plain,
        ):
            await client.kv.put("k", b"v", timeout_ms=PATIENT_MS)
            assert await strict.kv.get("k", timeout_ms=PATIENT_MS) == b"v"
            while not client.staleness_ms:  # until the copy there has heard of it
                assert await client.kv.get("k", timeout_ms=PATIENT_MS) == b"v"
            [server] = nats.servers
            await server.pause()
            try:
                # by then the lease of the leader is over, so that it answers no reads any more
                await asyncio.gather(
                    refused(client.kv.put("k", b"lost?")), refused(plain.kv.put("other", b""))
                )
                told = await refused(strict.kv.get("k", timeout_ms=SHORT_MS))
                assert told.ran == "no"
                assert await client.kv.get("k", timeout_ms=PATIENT_MS) in (b"v", b"lost?")
                assert client.staleness_ms > STRICT_MS
            finally:
                server.send(signal.SIGCONT)
            await client.kv.put("other", b"on", timeout_ms=PATIENT_MS)
            assert await client.kv.get("other", timeout_ms=PATIENT_MS) == b"on"


async def refused(call: Awaitable[object]) -> FloError:
    """See that a call fails, and that it is said why."""
    with pytest.raises(UnavailableError, match="NATS") as told:
        await call
    return told.value
