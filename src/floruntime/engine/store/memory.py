"""A store in memory: for tests and for `ephemeral` servers. Nothing survives its end."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakSet

from sortedcontainers import SortedDict

from floruntime.engine.store.protocol import Changes, Reader


class MemoryStore:
    """An ordered map; snapshots remember what later writes replace."""

    def __init__(self) -> None:
        self._rows: SortedDict[bytes, bytes] = SortedDict()
        self._snapshots: WeakSet[_MemorySnapshot] = WeakSet()

    def get(self, key: bytes) -> bytes | None:
        return self._rows.get(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        keys = list(self._rows.irange(start, end, inclusive=(True, False), reverse=reverse))
        for key in keys:
            value = self._rows.get(key)
            if value is not None:
                yield key, value

    def snapshot(self) -> Reader:
        snapshot = _MemorySnapshot(self._rows)
        self._snapshots.add(snapshot)
        return snapshot

    def write(self, changes: Changes) -> None:
        snapshots = list(self._snapshots)
        for start, end in changes.cleared:
            for key in list(self._rows.irange(start, end, inclusive=(True, False))):
                self._set(key, None, snapshots)
        for key, value in changes.rows.items():
            self._set(key, value, snapshots)

    def _set(self, key: bytes, value: bytes | None, snapshots: list[_MemorySnapshot]) -> None:
        for snapshot in snapshots:
            snapshot.remember(key, self._rows.get(key))
        if value is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = value

    def sync(self) -> None:
        """Nothing to do: memory is as durable as it gets."""

    def checkpoint(self, directory: str) -> None:
        raise ValueError(f"an in-memory store cannot be copied to {directory}: it has no files")

    def close(self) -> None:
        self._rows.clear()


class _MemorySnapshot:
    def __init__(self, rows: SortedDict[bytes, bytes]) -> None:
        self._rows = rows
        self._replaced: SortedDict[bytes, bytes | None] = SortedDict()

    def remember(self, key: bytes, value: bytes | None) -> None:
        self._replaced.setdefault(key, value)

    def get(self, key: bytes) -> bytes | None:
        if key in self._replaced:
            return self._replaced[key]
        return self._rows.get(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        keys = set(self._rows.irange(start, end, inclusive=(True, False)))
        keys.update(self._replaced.irange(start, end, inclusive=(True, False)))
        for key in sorted(keys, reverse=reverse):
            value = self.get(key)
            if value is not None:
                yield key, value
