"""Reads that any copy may answer, and what is told while NATS lacks a majority."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import NamedTuple

import pytest

from floruntime import FloClient, RetryPolicy
from floruntime.core.errors import FloError, UnavailableError
from floruntime.server.cluster.requests.pending import Pending
from floruntime.server.cluster.requests.router import Router
from tests.crash.cluster.inside import InsideNode, all_seen, until
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.cluster.rig import PATIENT_MS

STRICT_MS = 50
NEVER_AGAIN = RetryPolicy(initial_delay_ms=2 * PATIENT_MS, max_delay_ms=2 * PATIENT_MS, jitter=0)
"""What is refused is told at once: another try would come after the time-out."""


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
            FloClient(other.endpoint, timeout_ms=PATIENT_MS, reads="local") as client,
            FloClient(
                other.endpoint,
                timeout_ms=PATIENT_MS,
                retry=NEVER_AGAIN,
                reads="local",
                max_staleness_ms=STRICT_MS,
            ) as strict,
            other.client() as plain,
        ):
            await client.kv.put("k", b"v")
            assert await strict.kv.get("k") == b"v"
            while not client.staleness_ms:  # until the copy there has heard of it
                assert await client.kv.get("k") == b"v"
            [server] = nats.servers
            await server.pause()
            try:
                puts = client.kv.put("k", b"lost?"), plain.kv.put("other", b"")
                refusals = [asyncio.create_task(refused(put)) for put in puts]
                await until(lambda: all(each.node.router.is_silent for each in (one, two)))
                leads = [*one.node.leads(), *two.node.leads()]
                await until(lambda: not any(lead.may_answer for lead in leads))  # leases are over
                refusals.append(asyncio.create_task(refused(strict.kv.get("k"))))
                # wherever they went: clients have routes
                await until(lambda: len(_waiting(one, two)) == len(refusals))
                _end_patience(one, two)
                assert [(await each).ran for each in refusals][-1] == "no"
                assert await client.kv.get("k") in (b"v", b"lost?")
                assert client.staleness_ms > STRICT_MS
            finally:
                server.send(signal.SIGCONT)
            await client.kv.put("other", b"on")
            assert await client.kv.get("other") == b"on"


def _waiting(*nodes: InsideNode) -> list[tuple[Router, Pending]]:
    """What clients asked there and is not answered."""
    return [
        (each.node.router, pending)
        for each in nodes
        for waiting in each.node.router._pending
        for pending in waiting.values()
    ]


def _end_patience(*nodes: InsideNode) -> None:
    """As if their time were almost over for all who wait there; that of a slow machine is not."""
    for router, pending in _waiting(*nodes):
        router._give_up(pending)


async def refused(call: Awaitable[object]) -> FloError:
    """See that a call fails, and that it is said why."""
    with pytest.raises(UnavailableError, match="NATS") as told:
        await call
    return told.value
