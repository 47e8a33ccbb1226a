"""Memory whose syncs a test can hold back, count, and let fail."""

from __future__ import annotations

import threading

from floruntime.engine.store import Changes
from floruntime.server.data.storage import MemoryStorage
from tests.until import WAIT_S


class GatedStorage(MemoryStorage):
    """Memory whose sync waits until the test lets it go on, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.syncs = 0
        self.synced_index = 0
        self.writes = 0
        self.is_closed = False
        self.sync_error: Exception | None = None
        self.write_error: Exception | None = None
        self.free: int | None = None
        self._gate = threading.Condition()
        self._is_open = True
        self._passes = 0
        self._write, self.store.write = self.store.write, self._count_write  # type: ignore[method-assign]  # spied on

    def _count_write(self, changes: Changes) -> None:
        if self.write_error is not None:
            raise self.write_error
        self.writes += 1
        self._write(changes)

    def hold(self) -> None:
        """Let no sync finish until `release`."""
        with self._gate:
            self._is_open = False

    def release(self) -> None:
        """Let the syncs go on."""
        with self._gate:
            self._is_open = True
            self._gate.notify_all()

    def release_one(self) -> None:
        """Let one sync go on, or the next one where none is held."""
        with self._gate:
            self._passes += 1
            self._gate.notify_all()

    def _may_pass(self) -> bool:
        if not self._is_open and self._passes:
            self._passes -= 1
            return True
        return self._is_open

    def sync(self, index: int) -> None:
        self.syncs += 1
        with self._gate:
            assert self._gate.wait_for(self._may_pass, WAIT_S), "the test never released the sync"
        if self.sync_error is not None:
            raise self.sync_error
        self.synced_index = index

    def free_bytes(self) -> int | None:
        return self.free

    def close(self) -> None:
        self.is_closed = True
