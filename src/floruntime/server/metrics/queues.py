"""The metrics of queues: the largest by name, and the rest together.

What was seen of each queue is kept between scrapes, so that a scrape looks only at queues that have
changed since, however many there are. It looks in small pieces, between which the event loop runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from heapq import nlargest
from operator import add, itemgetter, sub
from typing import Any, NamedTuple

from floruntime.engine.queue.messages import oldest
from floruntime.engine.queue.rows import QueueRow
from floruntime.engine.state.tx import CHANGED_KEYS_MAX, View

REST_LOOKED_AT = 250
"""In so many of the others the oldest message is looked for."""
KEYS_PER_TURN = 500
OLDEST_PER_TURN = 50
"""Each is a seek in the store."""
TOP_TIMES_MAX = 4
"""Of so many times as many as are wanted it is known that they are the largest; then anew."""
SETTLED_MS = 2_000
"""What the store shows of a queue is as its row says by then."""

_NAMESPACE_ID = slice(2, 10)
"""Where the number of its namespace stands in the key of a row."""
Sized = tuple[int, bytes]


class Counts(NamedTuple):
    """What one queue holds, or several together."""

    ready: int = 0
    delayed: int = 0
    leased: int = 0
    waiting: int = 0
    dead: int = 0
    enqueued_total: int = 0
    acked_total: int = 0


class Queue(NamedTuple):
    """A queue, by the key of its row; `b""`: the rest of them together."""

    key: bytes
    counts: Counts
    oldest_age_ms: int


class _Oldest(NamedTuple):
    """When the oldest message of a queue came, as its row stood since `met_ms`."""

    row: QueueRow
    met_ms: int
    enqueued_at_ms: int
    is_settled: bool


class QueueBook:
    """What was seen of each queue, and which are the largest. Whoever looks takes in what has
    changed.

    `_top` has all queues that are larger than `_floor`, and some that are as large.
    """

    def __init__(self, news: dict[bytes, Any], changed: set[bytes]) -> None:
        """`news`: the latest rows of queues, by key. `changed`: the keys of those that were
        written since somebody looked, from `follow` on. Both go on changing.
        """
        self._news = news
        self._changed = changed
        self._follows = False
        self._seen: dict[bytes, QueueRow] = {}
        self._sizes: dict[bytes, int] = {}
        self._top: dict[bytes, int] = {}
        self._floor = -1
        self._takes = 0
        self._sums = Counts()
        self._namespaces: frozenset[bytes] = frozenset()
        self._oldest: dict[bytes, _Oldest] = {}

    async def follow(self, namespaces: Iterable[int]) -> None:
        """From now on it is told which queues change; take in all that are there."""
        await self._take_in(namespaces)
        self._follows = True

    async def look(
        self, view: View, now_ms: int, namespaces: Iterable[int], series_max: int
    ) -> list[Queue]:
        """The largest of them, and the rest. `view`: the state now; `namespaces`: those there are.
        The oldest of the rest is looked for in the largest of it.
        """
        await self._take_in(namespaces)
        largest = await self._largest(series_max + REST_LOOKED_AT)
        rows = [(key, row) for _, key in largest if (row := self._seen.get(key)) is not None]
        sums = self._sums
        ages_ms = await self._ages_ms(rows, view, now_ms)
        told = [
            Queue(key, _together([row]), age_ms)
            for (key, row), age_ms in zip(rows[:series_max], ages_ms, strict=False)
        ]
        if len(rows) > series_max:
            named = _together([row for _, row in rows[:series_max]])
            told.append(Queue(b"", _less(sums, named), max(ages_ms[series_max:])))
        await asyncio.sleep(0)
        return told

    async def _take_in(self, namespaces: Iterable[int]) -> None:
        known = frozenset(number.to_bytes(8) for number in namespaces)
        is_less_known = bool(self._namespaces - known)
        self._namespaces = known
        if is_less_known:
            await self._drop(lambda key: key[_NAMESPACE_ID] not in known)
        is_told = self._follows and len(self._changed) < CHANGED_KEYS_MAX
        keys = list(self._changed if is_told else self._news)
        self._changed.clear()
        for piece in _cut(keys):
            self._take(piece)
            await asyncio.sleep(0)
        if len(self._seen) > len(self._news):
            await self._drop(lambda key: key not in self._news)

    async def _largest(self, wanted: int) -> list[Sized]:
        """So many of the largest queues, with their sizes."""
        floor, most = self._floor, TOP_TIMES_MAX * wanted
        top = self._top if len(self._top) <= 2 * most else {}  # those that shrank are in it, too
        largest = [(size, key) for key, size in top.items() if size >= floor]
        if not min(wanted, len(self._sizes)) <= len(largest) <= most:
            largest = await self._largest_of_all(2 * wanted)
        return nlargest(wanted, largest, key=_size)

    async def _largest_of_all(self, wanted: int) -> list[Sized]:
        largest: list[Sized] = []
        floor, takes, sizes = -1, self._takes, self._sizes.get
        for keys in _cut(list(self._sizes)):
            # Only those that may be told: a list of all would have the garbage collector look at
            # everything.
            sized = [(size, key) for key in keys if (size := sizes(key, -1)) > floor]
            if sized:
                largest = nlargest(wanted, largest + sized, key=_size)
                floor = largest[-1][0] if len(largest) == wanted else -1
            await asyncio.sleep(0)
        is_current = takes == self._takes
        self._top = {key: size for size, key in largest} if is_current else {}
        self._floor = floor if is_current else -1
        return largest

    def _take(self, keys: list[bytes]) -> None:
        """Take in how these stand now."""
        before = [row for key in keys if (row := self._seen.get(key)) is not None]
        there = []
        self._takes += 1
        for key in keys:
            row = self._news.get(key)
            if row is not None and key[_NAMESPACE_ID] in self._namespaces:
                there.append(row)
                self._seen[key] = row
                size = row.ready + row.delayed + row.leased + row.waiting + row.dead
                self._sizes[key] = size
                if size > self._floor or key in self._top:
                    self._top[key] = size
            else:
                for book in (self._seen, self._sizes, self._top):
                    book.pop(key, None)
                self._news.pop(key, None)  # of one that went with its namespace nothing was told
        self._sums = _less(plus(self._sums, _together(there)), _together(before))

    async def _drop(self, is_gone: Callable[[bytes], bool]) -> None:
        for keys in _cut(list(self._seen)):
            self._take([key for key in keys if is_gone(key)])
            await asyncio.sleep(0)

    async def _ages_ms(
        self, rows: list[tuple[bytes, QueueRow]], view: View, now_ms: int
    ) -> list[int]:
        """Of each queue, how old its oldest message is that is not dead."""
        ages_ms, found = [], {}
        looked = 0
        for key, row in rows:
            if not row.ready + row.delayed + row.leased + row.waiting:
                ages_ms.append(0)
                continue
            at = self._oldest.get(key)
            if at is None or at.row is not row or not at.is_settled:
                at = _look_at(view, row, now_ms, at)
                looked += 1
                if looked % OLDEST_PER_TURN == 0:
                    await asyncio.sleep(0)
            found[key] = at
            ages_ms.append(max(0, now_ms - at.enqueued_at_ms))
        self._oldest = found
        return ages_ms


def _look_at(view: View, row: QueueRow, now_ms: int, before: _Oldest | None) -> _Oldest:
    met_ms = before.met_ms if before is not None and before.row is row else now_ms
    found = oldest(view, row.messages_id, row.oldest_seq, row.next_seq)
    at_ms = now_ms if found is None else found[1].enqueued_at_ms
    return _Oldest(row, met_ms, at_ms, found is not None and now_ms - met_ms >= SETTLED_MS)


def _together(rows: list[QueueRow]) -> Counts:
    return Counts(
        sum([row.ready for row in rows]),
        sum([row.delayed for row in rows]),
        sum([row.leased for row in rows]),
        sum([row.waiting for row in rows]),
        sum([row.dead for row in rows]),
        sum([row.enqueued_total for row in rows]),
        sum([row.acked_total for row in rows]),
    )


def plus(one: Counts, other: Counts) -> Counts:
    """What both hold."""
    return Counts(*map(add, one, other))


def _less(one: Counts, other: Counts) -> Counts:
    return Counts(*map(sub, one, other))


_size = itemgetter(0)


def _cut(keys: list[bytes]) -> Iterator[list[bytes]]:
    """The keys in pieces."""
    for start in range(0, len(keys), KEYS_PER_TURN):
        yield keys[start : start + KEYS_PER_TURN]
