"""The journal of one machine: what each durability promises, who syncs, and a disk that fails."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from floruntime.core.kv import KvGet, KvIncr, KvPut, PutResult
from floruntime.core.queue import QueueDequeue
from floruntime.core.system import Ping
from floruntime.engine.store import Changes
from floruntime.server.commit import local_journal
from floruntime.server.commit.durability import Durability
from floruntime.server.commit.local_journal import LocalJournal
from floruntime.server.failpoints import FAIL_POINTS
from tests.server.gated_storage import GatedStorage
from tests.server.wire_client import Rig
from tests.until import until

CHANGES = Changes({b"k": b"v"}, [])


@pytest.mark.parametrize("durability", [Durability.ASYNC, Durability.EPHEMERAL])
async def test_without_waiting_for_the_disk_the_answer_comes_at_once(
    durability: Durability,
) -> None:
    async with Rig(durability=durability) as rig:
        rig.storage.hold()
        client = rig.client("me")
        put = client.send(KvPut("k", b"v"))
        await rig.turns()
        assert client.result(put) == PutResult(1)
        assert client.result(client.send(KvGet("k"))) == b"v"
        rig.storage.release()
    assert rig.storage.synced_index == 1


@pytest.mark.parametrize("fails", ["sync", "write"])
async def test_after_a_failed_write_or_sync_nothing_is_answered_any_more(fails: str) -> None:
    logging.disable(logging.CRITICAL)
    async with Rig() as rig:
        error = OSError("the disk is gone")
        setattr(rig.storage, f"{fails}_error", error)
        client = rig.client("me")
        put = client.send(KvPut("k", b"v"))
        wait = client.send(QueueDequeue("q", block_ms=10))
        await rig.settle()
        assert rig.fatal == [error]
        assert client.is_closed
        assert not client.is_answered(put)
        assert not client.is_answered(wait)
        late = rig.client()
        late.raw(client.body(Ping()))
        assert rig.server.is_failed
        await rig.settle()
    assert rig.storage.is_closed
    logging.disable(logging.NOTSET)


async def test_with_async_the_disk_follows_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_journal, "ASYNC_SYNC_MS", 0)
    async with Rig(durability=Durability.ASYNC) as rig:
        rig.client("me").send(KvPut("k", b"v"))
        await rig.until_synced(1)


async def test_a_sync_that_fails_behind_an_answer_ends_the_server_too(
    monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    monkeypatch.setattr(local_journal, "ASYNC_SYNC_MS", 0)
    async with Rig(durability=Durability.ASYNC) as rig:
        rig.storage.sync_error = OSError("gone")
        rig.client("me").send(KvPut("k", b"v"))
        await until(lambda: bool(rig.fatal))
        assert rig.fatal == [rig.storage.sync_error]
        syncs = rig.storage.syncs
    assert rig.storage.syncs == syncs  # what failed is not tried again, not at the end either


async def test_a_batch_passes_its_steps_in_order() -> None:
    steps: list[str] = []
    storage = GatedStorage()
    journal = LocalJournal(storage.store, Durability.SYNC, sync=storage.sync, on_step=steps.append)
    durable = asyncio.Event()
    journal.begin(durable.set, lambda error: None)
    assert not journal.append(CHANGES, 1, 1)
    await until(durable.is_set)
    journal.stop()
    assert steps == list(FAIL_POINTS)


# Who syncs


class WatchedStorage(GatedStorage):
    """Remembers which thread synced."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def sync(self, index: int) -> None:
        self.threads.append(threading.get_ident())
        super().sync(index)


LEARNING_BATCHES = 64
"""More than enough to know how quick the disk is."""


async def calm_rig(rig: Rig) -> None:
    client = rig.client("calm")
    for _ in range(LEARNING_BATCHES):
        client.send(KvIncr("n"))
        await rig.settle()


async def test_a_calm_server_syncs_on_its_loop_and_answers_what_is_durable() -> None:
    storage = WatchedStorage()
    async with Rig(storage) as rig:
        await calm_rig(rig)
        client = rig.client("me")
        put = client.send(KvPut("k", b"v"))
        await rig.settle()
        assert client.is_answered(put)
        assert client.result(client.send(KvGet("k"))) == b"v"
        assert storage.synced_index == LEARNING_BATCHES + 1
        assert storage.threads[0] != threading.get_ident()
        assert storage.threads[-1] == threading.get_ident()


async def test_a_failed_sync_on_the_loop_ends_the_server_too(quiet: None) -> None:
    storage = WatchedStorage()
    async with Rig(storage) as rig:
        await calm_rig(rig)
        client = rig.client("me")
        storage.sync_error = OSError("gone")
        put = client.send(KvPut("k", b"v"))
        await rig.settle()
        assert rig.fatal == [storage.sync_error]
        assert storage.threads[-1] == threading.get_ident()
        assert not client.is_answered(put)
