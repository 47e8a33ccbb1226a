"""The journals that the tests of the commit run on, each held back, counted and lost at will."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from floruntime.engine.store import Changes, Reader
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.commit.durability import Durability
from floruntime.server.commit.journal import Journal
from floruntime.server.commit.local_journal import LocalJournal
from tests.server.gated_storage import GatedStorage
from tests.until import until


class TriedJournal(Protocol):
    """A journal in the hands of a test."""

    journal: Journal

    @property
    def appended(self) -> int:
        """How many batches came."""
        ...

    @property
    def durable_index(self) -> int:
        """The last command that is durable."""
        ...

    def hold(self) -> None:
        """Let no batch become durable until `release`."""
        ...

    def release(self) -> None:
        """Let them go on."""
        ...

    def lose(self, error: Exception) -> None:
        """Let the next batch, or the one that is held, fail."""
        ...

    async def until_appended(self, count: int) -> None:
        """Wait until so many batches are under way or durable."""
        ...


class TriedLocalJournal:
    """The journal of one machine, on memory."""

    def __init__(self) -> None:
        self._storage = GatedStorage()
        self.journal: Journal = LocalJournal(
            self._storage.store, Durability.SYNC, sync=self._storage.sync
        )
        self.hold = self._storage.hold
        self.release = self._storage.release

    @property
    def appended(self) -> int:
        return self._storage.writes

    @property
    def durable_index(self) -> int:
        return self._storage.synced_index

    def lose(self, error: Exception) -> None:
        self._storage.sync_error = error

    async def until_appended(self, count: int) -> None:
        await until(lambda: self._storage.syncs >= count)


class TriedLog:
    """As a replicated log does it: a batch reaches the store once the log has acknowledged it.

    Until then it lies over the store, and what is refused is dropped without a trace.
    """

    def __init__(self) -> None:
        self.journal: Journal = self
        self.appended = 0
        self.durable_index = 0
        self._store = MemoryStore()
        self._under_way: tuple[Changes, int] | None = None
        self._is_held = False
        self._error: Exception | None = None

    def begin(
        self, on_durable: Callable[[], None], on_lost: Callable[[BaseException], None]
    ) -> None:
        self._on_durable, self._on_lost = on_durable, on_lost

    @property
    def applied(self) -> Reader:
        return _Applied(self._store, lambda: self._under_way)

    def readable(self) -> Reader:
        return self._store.snapshot()

    def append(self, changes: Changes, index: int, answers: int) -> bool:
        assert self._under_way is None, "one batch at a time"
        self._under_way = changes, index
        self.appended += 1
        if not self._is_held:
            asyncio.get_running_loop().call_soon(self._acknowledge)
        return False

    def _acknowledge(self) -> None:
        under_way, self._under_way = self._under_way, None
        assert under_way is not None
        if self._error is not None:
            self._on_lost(self._error)
            return
        changes, self.durable_index = under_way
        self._store.write(changes)
        self._on_durable()

    def stop(self) -> None:
        self._store.close()

    def hold(self) -> None:
        self._is_held = True

    def release(self) -> None:
        self._is_held = False
        if self._under_way is not None:
            asyncio.get_running_loop().call_soon(self._acknowledge)

    def lose(self, error: Exception) -> None:
        self._error = error

    async def until_appended(self, count: int) -> None:
        await until(lambda: self.appended >= count)


class _Applied:
    """A store with the batch that is under way on top."""

    def __init__(self, store: Reader, under_way: Callable[[], tuple[Changes, int] | None]) -> None:
        self._store = store
        self._under_way = under_way

    def _changes(self) -> Changes:
        under_way = self._under_way()
        return Changes({}, []) if under_way is None else under_way[0]

    def get(self, key: bytes, /) -> bytes | None:
        changes = self._changes()
        if key in changes.rows:
            return changes.rows[key]
        return None if _is_cleared(changes, key) else self._store.get(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        changes = self._changes()
        rows: dict[bytes, bytes | None] = {
            key: data for key, data in self._store.scan(start, end) if not _is_cleared(changes, key)
        }
        rows |= {key: data for key, data in changes.rows.items() if start <= key < end}
        for key in sorted(rows, reverse=reverse):
            data = rows[key]
            if data is not None:
                yield key, data


def _is_cleared(changes: Changes, key: bytes) -> bool:
    return any(start <= key < end for start, end in changes.cleared)


JOURNALS: dict[str, Callable[[], TriedJournal]] = {"local": TriedLocalJournal, "log": TriedLog}
