"""Adds runs of an earlier version to today's indexes, a bounded number per tick.

The server asks for it once, at its first start with a store; a mark in the store records that. In
each namespace a timer then walks over the runs by their numbers, which never change, and passes
each to its indexer. After the last one, everything of that namespace is in the indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

from floruntime.core.system import RunsIndex
from floruntime.engine.state.index_walk import number_at
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import NAMESPACE

RUNS_PER_TICK_MAX: Final = 200
RUNS_INDEXED: Final[Table[int]] = Table(b"xm", int, cached=True)
_KEY: Final = RUNS_INDEXED.key()
LEVEL: Final = 1
"""Raised when there is another index for which runs of before must be walked over."""


def are_seen_to(view: View) -> bool:
    """Whether the runs of before are in the indexes, or ticks are at it."""
    return view.get(RUNS_INDEXED, _KEY) == LEVEL


def begin(tx: Tx, request: RunsIndex) -> None:
    """Let a timer for each kind of runs begin its walk in each namespace."""
    if are_seen_to(tx):
        return
    tx.put(RUNS_INDEXED, _KEY, LEVEL)
    for of_namespace_id in _namespaces(tx):
        for kind in (timers.WORKFLOW_OLD_RUNS, timers.ACTION_OLD_RUNS):
            timers.set_timer(tx, tx.now_ms, kind, of_namespace_id, 0, 0)


def _namespaces(tx: Tx) -> Iterator[int]:
    yield from (row.id for _, row in tx.scan(NAMESPACE, *NAMESPACE.range()) if row.id)


def walk_on(
    tx: Tx,
    table: Any,
    of_namespace_id: int,
    position: int,
    kind: int,
    index: Callable[[int, Any], None],
) -> bool:
    """Let `index` see the next runs, and the timer of that kind go on; whether all were seen."""
    span = table.key(of_namespace_id, position + 1), table.range(of_namespace_id)[1]
    rows = list(islice(tx.scan(table, *span), RUNS_PER_TICK_MAX))
    for key, row in rows:
        index(number_at(key), row)
    if len(rows) < RUNS_PER_TICK_MAX:
        return True
    timers.set_timer(tx, tx.now_ms, kind, of_namespace_id, 0, number_at(rows[-1][0]))
    return False
