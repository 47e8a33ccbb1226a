"""The row of a debounce key, which names its run."""

from __future__ import annotations

from typing import Final

from floruntime.core.types import Value
from floruntime.engine.action.run_rows import ActionRunRow
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx


class DebounceRow(Value, frozen=True):
    """`first_ms`: when the run was invoked first."""

    number: int
    first_ms: int


DEBOUNCE: Final[Table[DebounceRow]] = Table(
    b"ad", DebounceRow, action_id="u64", tail="debounce key"
)


def stop_debouncing(tx: Tx, row: ActionRunRow) -> None:
    """A run that has a key is claimed, or has ended: the key stands for it no more."""
    assert row.debounce_key is not None
    tx.delete(DEBOUNCE, DEBOUNCE.key(row.action_id, tail=row.debounce_key.encode()))
    row.debounce_key = None
