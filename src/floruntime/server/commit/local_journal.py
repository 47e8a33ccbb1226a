"""The journal of a single machine: RocksDB's write-ahead log, written and synced.

A failed read also counts as a loss, whoever made it: see `engine/store/guarded.py`.

With `sync` a batch is durable once it is on disk. With `async` and `ephemeral` it counts as durable
once it is written, and queries see it at once; with `async` the disk follows within 100 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from floruntime.engine.store import Changes, Reader, Store
from floruntime.engine.store.guarded import GuardedReader, guarded_snapshot
from floruntime.server.commit.durability import Durability
from floruntime.server.commit.syncs import Syncs

ASYNC_SYNC_MS = 100
"""With durability `async`: the longest time that written batches stay unsynced."""


class LocalJournal:
    """Writes batches to `store`, and syncs them.

    `sync` makes everything written up to an index durable. `took` is called with the seconds that a
    sync took. `on_step` is called at each step of a batch; tests of crashes end the process there.
    """

    def __init__(
        self,
        store: Store,
        durability: Durability,
        *,
        sync: Callable[[int], None],
        took: Callable[[float], None] = lambda seconds: None,
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        self._store = store
        self._applied = GuardedReader(store, self._lose)
        self._durability = durability
        self._sync = sync
        self._on_step = on_step
        self._loop = asyncio.get_running_loop()
        self._syncs = Syncs(sync, took=took)
        self._snapshot: Reader | None = None
        self._written_index = 0
        self._sync_timer: asyncio.TimerHandle | None = None
        self._is_lost = False
        self._on_durable: Callable[[], None]
        #: Does nothing until a listener is set: until then, the error that a read raises is enough.
        self._on_lost: Callable[[BaseException], None] = lambda error: None

    @property
    def applied(self) -> Reader:
        return self._applied

    def readable(self) -> Reader:
        if self._durability is not Durability.SYNC:
            return self._applied
        if self._snapshot is None:
            self._snapshot = guarded_snapshot(self._store, self._lose)
        return self._snapshot

    def let_go(self) -> None:
        """Release any state earlier than the last."""
        self._snapshot = None

    @property
    def beside_s(self) -> float:
        return 0.0

    @property
    def has_news(self) -> bool:
        """Whether a batch has become durable that was not yet reported."""
        return self._syncs.has_ended

    def begin(
        self, on_durable: Callable[[], None], on_lost: Callable[[BaseException], None]
    ) -> None:
        self._on_durable = on_durable
        self._on_lost = on_lost
        self._syncs.start()

    def append(self, changes: Changes, index: int, answers: int) -> bool:
        try:
            if self._durability is Durability.SYNC:
                return self._write_and_sync(changes, index, answers)
            self._write(changes, index)
        except Exception as error:  # after any error, what the disk holds is unknown
            self._lose(error)
            return False
        if self._durability is Durability.ASYNC and self._sync_timer is None:
            self._sync_timer = self._loop.call_later(ASYNC_SYNC_MS / 1000, self._sync_in_a_while)
        return True

    def _write_and_sync(self, changes: Changes, index: int, answers: int) -> bool:
        is_here = self._syncs.may_be_here(answers)
        if not is_here:
            self.readable()  # kept, so that queries do not see the new batch before it is synced
        self._write(changes, index)
        if not is_here:
            self._syncs.request(index, self._synced)
            return False
        error = self._syncs.sync(index)
        if error is not None:
            raise error
        self._seen()
        return True

    def _write(self, changes: Changes, index: int) -> None:
        on_step = self._on_step
        if on_step is not None:
            on_step("before_write")
        self._store.write(changes)
        self._written_index = index
        if on_step is not None:
            on_step("after_write")

    def _synced(self, error: BaseException | None) -> None:
        self._syncs.has_ended = False
        if error is not None:
            self._lose(error)
        elif not self._is_lost:
            self._seen()
            self._on_durable()

    def _seen(self) -> None:
        if self._on_step is not None:
            self._on_step("after_sync")
        self._snapshot = None

    def _sync_in_a_while(self) -> None:
        self._sync_timer = None
        if not self._is_lost:
            self._syncs.request(self._written_index, self._synced_in_a_while)

    def _synced_in_a_while(self, error: BaseException | None) -> None:
        self._syncs.has_ended = False
        if error is not None:
            self._lose(error)

    def _lose(self, error: BaseException) -> None:
        """Report the loss. No retry: a second sync may succeed without what the first lost."""
        if not self._is_lost:
            self._is_lost = True
            self._on_lost(error)

    def stop(self) -> None:
        if self._sync_timer is not None:
            self._sync_timer.cancel()
        self._syncs.stop()
        if not self._is_lost and self._durability is not Durability.SYNC:
            self._sync(self._written_index)
