"""What waits, as numbers with names: of each kind the largest, and the rest together.

Looking goes in small pieces, between which the event loop turns: a scrape holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import nlargest
from operator import itemgetter
from typing import Any, NamedTuple

from floruntime.core.limits import WORKER_UNHEALTHY_MS
from floruntime.engine.action.rows import ACTION
from floruntime.engine.action.run_rows import ActionRunStatus
from floruntime.engine.action.workers import WORKER
from floruntime.engine.queue.messages import oldest
from floruntime.engine.queue.rows import QUEUE, QueueRow
from floruntime.engine.state.tx import View
from floruntime.engine.stream.group.rows import (
    GROUP_NAMES,
    GROUP_STATE,
    GroupNamesRow,
    GroupStateRow,
)
from floruntime.engine.stream.rows import STREAM_STATE, StreamStateRow, find_stream
from floruntime.engine.system.namespaces import NAMESPACE
from floruntime.engine.workflow.runs.rows import WORKFLOW, WorkflowRunStatus
from floruntime.server.metrics.tally import Tally

SERIES_MAX = 1_000
"""So many of each kind are told by name."""
REST_LOOKED_AT = 250
"""In so many of the others the oldest message is looked for."""
ITEMS_PER_TURN = 2_000
OLDEST_PER_TURN = 50
"""Each is a seek in the store."""

Labels = tuple[str, ...]
Sized = tuple[int, bytes, QueueRow]
_NAMESPACE_ID = slice(2, 10)
"""Where the number of its namespace stands in the key of a row."""
REST: Labels = ("", "")
"""The labels of all that is not told by name."""


class Queue(NamedTuple):
    """A queue, or the rest of them together."""

    labels: Labels
    ready: int
    delayed: int
    leased: int
    dead: int
    oldest_age_ms: int
    enqueued_total: int
    acked_total: int


class _Sums:
    """What queues hold together."""

    def __init__(self) -> None:
        self._ready = self._delayed = self._leased = self._dead = self._enqueued = self._acked = 0

    def add(self, rows: list[tuple[bytes, QueueRow]]) -> None:
        """Add these."""
        for _, row in rows:
            self._ready += row.ready
            self._delayed += row.delayed
            self._leased += row.leased
            self._dead += row.dead
            self._enqueued += row.enqueued_total
            self._acked += row.acked_total

    def without(self, told: list[Queue], oldest_age_ms: int) -> Queue:
        """All but those that were told by name, under the labels of the rest."""
        return Queue(
            REST,
            self._ready - sum(each.ready for each in told),
            self._delayed - sum(each.delayed for each in told),
            self._leased - sum(each.leased for each in told),
            self._dead - sum(each.dead for each in told),
            oldest_age_ms,
            self._enqueued - sum(each.enqueued_total for each in told),
            self._acked - sum(each.acked_total for each in told),
        )


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


def together(several: list[Waiting]) -> Waiting:
    """What waits in several states that share no namespace. Of each, what is not told by name is
    under the same labels: it is added up.
    """
    if len(several) == 1:
        return several[0]
    queues: dict[Labels, Queue] = {}
    groups: dict[Labels, Group] = {}
    kinds: tuple[dict[Labels, Runs], dict[Labels, Runs]] = {}, {}
    workers: Counter[Labels] = Counter()
    for each in several:
        for queue in each.queues:
            queues[queue.labels] = _added(queues.get(queue.labels), queue)
        for group in each.groups:
            groups[group.labels] = _added(groups.get(group.labels), group)
        for runs, kind in zip((each.actions, each.workflows), kinds, strict=True):
            for named in runs:
                before = kind.get(named.labels, Runs(named.labels, {}))
                counts = Counter(before.by_status)
                counts.update(named.by_status)
                kind[named.labels] = Runs(named.labels, dict(counts))
        workers.update(each.workers)
    actions, workflows = (list(kind.values()) for kind in kinds)
    return Waiting(list(queues.values()), list(groups.values()), actions, workflows, workers)


def _added(before: Any, more: Any) -> Any:
    """Two of the same labels as one: numbers are added, of ages the greater counts."""
    if before is None:
        return more
    pairs = {name: (getattr(before, name), getattr(more, name)) for name in more._fields[1:]}
    return more._replace(
        **{name: max(pair) if "age" in name else sum(pair) for name, pair in pairs.items()}
    )


class Look:
    """One look at the tally. `view` is the state now, for what only the store knows."""

    def __init__(self, tally: Tally, view: View, now_ms: int) -> None:
        self._tally = tally
        self._view = view
        self._now_ms = now_ms
        self._series_max = SERIES_MAX
        self._namespaces: dict[int, str] = {
            row.id: NAMESPACE.tail_of(key).decode() for key, row in tally.rows(NAMESPACE) if row.id
        }

    async def waiting(self) -> Waiting:
        """All that waits."""
        return Waiting(
            queues=await self._queues(),
            groups=await self._groups(),
            actions=await self._runs(ACTION, ActionRunStatus),
            workflows=await self._runs(WORKFLOW, WorkflowRunStatus),
            workers=await self._workers(),
        )

    # Queues

    async def _queues(self) -> list[Queue]:
        sums = _Sums()
        largest: list[Sized] = []
        kept, floor = self._series_max + REST_LOOKED_AT, -1
        async for chunk in self._chunks(QUEUE):
            # Only those that may be told: a list of all would have the garbage collector look at
            # everything.
            sized = [
                (size, key, row)
                for key, row in chunk
                if (size := row.ready + row.delayed + row.leased + row.dead) > floor
            ]
            if sized:
                largest = nlargest(kept, largest + sized, key=_size)
                floor = largest[-1][0] if len(largest) == kept else -1
            sums.add(chunk)
        named, others = largest[: self._series_max], largest[self._series_max :]
        told = [
            self._queue(self._labels(QUEUE, key), row, age_ms)
            for (_, key, row), age_ms in zip(named, await self._ages_ms(named), strict=True)
        ]
        if others:
            # The oldest is looked for in the largest of the rest.
            age_ms = max(await self._ages_ms(others), default=0)
            told.append(sums.without(told, age_ms))
        return told

    def _queue(self, labels: Labels, row: QueueRow, age_ms: int) -> Queue:
        counts = (row.ready, row.delayed, row.leased, row.dead)
        return Queue(labels, *counts, age_ms, row.enqueued_total, row.acked_total)

    async def _ages_ms(self, queues: list[Sized]) -> list[int]:
        """Of each queue, how old its oldest message is that is not dead."""
        ages_ms = []
        for number, (_, _, row) in enumerate(queues, 1):
            ages_ms.append(self._age_ms(row))
            if number % OLDEST_PER_TURN == 0:
                await asyncio.sleep(0)
        return ages_ms

    def _age_ms(self, row: QueueRow) -> int:
        if not (row.ready or row.delayed or row.leased):
            return 0
        found = oldest(self._view, row.messages_id, row.oldest_seq, row.next_seq)
        return 0 if found is None else max(0, self._now_ms - found[1].enqueued_at_ms)

    # Groups

    async def _groups(self) -> list[Group]:
        every: list[Group] = []
        rows = self._tally.rows(GROUP_NAMES)
        for number, (key, names) in enumerate(rows, 1):
            [group_id] = GROUP_NAMES.unpack(key)
            state = self._tally.row(GROUP_STATE, GROUP_STATE.key(group_id))
            if state is not None and names.namespace in self._namespaces.values():
                labels = (names.namespace, names.stream, names.group)
                every.append(Group(labels, self._lag(names, state), state.pending, state.dead))
            if number % ITEMS_PER_TURN == 0:
                await asyncio.sleep(0)
        largest = nlargest(self._series_max, every, key=_lag_of)
        if len(every) > len(largest):
            told = {each.labels for each in largest}
            rest = [each for each in every if each.labels not in told]
            largest.append(
                Group(
                    ("", "", ""),
                    sum(each.lag for each in rest),
                    sum(each.pending for each in rest),
                    sum(each.dead for each in rest),
                )
            )
        return largest

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
        every: list[tuple[int, bytes, dict[Any, int]]] = []
        async for key, row in self._named(table):
            counts = {status: self._tally.runs(row.id, status) for status in names}
            every.append((sum(counts.values()), key, counts))
        largest = nlargest(self._series_max, every, key=_size)
        told = [
            Runs(self._labels(table, key), {names[status]: n for status, n in counts.items()})
            for _, key, counts in largest
        ]
        if len(every) > len(largest):
            known = {key for _, key, _ in largest}
            sums: Counter[str] = Counter()
            for _, key, counts in every:
                if key not in known:
                    sums.update({names[status]: n for status, n in counts.items()})
            told.append(Runs(REST, dict(sums)))
        return told

    # Workers

    async def _workers(self) -> Counter[Labels]:
        counts: Counter[Labels] = Counter()
        async for key, row in self._named(WORKER):
            is_late = self._now_ms - row.last_heartbeat_ms > WORKER_UNHEALTHY_MS
            state = "unhealthy" if is_late else "draining" if row.draining else "healthy"
            counts[self._labels(WORKER, key)[0], state] += 1
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


_size = itemgetter(0)


def _cut(items: list[Any]) -> Iterator[list[Any]]:
    """The items in pieces."""
    for start in range(0, len(items), ITEMS_PER_TURN):
        yield items[start : start + ITEMS_PER_TURN]


def _lag_of(group: Group) -> int:
    return group.lag


def non_zero(runs: Iterable[Runs]) -> Iterator[tuple[Labels, int]]:
    """Counts by labels and status; what a status lacks is left out, what waits is told as 0."""
    for each in runs:
        for status, count in each.by_status.items():
            if count or status in ("pending", "running"):
                yield (*each.labels, status), count
