"""What waits, as numbers with names: of each kind the largest, and the rest together.

It is collected in small pieces, between which the event loop runs, so a scrape delays no request.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from operator import add
from typing import Any, NamedTuple

from floruntime.core.limits import WORKER_UNHEALTHY_MS
from floruntime.engine.action.rows import ACTION
from floruntime.engine.action.run_rows import ActionRunStatus
from floruntime.engine.action.workers import WORKER
from floruntime.engine.queue.rows import QUEUE
from floruntime.engine.state.tx import View
from floruntime.engine.stream.group.rows import (
    GROUP_NAMES,
    GROUP_STATE,
    GroupNamesRow,
    GroupStateRow,
)
from floruntime.engine.stream.rows import STREAM_STATE, StreamStateRow, find_stream
from floruntime.engine.workflow.runs.rows import WORKFLOW, WorkflowRunStatus
from floruntime.server.metrics.largest import Largest
from floruntime.server.metrics.queues import Counts
from floruntime.server.metrics.tally import Tally

SERIES_MAX = 1_000
"""So many of each kind are told by name."""
ITEMS_PER_TURN = 200

Labels = tuple[str, ...]
_NAMESPACE_ID = slice(2, 10)
"""Where the number of its namespace stands in the key of a row."""
REST: Labels = ("", "")
"""The labels of all that is not told by name."""
WATCHED = ("pending", "running", "failed", "timed_out")
"""Of these there is a series though there are none."""
REST_OF_GROUPS: Labels = ("", "", "")


class Queue(NamedTuple):
    """A queue, or the rest of them together."""

    labels: Labels
    counts: Counts
    oldest_age_ms: int


class Group(NamedTuple):
    """A consumer group: namespace, stream and group are its labels."""

    labels: Labels
    lag: int
    pending: int
    dead: int


class Runs(NamedTuple):
    """An action or a workflow, and how many runs of it are in each status."""

    labels: Labels
    by_status: dict[str, int]


@dataclass
class Waiting:
    """All that waits, at a moment."""

    queues: list[Queue] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    actions: list[Runs] = field(default_factory=list)
    workflows: list[Runs] = field(default_factory=list)
    workers: Counter[Labels] = field(default_factory=Counter)


class At(NamedTuple):
    """Where one looks: what is kept at hand, the state now, and its time."""

    tally: Tally
    view: View
    now_ms: int


def groups_added(one: Group | None, other: Group) -> Group:
    """Two of the same labels as one."""
    if one is None:
        return other
    return Group(other.labels, *map(add, one[1:], other[1:]))


class Look:
    """One look at the tally. `view` is the state now, for what only the store knows."""

    def __init__(self, tally: Tally, view: View, now_ms: int) -> None:
        self._tally = tally
        self._view = view
        self._now_ms = now_ms
        self._series_max = SERIES_MAX
        self._namespaces = tally.namespaces()

    async def waiting(self) -> Waiting:
        """All that waits."""
        return Waiting(
            queues=await self._queues(),
            groups=await self._groups(),
            actions=await self._runs(ACTION, ActionRunStatus),
            workflows=await self._runs(WORKFLOW, WorkflowRunStatus),
            workers=await self._workers(),
        )

    async def _queues(self) -> list[Queue]:
        book, namespaces = self._tally.queues, self._namespaces
        told = await book.look(self._view, self._now_ms, namespaces, self._series_max)
        return [
            Queue(self._labels(QUEUE, key) if key else REST, counts, oldest_age_ms)
            for key, counts, oldest_age_ms in told
        ]

    # Groups

    async def _groups(self) -> list[Group]:
        known = frozenset(self._namespaces.values())
        largest: Largest[Group] = Largest(self._series_max)
        rest: Group | None = None
        for keys in _cut(self._tally.keys(GROUP_NAMES)):
            for key, names in self._tally.rows_at(GROUP_NAMES, keys):
                [group_id] = GROUP_NAMES.unpack(key)
                state = self._tally.row(GROUP_STATE, GROUP_STATE.key(group_id))
                if state is None or names.namespace not in known:
                    continue
                labels = (names.namespace, names.stream, names.group)
                group = Group(labels, self._lag(names, state), state.pending, state.dead)
                other = largest.offer(group.lag, group)
                if other is not None:
                    rest = groups_added(rest, other._replace(labels=REST_OF_GROUPS))
            await asyncio.sleep(0)
        return largest.in_order() if rest is None else [*largest.in_order(), rest]

    def _lag(self, names: GroupNamesRow, state: GroupStateRow) -> int:
        stream = self._stream_of(names)
        if stream is None:
            return 0
        begins = max(stream.first_ordinal, state.cursor_ordinal)
        return max(0, stream.next_ordinal - begins) + state.parked

    def _stream_of(self, names: GroupNamesRow) -> StreamStateRow | None:
        with self._view.within(names.namespace):
            row = find_stream(self._view, names.stream)
        return None if row is None else self._tally.row(STREAM_STATE, STREAM_STATE.key(row.id))

    # Runs

    async def _runs(self, table: Any, statuses: Iterable[Any]) -> list[Runs]:
        names = {status: status.name.lower() for status in statuses}
        largest: Largest[tuple[bytes, list[int]]] = Largest(self._series_max)
        rest: list[int] | None = None
        async for key, row in self._named(table):
            counts = [self._tally.runs(row.id, status) for status in names]
            other = largest.offer(sum(counts), (key, counts))
            if other is not None:
                rest = [*map(add, rest or [0] * len(names), other[1])]
        named = [(self._labels(table, key), counts) for key, counts in largest.in_order()]
        if rest is not None:
            named.append((REST, rest))
        return [
            Runs(labels, dict(zip(names.values(), counts, strict=True))) for labels, counts in named
        ]

    # Workers

    async def _workers(self) -> Counter[Labels]:
        states: defaultdict[bytes, Counter[str]] = defaultdict(Counter)
        async for key, row in self._named(WORKER):
            is_late = self._now_ms - row.last_heartbeat_ms > WORKER_UNHEALTHY_MS
            state = "unhealthy" if is_late else "draining" if row.draining else "healthy"
            states[key[_NAMESPACE_ID]][state] += 1
        largest: Largest[tuple[str, Counter[str]]] = Largest(self._series_max)
        counts: Counter[Labels] = Counter()
        for numbers in _cut(list(states)):
            for number in numbers:
                of, by_state = self._namespaces.get(int.from_bytes(number), ""), states[number]
                other = largest.offer(by_state.total(), (of, by_state))
                if other is not None:
                    counts.update({("", state): count for state, count in other[1].items()})
            await asyncio.sleep(0)
        for of, by_state in largest.in_order():
            counts.update({(of, state): count for state, count in by_state.items()})
        return counts

    async def _named(self, table: Any) -> AsyncIterator[tuple[bytes, Any]]:
        """The rows of a table whose namespace is there."""
        async for chunk in self._chunks(table):
            for each in chunk:
                yield each

    async def _chunks(self, table: Any) -> AsyncIterator[list[tuple[bytes, Any]]]:
        """The rows of a table whose namespace is there; the others went with it."""
        known = {number.to_bytes(8) for number in self._namespaces}
        for keys in _cut(self._tally.keys(table)):
            chunk = self._tally.rows_at(table, keys)
            there = [each for each in chunk if each[0][_NAMESPACE_ID] in known]
            if len(there) < len(chunk):
                self._forget_others(table, chunk, known)
            yield there
            await asyncio.sleep(0)

    def _forget_others(self, table: Any, chunk: list[tuple[bytes, Any]], known: set[bytes]) -> None:
        for key, _ in chunk:
            if key[_NAMESPACE_ID] not in known:
                self._tally.forget(table, key)

    def _labels(self, table: Any, key: bytes) -> Labels:
        return self._namespaces.get(table.unpack(key)[0], ""), table.tail_of(key).decode()


def _cut(items: list[Any]) -> Iterator[list[Any]]:
    """The items in pieces."""
    for start in range(0, len(items), ITEMS_PER_TURN):
        yield items[start : start + ITEMS_PER_TURN]


def by_status(runs: Iterable[Runs]) -> Iterator[tuple[Labels, int]]:
    """Counts by labels and status. What a status lacks is left out, but where others watch for the
    first: of a series that begins with it nobody sees that it has grown.
    """
    for each in runs:
        for status, count in each.by_status.items():
            if count or status in WATCHED:
                yield (*each.labels, status), count
