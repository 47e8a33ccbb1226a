"""Runs syncs of the disk: in a thread while the event loop continues, or in the loop itself."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable

QUICK_S = 0.001
"""A sync that takes longer is not worth stopping the event loop for."""
SMALL_ANSWERS_MAX = 2
"""A batch with more answers comes from many clients. It is synced in the thread, so that their next
commands collect meanwhile.
"""
LEARNED = 1 / 8
"""The weight of the last sync in the estimate for the next one."""
COUNTED_S_MAX = 4 * QUICK_S
"""A sync that took longer counts as this long: one slow sync says little about the next."""

Done = Callable[[BaseException | None], None]


class Syncs:
    """Runs one sync at a time: in a thread, while the event loop goes on, or on the loop itself.

    A hand-over to the thread and back takes almost as long as a sync on a quick disk. While a small
    batch syncs, the loop has nothing else to do. So while syncs are quick, the loop syncs small
    batches itself. `took` is called with how long each sync took.
    """

    def __init__(
        self,
        sync: Callable[[int], None],
        *,
        took: Callable[[float], None] = lambda seconds: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sync = sync
        self._took = took
        self._now_s = now_s
        #: How long the next sync is expected to take. An unknown disk counts as slow.
        self._expected_s = COUNTED_S_MAX
        #: Whether the thread has done what was asked. The function that is notified resets it.
        self.has_ended = False
        self._requests: queue.SimpleQueue[tuple[int, Done] | None]
        self._requests = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="flo-sync", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def may_be_here(self, answers: int) -> bool:
        """Whether the sync of a batch with so many answers is to be done on the loop."""
        return answers <= SMALL_ANSWERS_MAX and self._expected_s < QUICK_S

    def sync(self, index: int) -> BaseException | None:
        """Sync everything written so far, up to command `index`; what went wrong, if anything."""
        begun_s = self._now_s()
        try:
            self._sync(index)
        except Exception as error:
            return error
        took_s = self._now_s() - begun_s
        self._expected_s += (min(took_s, COUNTED_S_MAX) - self._expected_s) * LEARNED
        self._took(took_s)
        return None

    def request(self, index: int, done: Done) -> None:
        """Sync in the thread; then call `done` on the loop, with what went wrong."""
        self._requests.put((index, done))

    def stop(self) -> None:
        """End the thread once it has done what was asked."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            index, done = request
            error = self.sync(index)
            self.has_ended = True
            self._loop.call_soon_threadsafe(done, error)
