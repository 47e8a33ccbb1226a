"""How written commands become durable: the three modes, and the thread that syncs."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from enum import StrEnum


class Durability(StrEnum):
    """When an answer is given: once on disk, once written, or once in memory."""

    SYNC = "sync"
    ASYNC = "async"
    EPHEMERAL = "ephemeral"


class SyncThread:
    """Runs one sync at a time beside the event loop, which goes on meanwhile.

    A thread of its own with a plain queue: cheaper to hand over to than an executor's future.
    """

    def __init__(self, sync: Callable[[int], None]) -> None:
        self._sync = sync
        self._requests: queue.SimpleQueue[tuple[int, Callable[[BaseException | None], None]] | None]
        self._requests = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="flo-sync", daemon=True)
        self._thread.start()

    def request(self, index: int, done: Callable[[BaseException | None], None]) -> None:
        """Sync everything written so far, up to command `index`; then call `done` on the loop."""
        self._requests.put((index, done))

    def stop(self) -> None:
        """End the thread once it has done what was asked."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            index, done = request
            error: BaseException | None = None
            try:
                self._sync(index)
            except Exception as caught:
                error = caught
            self._loop.call_soon_threadsafe(done, error)
