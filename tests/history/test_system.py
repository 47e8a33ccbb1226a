"""Namespaces, tokens and remembered writes of an earlier version, and its directory as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from floruntime import ForbiddenError, UnauthorizedError
from floruntime.core.kv import KvIncr
from floruntime.server.data.verify import verify
from floruntime.testing import FloTestServer
from tests.history.conftest import Left
from tests.history.continued import result_difference
from tests.history.left.system import DOOMED_QUEUES, SESSION, WRITES
from tests.history.peer import Peer

SESSION_KEPT_MS = 600_000


async def test_a_remembered_write_gets_its_first_answer(left: Left) -> None:
    async with Peer(left.server.endpoint) as peer:
        assert (await peer.greet(SESSION, left.notes["token"])).session_known
        answers = [
            await peer.ask(write, number=number) for number, write in enumerate(WRITES, start=1)
        ]
        then = map(bytes.fromhex, left.notes["system"]["answers"])
        for each in zip(WRITES, then, answers, strict=True):
            assert result_difference(*each) is None
        assert await left.client.kv.get("remembered/counter") == b"1"
        stats = await left.client.queue.stats("remembered")
        assert (stats.enqueued_total, stats.leased) == (3, 1)
        assert (await left.client.stream.info("remembered")).count == 1
        next_one = await peer.ask(KvIncr("remembered/counter", 1), number=len(WRITES) + 1)
        assert next_one == b"\x02"


async def test_a_client_is_forgotten_in_its_time(left: Left) -> None:
    await left.server.advance(SESSION_KEPT_MS - 1)
    async with Peer(left.server.endpoint) as peer:
        assert (await peer.greet(SESSION, left.notes["token"])).session_known
    await left.server.settle()
    await left.server.advance(SESSION_KEPT_MS)
    async with Peer(left.server.endpoint) as peer:
        assert not (await peer.greet(SESSION, left.notes["token"])).session_known


async def test_tokens_open_what_they_opened(left: Left) -> None:
    notes, server = left.notes["system"], left.server
    for token in (None, notes["revoked"], notes["short"][:-1] + "!"):
        with pytest.raises(UnauthorizedError):
            await server.client(token=token).connect()
    async with server.client(token=notes["web"], namespace="shop") as page:
        assert await page.kv.get("key") == b"of the shop"
        with pytest.raises(ForbiddenError):
            await page.kv.put("key", b"no")
        with pytest.raises(ForbiddenError):
            await page.kv.get("key", namespace="default")
    async with server.client(token=notes["short"]) as backend:
        await backend.kv.put("key", b"yes")
    listed = {token.id: token for token in await left.client.tokens.list()}
    assert len(listed) == 4
    assert listed[notes["revoked_id"]].revoked_at_ms == left.notes["now_ms"]
    await server.advance(60_000)
    with pytest.raises(UnauthorizedError):
        await server.client(token=notes["short"]).connect()


async def test_namespaces_are_there_and_the_deleted_one_is_not(left: Left) -> None:
    client = left.client
    names = [each.name for each in await client.namespaces.list()]
    assert await client.kv.get("key") is None
    assert sorted({*names} - {"later"}) == ["default", "empty", "shop"]
    assert (await client.queue.stats("jobs", namespace="shop")).ready == 1
    assert len(await client.queue.list(namespace="doomed")) == 0
    assert await client.namespaces.create("doomed")
    assert (await client.queue.stats("queue 1", namespace="doomed")).ready == 0


async def test_the_space_of_what_was_deleted_is_given_back(
    directory: Path, notes: dict[str, Any]
) -> None:
    before = verify(str(directory))
    assert (before.problems, before.lost_commands) == ([], 0)
    async with FloTestServer(str(directory), start_ms=1) as server:
        await server.advance(1_000)
    after = verify(str(directory))
    assert (after.problems, after.lost_commands) == ([], 0)
    assert after.index > before.index
    assert sum(before.rows.values()) - sum(after.rows.values()) > 3 * DOOMED_QUEUES


async def test_the_directory_is_sound_after_it_was_worked_on(
    directory: Path, notes: dict[str, Any]
) -> None:
    async with FloTestServer(str(directory), start_ms=1) as server:
        async with server.client(token=notes["token"]) as client:
            await client.workflow.disable("every-minute")
            await client.workflow.signal("approve-1", "decision")
            await client.stream.delete("letters", force=True)
            await client.queue.delete("jobs")
        await server.advance(2 * 86_400_000)
    report = verify(str(directory))
    assert report.problems == []
