"""A disk that keeps what was synced, and of what was not, as much as chance lets it."""

from __future__ import annotations

import asyncio
import errno
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from floruntime.engine.store import Changes, Reader
from floruntime.engine.store.errors import StoreFailedError
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.commit import syncs

PLENTY_BYTES = 10**12


class Disk:
    """What outlives the process, and the machine.

    RocksDB's log ends, after a loss of power, behind any of the writes since the last sync: it
    drops a torn one by its checksum, and what follows.
    """

    def __init__(self, chance: random.Random, note: Callable[[str, bytes], None]) -> None:
        self._chance = chance
        self._note = note
        self.rows: dict[bytes, bytes] = {}
        self.unsynced: list[Changes] = []
        self.free_bytes = PLENTY_BYTES
        #: What the next write, sync or read comes to.
        self.fails: set[str] = set()

    def write(self, changes: Changes) -> None:
        self._fail_if_told("write")
        self._note("write", repr(len(changes.rows)).encode())
        self.unsynced.append(changes)

    def sync(self) -> None:
        self._fail_if_told("sync")
        for changes in self.unsynced:
            self._keep(changes)
        self.unsynced.clear()

    def _fail_if_told(self, what: str) -> None:
        if what in self.fails:
            self.fails.discard(what)
            raise OSError(errno.EIO, "input/output error")

    def lose_power(self) -> None:
        """Of what was not synced, a beginning may be there all the same."""
        for changes in self.unsynced[: self._chance.randint(0, len(self.unsynced))]:
            self._keep(changes)
        self.unsynced.clear()

    def end_process(self) -> None:
        """What a process wrote before it was killed is the kernel's, and stays."""
        for changes in self.unsynced:
            self._keep(changes)
        self.unsynced.clear()

    def _keep(self, changes: Changes) -> None:
        for start, end in changes.cleared:
            for key in [key for key in self.rows if start <= key < end]:
                del self.rows[key]
        for key, value in changes.rows.items():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value


class SimStore(MemoryStore):
    """A store on that disk, for one process."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._disk = disk
        super().write(Changes(dict(disk.rows), []))
        self._read = self.get
        self.get = self._get

    def _get(self, key: bytes, /) -> bytes | None:
        if self._disk.fails:
            self._disk._fail_if_told("read")
        return self._read(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        self._disk._fail_if_told("read")
        return super().scan(start, end, reverse=reverse)

    def write(self, changes: Changes) -> None:
        self._check()
        try:
            self._disk.write(changes)
        except OSError as error:
            self.close()
            raise StoreFailedError(f"the write failed: {error}") from error
        super().write(changes)

    def sync(self) -> None:
        self._check()
        try:
            self._disk.sync()
        except OSError as error:
            self.close()
            raise StoreFailedError(f"the sync failed: {error}") from error

    def close(self) -> None:
        super().close()


WARM_BYTES = 200_000
"""So little that rows come and go."""


class SimStorage:
    """What a server is given to keep its state in. `on_step` may end the machine before a sync."""

    path: str | None = "sim"
    memory_bytes = warm_bytes = WARM_BYTES
    follows = ""

    def __init__(self, disk: Disk, on_step: Callable[[str], None]) -> None:
        self._disk = disk
        self._on_step = on_step
        self.store: Any = SimStore(disk)

    def sync(self, index: int) -> None:
        self._on_step("before_sync")
        self.store.sync()

    def free_bytes(self) -> int | None:
        return self._disk.free_bytes

    def properties(self, names: Iterable[str]) -> dict[str, int]:
        return {}

    def give_back(self) -> None:
        """There is nothing to compact."""

    def checkpoint(self, directory: str) -> str:
        raise AssertionError(f"nobody asks for a copy into {directory}")

    def close(self) -> None:
        self.store.close()


class SimSyncs:
    """Stands for the thread that syncs: one sync at a time, each of which takes a while."""

    chance: random.Random
    took_s: float

    def __init__(self, sync: Callable[[int], None], *, took: Callable[[float], None]) -> None:
        self._sync = sync
        self._took = took
        self._loop = asyncio.get_running_loop()
        self._asked: list[tuple[int, syncs.Done]] = []

    def start(self) -> None:
        """Nothing to start."""

    def may_be_here(self, answers: int) -> bool:
        return answers <= syncs.SMALL_ANSWERS_MAX and self.chance.random() < 0.3

    def sync(self, index: int) -> BaseException | None:
        try:
            self._sync(index)
        except Exception as error:
            return error
        self._took(self.took_s)
        return None

    def request(self, index: int, done: syncs.Done) -> None:
        self._asked.append((index, done))
        self._loop.call_later(self.chance.expovariate(1 / self.took_s), self._run)

    def _run(self) -> None:
        if self._asked:
            index, done = self._asked.pop(0)
            done(self.sync(index))

    def stop(self) -> None:
        while self._asked:
            self._run()


def snapshot_of(disk: Disk) -> Reader:
    """What is on the disk."""
    store = MemoryStore()
    store.write(Changes(dict(disk.rows), []))
    return store
