"""Inputs and outputs of runs: a small one is in the run's own row, a large one in a row of its own.

Each transition writes a run's row again, so nothing large may be in it. A small document would cost
more as a row of its own. The field in the run's row is the document, or `None` if the document has
its own row or does not exist.
"""

from __future__ import annotations

from typing import Final

from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View

IN_ROW_BYTES_MAX: Final = 256


def keep_document(
    tx: Tx, table: Table[bytes], of_namespace_id: int, number: int, data: bytes
) -> bytes | None:
    """Keep a document of a run; answers what the field of the run's row is to be."""
    if len(data) <= IN_ROW_BYTES_MAX:
        return data
    tx.put(table, table.key(of_namespace_id, number), data)
    return None


def read_document(
    view: View, table: Table[bytes], of_namespace_id: int, number: int, held: bytes | None
) -> bytes | None:
    """The document, `None` where there is none; `held`: the field of the run's row."""
    return view.get(table, table.key(of_namespace_id, number)) if held is None else held


def forget_document(
    tx: Tx, table: Table[bytes], of_namespace_id: int, number: int, held: bytes | None
) -> None:
    """Delete what lies apart of it."""
    if held is None:
        tx.delete(table, table.key(of_namespace_id, number))
