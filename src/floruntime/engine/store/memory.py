"""A store in memory: for tests and for `ephemeral` servers. Nothing survives its end.

Taking a snapshot costs nothing. It reads the current rows, and each later write first tells the
snapshots in use what it is about to replace.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any
from weakref import WeakSet

from sortedcontainers import SortedList

from floruntime.engine.store.errors import StoreFailedError
from floruntime.engine.store.protocol import Changes, PointRead, Reader

_FIRST_CHUNK_ROWS = 8
"""Most scans stop after a few rows; those that go on take ever larger chunks."""
_CHUNK_ROWS_MAX = 512


class MemoryStore:
    """An ordered map: a dict for its values beside the sorted list of its keys."""

    get: PointRead
    """The dict's own method: a wrapper would cost more than the look-up."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys: SortedList[bytes] = SortedList()
        self._snapshots: WeakSet[_MemorySnapshot] = WeakSet()
        self._is_closed = False
        self.get = self._values.get

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        # The snapshot, made here and not at the first step, keeps the scan as of now.
        return self._snapshot().scan(start, end, reverse=reverse)

    def snapshot(self) -> Reader:
        return self._snapshot()

    def _snapshot(self) -> _MemorySnapshot:
        self._check()
        snapshot = _MemorySnapshot(self._values, self._keys)
        self._snapshots.add(snapshot)
        return snapshot

    def write(self, changes: Changes) -> None:
        self._check()
        cleared = [
            key
            for start, end in changes.cleared
            for key in list(self._keys.irange(start, end, (True, False)))
        ]
        for snapshot in list(self._snapshots):
            snapshot.remember(cleared)
            snapshot.remember(changes.rows)
        for key in cleared:
            self._set(key, None)
        for key, value in changes.rows.items():
            self._set(key, value)

    def _set(self, key: bytes, value: bytes | None) -> None:
        values = self._values
        if value is None:
            if values.pop(key, None) is not None:
                self._keys.remove(key)
            return
        if key not in values:
            self._keys.add(key)
        values[key] = value

    def sync(self) -> None:
        """Nothing to do: memory is as durable as it gets."""
        self._check()

    def checkpoint(self, directory: str) -> None:
        raise ValueError(f"an in-memory store cannot be copied to {directory}: it has no files")

    def close(self) -> None:
        self._is_closed = True
        self.get = self._refuse_get
        self._values.clear()
        self._keys.clear()

    def _check(self) -> None:
        if self._is_closed:
            raise StoreFailedError("the store is closed")

    def _refuse_get(self, key: bytes, /) -> bytes | None:
        raise StoreFailedError("the store is closed")


class _MemorySnapshot:
    def __init__(self, values: dict[bytes, bytes], keys: SortedList[bytes]) -> None:
        self._values = values
        self._keys = keys
        #: What was replaced since, as it was; sorted only when a scan asks.
        self._replaced: dict[bytes, bytes | None] = {}
        self._sorted: SortedList[bytes] | None = None

    def remember(self, keys: Any) -> None:
        """Keep the values of `keys`, which are about to be replaced."""
        replaced, values = self._replaced, self._values
        for key in keys:
            if key not in replaced:
                replaced[key] = values.get(key)
                if self._sorted is not None:
                    self._sorted.add(key)

    def get(self, key: bytes, /) -> bytes | None:
        if key in self._replaced:
            return self._replaced[key]
        return self._values.get(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Chunk by chunk, so that writes may come between steps."""
        size = _FIRST_CHUNK_ROWS
        includes_start = True
        while True:
            live = list(
                islice(self._keys.irange(start, end, (includes_start, False), reverse), size)
            )
            is_last = len(live) < size
            # A chunk that is not the last reaches up to, and with, its last live key.
            low = live[-1] if reverse and not is_last else start
            high = live[-1] if not reverse and not is_last else end
            inclusive = (includes_start, high is not end)
            keys = self._with_replaced(live, low, high, inclusive, reverse)
            for key, value in [(key, self.get(key)) for key in keys]:
                if value is not None:
                    yield key, value
            if is_last:
                return
            if reverse:
                end = low
            else:
                start, includes_start = high, False
            size = min(size * 2, _CHUNK_ROWS_MAX)

    def _with_replaced(
        self,
        live: list[bytes],
        low: bytes,
        high: bytes,
        inclusive: tuple[bool, bool],
        reverse: bool,
    ) -> list[bytes]:
        if not self._replaced:
            return live
        if self._sorted is None:
            self._sorted = SortedList(self._replaced)
        replaced = list(self._sorted.irange(low, high, inclusive))
        return sorted({*live, *replaced}, reverse=reverse) if replaced else live
