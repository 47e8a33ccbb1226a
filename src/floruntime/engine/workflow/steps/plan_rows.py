"""The rows of plans: one for each plan, shared by all runs of its workflow, and cached results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.workflow.steps.executor_state import ExecutorState

_KEY_BYTES_MAX: Final = 512
"""A longer key of a cache stands in the table as its hash."""


class PlanRow(Value, frozen=True):
    """`turn`: how often the plan was begun. `generation`: of its cache; results of an earlier one
    count no longer.
    """

    turn: int = 0
    generation: int = 0
    executors: dict[str, ExecutorState] = {}


class CachedRow(Value, frozen=True):
    output: bytes
    generation: int
    expires_at_ms: int


PLAN: Final[Table[PlanRow]] = Table(b"wq", PlanRow, workflow_id="u64", tail="plan", cached=True)
CACHED: Final[Table[CachedRow]] = Table(b"wb", CachedRow, workflow_id="u64", tail="plan and key")


class OpenPlan:
    """What is known of a plan, read and changed at once."""

    __slots__ = ("_key", "_tx", "_workflow_id", "name")

    def __init__(self, tx: Tx, workflow_id: int, name: str) -> None:
        self._tx = tx
        self._workflow_id = workflow_id
        self.name = name
        self._key = PLAN.key(workflow_id, tail=name.encode())

    @property
    def row(self) -> PlanRow:
        """The row as it is now."""
        return self._tx.get(PLAN, self._key) or PlanRow()

    def take_turn(self) -> int:
        """How often the plan was begun before."""
        row = self.row
        self._tx.put(PLAN, self._key, replace(row, turn=row.turn + 1))
        return row.turn

    def state(self, executor: str) -> ExecutorState:
        """What is known of this executor."""
        return self.row.executors.get(executor) or ExecutorState()

    def change(self, executor: str, change: Callable[[ExecutorState], ExecutorState]) -> None:
        """Let `change` make what is known of this executor another."""
        row = self.row
        executors = {**row.executors, executor: change(self.state(executor))}
        self._tx.put(PLAN, self._key, replace(row, executors=executors))

    # The cache

    def invalidate(self) -> None:
        """Results that are cached by now count no longer; they go when their time is up."""
        row = self.row
        self._tx.put(PLAN, self._key, replace(row, generation=row.generation + 1))

    def cached(self, key: str) -> bytes | None:
        """The result that is cached under `key`."""
        row = self._tx.get(CACHED, CACHED.key(self._workflow_id, tail=self._tail(key)))
        if row is None or row.expires_at_ms <= self._tx.now_ms:
            return None
        return row.output if row.generation == self.row.generation else None

    def store(self, key: str, output: bytes, ttl_ms: int) -> None:
        """Cache a result."""
        tx, tail = self._tx, self._tail(key)
        expires_at_ms = tx.now_ms + ttl_ms
        row = CachedRow(output, self.row.generation, expires_at_ms)
        tx.put(CACHED, CACHED.key(self._workflow_id, tail=tail), row)
        timers.set_timer(
            tx, expires_at_ms, timers.WORKFLOW_CACHE, self._workflow_id, tx.next_id(), tail
        )

    def _tail(self, key: str) -> bytes:
        data = key.encode("utf-8", "surrogatepass")
        if len(data) > _KEY_BYTES_MAX:
            data = hashlib.sha256(data).hexdigest().encode()
        return b"%b\x00%b" % (self.name.encode(), data)


def forget_cached(tx: Tx, due_ms: int, workflow_id: int, item: int, tail: Any) -> None:
    """Drop a cached result, unless it was stored anew meanwhile."""
    key = CACHED.key(workflow_id, tail=tail)
    row = tx.get(CACHED, key)
    if row is not None and row.expires_at_ms <= tx.now_ms:
        tx.delete(CACHED, key)
