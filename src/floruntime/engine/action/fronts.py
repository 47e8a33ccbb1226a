"""A cache of the first fronts of each line of keys, kept from claim to claim.

If each claim searched for them in the store, it would walk over the deletions of earlier claims.
The cache is derived from the store, is kept in `tx.hints`, and is also right when it is empty. It
is told of every front that is added or removed. A refused command clears all hints.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from typing import Final

from floruntime.engine.action.key_rows import FRONT, FrontRow
from floruntime.engine.state.tombstones import Gaps
from floruntime.engine.state.tx import Tx

READ_AT_FIRST: Final = 16
"""So many fronts of a line are read at first; then twice as many each time."""
KEPT_MAX: Final = 2_048
"""Fronts of one line that are kept."""
LINES_MAX: Final = 32
"""Lines whose fronts are kept."""


class Fronts:
    """`keys`: the first of a line, in order and without a gap; `rows` are what they lead to.
    `is_whole`: none are behind. `to_read`: how many are read next. `gaps`: where none are at all.
    """

    __slots__ = ("gaps", "is_whole", "keys", "rows", "to_read")

    def __init__(self) -> None:
        self.gaps = Gaps()
        self.keys: list[bytes] = []
        self.rows: dict[bytes, FrontRow] = {}
        self.is_whole = False
        self.to_read = READ_AT_FIRST

    def put(self, key: bytes, row: FrontRow) -> None:
        """A front was put."""
        keys, rows = self.keys, self.rows
        self.gaps.fill(key, key)
        if key not in rows:
            if not self.is_whole and not (keys and key < keys[-1]):
                return
            insort(keys, key)
        rows[key] = row
        if len(keys) > KEPT_MAX:
            self._shorten()

    def _shorten(self) -> None:
        for key in self.keys[KEPT_MAX // 2 :]:
            del self.rows[key]
        del self.keys[KEPT_MAX // 2 :]
        self.is_whole = False

    def take_away(self, key: bytes) -> None:
        """A front was deleted."""
        keys = self.keys
        if self.rows.pop(key, None) is not None:
            del keys[0 if keys[0] == key else bisect_left(keys, key)]

    def read(self, tx: Tx, line_id: int, wanted: int) -> None:
        """Read the first ones anew, at least so many."""
        wanted = max(wanted, self.to_read)
        self.to_read = min(2 * wanted, KEPT_MAX // 2)
        gaps = self.gaps
        start, end = FRONT.range(line_id)
        found: list[tuple[bytes, FrontRow]] = []
        for piece in gaps.between(start, end):
            found += islice(tx.scan(FRONT, *piece), wanted - len(found))
        if found:
            gaps.learn(start, found[0][0])
        self.keys = [key for key, _ in found]
        self.rows = dict(found)
        self.is_whole = len(found) < wanted


def first_front(tx: Tx, line_id: int, passed: set[str]) -> FrontRow | None:
    """The first front of a line whose key is none of those."""
    kept = _kept(tx)
    fronts = kept.get(line_id)
    if fronts is None:
        if len(kept) == LINES_MAX:
            del kept[next(iter(kept))]
        fronts = kept[line_id] = Fronts()
    if len(fronts.keys) <= len(passed) and not fronts.is_whole:
        fronts.read(tx, line_id, 1 + len(passed))
    keys, rows = fronts.keys, fronts.rows
    if not passed:
        return rows[keys[0]] if keys else None
    return next((rows[key] for key in keys if rows[key].key not in passed), None)


def put_front(tx: Tx, line_id: int, key: bytes, row: FrontRow) -> None:
    """Let a key be found in the line."""
    tx.put(FRONT, key, row)
    fronts = _kept(tx).get(line_id)
    if fronts is not None:
        fronts.put(key, row)


def take_front(tx: Tx, line_id: int, key: bytes) -> None:
    """Let a key be found there no more."""
    tx.delete(FRONT, key)
    fronts = _kept(tx).get(line_id)
    if fronts is not None:
        fronts.take_away(key)


def forget_fronts(tx: Tx, line_id: int) -> None:
    """The line is gone."""
    _kept(tx).pop(line_id, None)


def _kept(tx: Tx) -> dict[int, Fronts]:
    kept: dict[int, Fronts] | None = tx.hints.get("fronts")
    if kept is None:
        kept = tx.hints["fronts"] = {}
    return kept
