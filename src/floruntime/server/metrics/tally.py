"""Counts of what waits, kept up to date: rows of queues, groups and workers, and runs.

The machine reports rows as it writes them, and runs as their status changes. What existed before is
read once, in small pieces, after the start. So no scrape and no console causes a scan.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from floruntime.engine.action.rows import ACTION
from floruntime.engine.action.run_rows import ACTION_RUN_BY_STATUS
from floruntime.engine.action.workers import WORKER
from floruntime.engine.machine import Machine
from floruntime.engine.queue.rows import QUEUE
from floruntime.engine.state.keyspace import Table
from floruntime.engine.store import Reader
from floruntime.engine.stream.group.rows import GROUP_NAMES, GROUP_STATE
from floruntime.engine.stream.rows import STREAM_STATE
from floruntime.engine.system.namespaces import NAMESPACE
from floruntime.engine.workflow.runs.rows import WORKFLOW, WORKFLOW_RUN_BY_STATUS
from floruntime.server.metrics.queues import QueueBook

KEPT: Final[tuple[Table[Any], ...]] = (
    *(NAMESPACE, QUEUE, ACTION, WORKFLOW, WORKER),
    *(GROUP_NAMES, GROUP_STATE, STREAM_STATE),
)
"""Tables whose rows are kept at hand."""
COUNTED: Final[tuple[Table[Any], ...]] = (ACTION_RUN_BY_STATUS, WORKFLOW_RUN_BY_STATUS)
"""Indexes whose rows are counted, by owner and status."""
ROWS_PER_TURN = 500
"""So many rows are read before the event loop turns."""

Rows = dict[bytes, Any]


class Tally:
    """The latest rows of some tables by key, and counts of runs by owner and status."""

    def __init__(self, machine: Machine, reader: Reader) -> None:
        """`reader` shows the state that `machine` has now."""
        self._machine = machine
        self._reader = reader
        self._counted: Counter[tuple[int, int]] = Counter()
        self._news: Mapping[bytes, Rows] = machine.keep_rows_of(KEPT)
        self.queues = QueueBook(self._news[QUEUE.tag], machine.changed_keys_of(QUEUE))
        self._loading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read what is there already."""
        self._loading = asyncio.get_running_loop().create_task(self._load())

    def give_up(self) -> None:
        """Read no more; it ends by itself."""
        if self._loading is not None:
            self._loading.cancel()

    async def stop(self) -> None:
        """Read no more."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])

    async def loaded(self) -> None:
        """Wait until all is there."""
        if self._loading is not None:
            await asyncio.wait([self._loading])

    @property
    def is_loaded(self) -> bool:
        """Whether all is there that was there before the start."""
        return self._loading is not None and self._loading.done()

    def rows(self, table: Table[Any]) -> list[tuple[bytes, Any]]:
        """The rows of a table as they are now."""
        return self.rows_at(table, self.keys(table))

    def keys(self, table: Table[Any]) -> list[bytes]:
        """The keys of a table as they are now; of some the row may be gone."""
        return list(self._news[table.tag])

    def rows_at(self, table: Table[Any], keys: list[bytes]) -> list[tuple[bytes, Any]]:
        """The rows at these keys, as far as they are there."""
        rows = self._news[table.tag]
        return [(key, row) for key in keys if (row := rows.get(key)) is not None]

    def row(self, table: Table[Any], key: bytes) -> Any:
        """One row, if it is there."""
        return self._news[table.tag].get(key)

    def forget(self, table: Table[Any], key: bytes) -> None:
        """A row that went with its owner, and was not told of."""
        self._news[table.tag].pop(key, None)

    def namespaces(self) -> dict[int, str]:
        """The namespaces that there are, by their numbers."""
        return {
            row.id: NAMESPACE.tail_of(key).decode() for key, row in self.rows(NAMESPACE) if row.id
        }

    def runs(self, owner_id: int, status: int) -> int:
        """How many runs of an action or a workflow are in a status."""
        moved = self._machine.run_counts.get((owner_id, status), 0)
        return max(0, moved + self._counted[owner_id, status])

    async def _load(self) -> None:
        for table in KEPT:
            await self._keep(table)
        for table in COUNTED:
            await self._count(table)
        del self._reader  # lets go of the old state
        for rows in self._news.values():
            for key in [key for key, row in rows.items() if row is None]:
                del rows[key]
        self._machine.forget_deleted_rows()
        await self.queues.follow(self.namespaces())

    async def _keep(self, table: Table[Any]) -> None:
        """What was told since is newer than what is read here."""
        rows = self._news[table.tag]
        for number, (key, data) in enumerate(self._reader.scan(*table.range()), 1):
            if key not in rows:
                rows[key] = table.decode(data)
            if number % ROWS_PER_TURN == 0:
                await asyncio.sleep(0)

    async def _count(self, table: Table[Any]) -> None:
        for number, (key, _) in enumerate(self._reader.scan(*table.range()), 1):
            owner_id, status, _ = table.unpack(key)
            self._counted[owner_id, status] += 1
            if number % ROWS_PER_TURN == 0:
                await asyncio.sleep(0)
