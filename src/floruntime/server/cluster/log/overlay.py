"""A store with one more batch on top that is not written to it yet."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from floruntime.engine.store import Changes, Reader

NO_CHANGES = Changes({}, [])


class Overlay:
    """Reads as if `changes` were in the store."""

    def __init__(self, store: Reader) -> None:
        self._store = store
        self._changes = NO_CHANGES
        self._keys: list[bytes] | None = []

    @property
    def changes(self) -> Changes:
        """What lies on top."""
        return self._changes

    def lay(self, changes: Changes) -> None:
        """Put `changes` on top, in place of what was there."""
        self._changes = changes
        self._keys = None

    def clear(self) -> None:
        """Let the store be seen as it is."""
        self._changes, self._keys = NO_CHANGES, []

    def get(self, key: bytes, /) -> bytes | None:
        rows, cleared = self._changes
        if key in rows:
            return rows[key]
        if cleared and _is_cleared(cleared, key):
            return None
        return self._store.get(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        stored = self._store.scan(start, end, reverse=reverse)
        rows, cleared = self._changes
        if not rows and not cleared:
            return stored
        written = self._written(start, end)
        if reverse:
            written.reverse()
        return _merged(rows, cleared, written, stored, reverse)

    def _written(self, start: bytes, end: bytes) -> list[bytes]:
        keys = self._keys
        if keys is None:
            keys = self._keys = sorted(self._changes.rows)
        return keys[bisect_left(keys, start) : bisect_left(keys, end)]


def _merged(
    rows: dict[bytes, bytes | None],
    cleared: list[tuple[bytes, bytes]],
    written: list[bytes],
    stored: Iterator[tuple[bytes, bytes]],
    reverse: bool,
) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    for key, data in stored:
        while position < len(written) and (
            written[position] > key if reverse else written[position] < key
        ):
            yield from _row(rows, written[position])
            position += 1
        if position < len(written) and written[position] == key:
            continue  # the written row comes at the next step
        if not _is_cleared(cleared, key):
            yield key, data
    for key in written[position:]:
        yield from _row(rows, key)


def _row(rows: dict[bytes, bytes | None], key: bytes) -> Iterator[tuple[bytes, bytes]]:
    data = rows[key]
    if data is not None:
        yield key, data


def _is_cleared(cleared: list[tuple[bytes, bytes]], key: bytes) -> bool:
    return any(start <= key < end for start, end in cleared)
