"""The journals that the tests of the commit run on, each held back, counted and lost at will."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from floruntime.engine.store import Changes, Reader
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.cluster.leads.log_journal import LogJournal
from floruntime.server.cluster.log.message import Position, decode_message
from floruntime.server.commit.durability import Durability
from floruntime.server.commit.journal import Journal
from floruntime.server.commit.local_journal import LocalJournal
from tests.server.cluster.memory_log import MemoryLog
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
    """A leader's, on a log in memory: the store gets a batch once the log has acknowledged it."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.appended = 0
        self._error: Exception | None = None
        self._journal = LogJournal(
            MemoryStore(), self.log, Position(term=1, node="a"), may_go_on=self._may_go_on
        )
        self.journal: Journal = _Counted(self._journal, self)
        self.hold = self.log.hold

    def _may_go_on(self) -> bool:
        return True

    @property
    def durable_index(self) -> int:
        """The last command that is in the log."""
        return decode_message(self.log.bodies[-1]).head.index if self.log.bodies else 0

    def release(self) -> None:
        """Let batches go on, or be lost."""
        if self._error is not None:
            self._journal.lose(self._error)
        self.log.resume()

    def lose(self, error: Exception) -> None:
        self._error = error

    async def until_appended(self, count: int) -> None:
        await until(lambda: self.appended >= count)


class _Counted:
    """A journal whose batches are counted."""

    def __init__(self, journal: LogJournal, tried: TriedLog) -> None:
        self._journal = journal
        self._tried = tried
        self.readable = journal.readable
        self.begin = journal.begin
        self.stop = journal.stop
        self.let_go = journal.let_go
        self.has_news = False

    @property
    def beside_s(self) -> float:
        return self._journal.beside_s

    @property
    def applied(self) -> Reader:
        return self._journal.applied

    def append(self, changes: Changes, index: int, answers: int) -> bool:
        self._tried.appended += 1
        return self._journal.append(changes, index, answers)


JOURNALS: dict[str, Callable[[], TriedJournal]] = {"local": TriedLocalJournal, "log": TriedLog}
