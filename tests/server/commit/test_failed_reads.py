"""A read that fails, wherever: the server ends as after a failed write, and nobody is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from floruntime.core.action import ActionInvoke, ActionRegister
from floruntime.core.kv import KvChanges, KvGet, KvPut, KvScan
from floruntime.core.queue import QueueDequeue, QueueEnqueue, QueueGetStats
from floruntime.core.stream import GroupRead, StreamAppend, StreamRead
from floruntime.core.types import Request
from floruntime.core.worker import WorkerAwait, WorkerRegister
from floruntime.core.workflow import WorkflowStart, WorkflowSync
from floruntime.engine.store import StoreFailedError
from floruntime.engine.system.timers import TIMER
from floruntime.server.commit.durability import Durability
from tests.server.wire_client import Rig

FLOW = b"""kind: Workflow
name: flow
version: "1"
start:
  run: "@actions/charge"
  transitions: {success: flo.Completed, failure: flo.Failed}
"""


class Damage:
    """From `begin` on, reads of a rig's store fail: those that `hits` names, or all."""

    def __init__(self, rig: Rig) -> None:
        self._store: Any = rig.storage.store
        self._get, self._scan = self._store.get, self._store.scan
        self._snapshot = self._store.snapshot
        self.reads = 0

    def begin(self, how: str, hits: bytes = b"") -> None:
        self._hits = hits
        if how == "get":
            self._store.get = self._failing_get
        elif how == "scan":
            self._store.scan = self._failing_scan
        elif how == "step":
            self._store.scan = self._failing_step
        self._store.snapshot = self._failing_snapshot if how == "snapshot" else lambda: self._store

    def _failing_get(self, key: bytes) -> bytes | None:
        if key.startswith(self._hits):
            self._fail()
        found: bytes | None = self._get(key)
        return found

    def _failing_scan(self, start: bytes, end: bytes, **options: Any) -> Any:
        if start.startswith(self._hits):
            self._fail()
        return self._scan(start, end, **options)

    def _failing_step(self, start: bytes, end: bytes, **options: Any) -> Iterator[Any]:
        yield from self._scan(start, end, **options)
        if start.startswith(self._hits):
            self._fail()

    def _failing_snapshot(self) -> Any:
        self._fail()

    def _fail(self) -> None:
        self.reads += 1
        # As the binding does it: no class of its own.
        raise Exception("Corruption: block checksum mismatch")


REQUESTS: dict[str, Request[Any]] = {
    "put": KvPut("k", b"v"),
    "enqueue": QueueEnqueue("q", [b"x"]),
    "dequeue": QueueDequeue("q", block_ms=1_000),
    "append": StreamAppend("s", [b"x"]),
    "group read": GroupRead("s", "g", "c"),
    "register": ActionRegister("a"),
    "invoke": ActionInvoke("a", b""),
    "worker": WorkerRegister("w", ["a"]),
    "claim": WorkerAwait("w", ["a"]),
    "sync": WorkflowSync([FLOW]),
    "start": WorkflowStart("flow", b"{}"),
    "get": KvGet("k"),
    "scan": KvScan(""),
    "watch": KvChanges("k", block_ms=1_000),
    "stats": QueueGetStats("q"),
    "read": StreamRead("s"),
}


def has_ended(rig: Rig) -> bool:
    """Whether the server ended on a failure of its store, and said so once."""
    [error] = rig.fatal
    return (
        isinstance(error, StoreFailedError)
        and "block checksum mismatch" in str(error)
        and rig.server.is_failed
    )


@pytest.mark.parametrize("durability", [Durability.SYNC, Durability.ASYNC])
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_read_that_fails_within_any_request_ends_the_server(
    name: str, durability: Durability, quiet: None
) -> None:
    async with Rig(durability=durability) as rig:
        client = rig.client("me")
        client.send(KvPut("before", b"v"))  # what follows reads a state that is new
        await rig.settle()
        damage = Damage(rig)
        damage.begin("get")
        sent = client.send(REQUESTS[name])
        await rig.settle()
        assert damage.reads
        assert has_ended(rig)
        assert client.is_closed
        assert not client.is_answered(sent)


@pytest.mark.parametrize("how", ["scan", "step"])
async def test_a_time_index_that_cannot_be_read_ends_the_server(how: str, quiet: None) -> None:
    async with Rig() as rig:
        client = rig.client("me")
        client.send(KvPut("k", b"v", ttl_ms=1_000))
        await rig.settle()
        Damage(rig).begin(how, TIMER.tag)
        await rig.advance(1_000)
        assert has_ended(rig)
        assert client.is_closed


async def test_a_snapshot_that_cannot_be_had_ends_the_server(quiet: None) -> None:
    async with Rig() as rig:
        client = rig.client("me")
        await rig.settle()
        client.send(KvPut("k", b"v"))
        await rig.settle()
        Damage(rig).begin("snapshot")
        client.send(KvGet("k"))
        await rig.settle()
        assert has_ended(rig)


async def test_a_read_that_fails_for_who_waits_ends_the_server(quiet: None) -> None:
    async with Rig() as rig:
        waits, client = rig.client("waits"), rig.client("me")
        wait = waits.send(KvGet("k", block_ms=1_000))
        await rig.settle()
        Damage(rig).begin("get", b"k")
        client.send(KvPut("k", b"v"))
        await rig.settle()
        assert has_ended(rig)
        assert not waits.is_answered(wait)
