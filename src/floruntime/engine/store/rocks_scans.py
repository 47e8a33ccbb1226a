"""Scans of RocksDB that do not walk over deleted rows beyond the end of their range.

An iterator that finds no row in its place goes on to the next living row, over all deleted rows on
the way. Over 100,000 deleted messages of a neighbouring queue that takes 20 ms forwards, and 160 ms
backwards. An upper bound would stop it. But a snapshot's iterators are made before the bounds of
its scans are known, and the binding (0.3.29) takes a lower bound for an upper one.

So a scan begins with a *quick* iterator, which gives up after a number of deleted rows. Then the
scan checks whether the range has any row left, which costs one look from its start to its end. Only
if it may have one, a *patient* iterator of the same age goes there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from rocksdict import Rdict, RdictIter, ReadOptions

SKIPPED_MAX = 1_000
"""Deleted rows that a quick iterator passes at once before it gives up."""
WRITES_KNOWN: Final = 16
"""So many of the last writes tell what they deleted."""
_GAVE_UP: Final = "Too many internal keys skipped"


class Deleted:
    """What the last writes to a store have deleted. `writes` counts all that there were."""

    __slots__ = ("_last", "writes")

    def __init__(self) -> None:
        self.writes = 0
        self._last: deque[list[bytes] | None] = deque(maxlen=WRITES_KNOWN)

    def note(self, keys: list[bytes] | None) -> None:
        """These keys are about to be deleted; `None`: nobody can tell which."""
        self._last.append(keys)
        self.writes += 1

    def may_touch(self, since: int, start: bytes, end: bytes) -> bool:
        """Whether writes behind the first `since` may have deleted a key of `[start, end)`."""
        count = self.writes - since
        if count > len(self._last):
            return True
        return any(
            keys is None or any(start <= key < end for key in keys)
            for keys in list(self._last)[len(self._last) - count :]
        )


class Shared:
    """An iterator that scans share: one that finds it moved by another goes back to its place."""

    __slots__ = ("moved_by", "rows")

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self.moved_by: object = None


class Scans:
    """Scans of the state as it is now, whatever is written later."""

    __slots__ = ("_database", "_deleted", "_patient", "_quick", "_since")

    def __init__(self, database: Rdict, deleted: Deleted) -> None:
        options = ReadOptions()
        options.set_max_skippable_internal_keys(SKIPPED_MAX)
        self._database = database
        self._deleted = deleted
        self._since = deleted.writes
        self._quick = Shared(database.iter(options))
        self._patient = Shared(database.iter())

    def rising(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The rows with `start <= key < end` in order."""
        key = b""
        for shared in (self._quick, self._patient):
            rows = shared.rows
            scan = shared.moved_by = object()
            rows.seek(start)
            while rows.valid() and (key := rows.key()) < end:
                yield key, rows.value()
                if shared.moved_by is not scan:
                    shared.moved_by = scan
                    rows.seek(key)
                rows.next()
            if rows.valid() or not _gave_up(rows):
                return
            if key:
                start = key + b"\x00"
            if self._is_empty(start, end):
                return

    def falling(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The same from the last to the first."""
        key = b""
        for shared in (self._quick, self._patient):
            rows = shared.rows
            scan = shared.moved_by = object()
            rows.seek_for_prev(end)
            if rows.valid() and rows.key() == end:
                rows.prev()
            while rows.valid() and (key := rows.key()) >= start:
                yield key, rows.value()
                if shared.moved_by is not scan:
                    shared.moved_by = scan
                    rows.seek(key)
                rows.prev()
            if rows.valid() or not _gave_up(rows):
                return
            if key:
                end = key
            if self._is_empty(start, end):
                return

    def _is_empty(self, start: bytes, end: bytes) -> bool:
        """Whether the range has no row for certain: there is none now, and was none since. In this
        order, for another thread may be writing.
        """
        if start >= end:
            return True
        is_empty_now = next(latest_rising(self._database, start, end), None) is None
        return is_empty_now and not self._deleted.may_touch(self._since, start, end)

    def release(self, rows: Any) -> None:
        """Let go of the iterators; whoever scans on meets `rows` instead."""
        self._quick, self._patient = Shared(rows), Shared(rows)


def latest_rising(database: Rdict, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The rows of the latest state with `start <= key < end` in order.

    The iterator is made here, not at the first step: it pins the state as it is now.

    The binding's iterator points at the bound without holding it: whoever walks must hold the
    options (and so the bytes of `end`), or the walk ends anywhere.
    """
    options = ReadOptions()
    options.set_iterate_upper_bound(end)
    return _walk(database.iter(options), start, options)


def _walk(rows: RdictIter, start: bytes, options: ReadOptions) -> Iterator[tuple[bytes, bytes]]:
    rows.seek(start)
    valid, key, value, advance = rows.valid, rows.key, rows.value, rows.next
    while valid():
        yield key(), value()
        advance()
    # A damaged block ends the walk like the end of the range does; only this tells them apart.
    rows.status()


def _gave_up(rows: Any) -> bool:
    """Whether an iterator that is at no row has only lost patience. Raises what went wrong."""
    try:
        rows.status()
    except Exception as error:
        if _GAVE_UP in str(error):
            return True
        raise
    return False
