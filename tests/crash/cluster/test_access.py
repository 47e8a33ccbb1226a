"""Tokens, scopes and sessions of the console, whichever node a client comes to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from floruntime import FloClient
from floruntime.core.errors import FloError, ForbiddenError, UnauthorizedError
from tests.crash.cluster.inside import WAIT_S, InsideNode, all_seen, until
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.cluster.rig import PATIENT_MS

Nodes = tuple[InsideNode, InsideNode]


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[Nodes]:
    """Two nodes; the first leads `system`."""
    leave_out_without_nats()
    async with (
        NatsCluster(tmp_path, 1) as nats,
        InsideNode(nats.urls, tmp_path, "a") as first,
        InsideNode(nats.urls, tmp_path, "b") as second,
    ):
        await all_seen(first, second)
        async with first.client() as client:
            await client.cluster.move(0, "a")
        yield first, second


def at(node: InsideNode, token: str) -> FloClient:
    """A client of one node alone, by a token."""
    return FloClient(node.endpoint, token=token, timeout_ms=PATIENT_MS)


async def refused(node: InsideNode, token: str) -> None:
    """Wait until a node lets nobody in by that token."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                async with at(node, token) as client:
                    await client.ping()
            except UnauthorizedError:
                return
            await asyncio.sleep(0.05)


async def test_a_token_is_made_scoped_and_revoked_on_every_node(nodes: Nodes) -> None:
    first, second = nodes
    async with second.client() as client:  # which does not lead `system`
        admin = (await client.tokens.create("admin")).token
    async with at(first, admin) as owner, at(second, admin) as other:
        scoped = await other.tokens.create("backend", scopes=["read:kv:open"])
        await owner.kv.put("open", b"v")
        await owner.kv.put("secret", b"v")
        async with at(first, scoped.token) as reader, at(second, scoped.token) as elsewhere:
            for client in (reader, elsewhere):
                assert await client.kv.get("open") == b"v"
                with pytest.raises(ForbiddenError):
                    await client.kv.get("secret")
                with pytest.raises(ForbiddenError):
                    await client.cluster.status()
            cut = asyncio.Event()
            elsewhere.on_disconnect(lambda _: cut.set())
            assert await owner.tokens.revoke(scoped.info.id)
            async with asyncio.timeout(WAIT_S):
                await cut.wait()
            with pytest.raises(FloError):
                await elsewhere.kv.get("open")
        await refused(first, scoped.token)
        await refused(second, scoped.token)


async def test_a_session_of_the_console_is_good_at_every_node_and_outlives_a_leader(
    nodes: Nodes,
) -> None:
    first, second = nodes
    async with first.client() as client:
        admin = (await client.tokens.create("admin")).token
    async with at(second, admin) as owner:
        code = (await owner.console.code()).code
        session = await owner.console.login(code)
        with pytest.raises(UnauthorizedError):
            await owner.console.login(code)
        await owner.cluster.move(0, "b")
        await until(lambda: _is_same(nodes))
        for node in nodes:
            async with at(node, session.token) as page:
                assert len((await page.cluster.status()).nodes) == 2
        async with at(first, session.token) as page:
            await page.console.logout()
        await refused(first, session.token)
        await refused(second, session.token)


def _is_same(nodes: Nodes) -> bool:
    first, second = nodes
    return first.node.replicas[0].position == second.node.replicas[0].position
