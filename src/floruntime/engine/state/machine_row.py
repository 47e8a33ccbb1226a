"""The row of the state machine itself: how far its state has come, and since when it has marks."""

from __future__ import annotations

from typing import Final

from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table


class MachineRow(Value, frozen=True):
    """`index`: the last applied entry. `next_id`: the next number for owners and leases.
    `marked_from`: from this number on all is marked that `index_marks.py` marks; -1 where it was
    written by a version that knows of no marks, which leaves the field out each time it writes.
    """

    index: int = 0
    time_ms: int = 0
    next_id: int = 1
    marked_from: int = -1


MACHINE: Final[Table[MachineRow]] = Table(b"mm", MachineRow)
MACHINE_KEY: Final = MACHINE.key()
