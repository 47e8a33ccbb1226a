"""The row of the state machine itself: how far its state is, and since when it has marks."""

from __future__ import annotations

from typing import Final

from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table


class MachineRow(Value, frozen=True):
    """The state machine's own row.

    `index`: the last applied entry. `next_id`: the next number for owners and leases.
    `marked_from`: from this number on, everything has the marks of `index_marks.py`. It is -1 if a
    version without marks wrote the row, because such a version leaves the field out.
    """

    index: int = 0
    time_ms: int = 0
    next_id: int = 1
    marked_from: int = -1


MACHINE: Final[Table[MachineRow]] = Table(b"mm", MachineRow)
MACHINE_KEY: Final = MACHINE.key()
