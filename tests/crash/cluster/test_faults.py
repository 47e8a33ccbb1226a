"""A leader that hangs, and nodes restarted one after the other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.rig import Rig

HANGS_S = 5.0
"""Longer than a lease."""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Three nodes over three servers of NATS."""
    leave_out_without_nats()
    async with Rig(tmp_path) as rig:
        await rig.settled()
        yield rig


class Counting:
    """Ordinary clients that count, one after the other; any failed call is kept."""

    def __init__(self, rig: Rig, clients: int = 4) -> None:
        self._rig = rig
        self._clients = clients
        self.told: dict[str, list[int]] = {f"n{number}": [] for number in range(clients)}
        self.failures: list[BaseException] = []
        self._is_over = False
        self._tasks: list[asyncio.Task[None]] = []

    async def _count(self, key: str) -> None:
        async with self._rig.client() as client:
            while not self._is_over:
                try:
                    self.told[key].append(await client.kv.incr(key, namespace=key))
                except Exception as error:
                    self.failures.append(error)
                await asyncio.sleep(0.002)

    async def __aenter__(self) -> Counting:
        self._tasks = [asyncio.create_task(self._count(key)) for key in self.told]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)
        assert self.failures == []
        for key, told in self.told.items():
            assert told == list(range(1, len(told) + 1)), key
            async with self._rig.client() as client:
                assert int(await client.kv.get(key, namespace=key) or 0) == len(told)


async def test_a_leader_hangs_and_nodes_are_restarted_and_no_call_fails(rig: Rig) -> None:
    await a_leader_that_hangs_answers_nothing_more_and_says_so(rig)
    await rig.settled()
    await nodes_are_restarted_one_after_the_other(rig)


async def a_leader_that_hangs_answers_nothing_more_and_says_so(rig: Rig) -> None:
    node = rig.nodes[await rig.leader()]
    others = ",".join(each.endpoint for each in rig.nodes.values() if each is not node)
    async with rig.client(node.endpoint) as stuck, rig.client(others) as client:
        assert await stuck.kv.incr("k") == 1
        node.send(signal.SIGSTOP)
        late = [asyncio.create_task(stuck.kv.incr("k")) for _ in range(3)]
        asked = asyncio.create_task(stuck.kv.get("other"))
        await asyncio.sleep(HANGS_S)
        await client.kv.put("other", b"new")
        before = await client.kv.incr("k")
        node.send(signal.SIGCONT)
        assert await asked in (b"new", None)
        after = await asyncio.gather(*late)
        assert sorted([1, before, *after]) == [1, 2, 3, 4, 5]
        assert await stuck.kv.get("other") == b"new"
    await node.said("its lease is over")


async def nodes_are_restarted_one_after_the_other(rig: Rig) -> None:
    async with Counting(rig):
        for name, node in rig.nodes.items():
            async with rig.client() as client:
                await client.cluster.drain(name)
            await node.stop()
            await node.start()
            await rig.settled()
