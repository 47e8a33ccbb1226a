"""Which history this state belongs to, and which numbers belong to another history.

A store can go back: a backup is restored, a loss is accepted, or the state was in memory and is
lost. But clients live on, with numbers from the lost future. So the store then begins a new
*history* (an era) with an id, and all its numbers (leases, runs, seqs, versions) jump over
everything that may have been given before. No number is ever given twice. A number in such a gap is
known to belong to another history. Everything before the gap is common to both, and still valid.

The gap is wide because of the server: a history's numbers begin at its wall clock in milliseconds
times 1,024, and no server gives numbers that fast (`server/eras.py`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from floruntime.core.system import HistoryBegin, HistoryEnd
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.store import Changes, Reader, Store
from floruntime.engine.system import write_memory

HISTORIES_MAX = 1_000
"""So many are remembered; of the oldest it is then known only that they were."""
STRIDE: Final = 2**32
"""The least jump, whatever the server's clock says."""


class Era(Value, frozen=True):
    """One history: from `began_at_ms` on. Its numbers are higher than `floor` (0: it is the first,
    and its numbers begin at 1).

    `index`, `left_at_ms`, `last_id`: how many commands the state had seen when it began, the time
    of the last of them, and the last number of the machine that they had used.
    """

    id: str
    began_at_ms: int
    floor: int
    index: int
    left_at_ms: int
    last_id: int
    reason: str


class ErasRow(Value, frozen=True):
    """All eras, oldest first. `ended`: why the next start begins another one; empty: it goes on."""

    eras: tuple[Era, ...] = ()
    ended: str = ""


ERAS: Final[Table[ErasRow]] = Table(b"he", ErasRow, cached=True)
ERAS_KEY: Final = ERAS.key()
_BEGIN: Final = "begin of history"
_NONE: Final = ErasRow()


def row_of(view: View) -> ErasRow:
    """What is known of this state's histories; nothing in a store that was never served."""
    return view.get(ERAS, ERAS_KEY) or _NONE


def id_of(view: View) -> str:
    """The id of the history that goes on now; empty before the first began."""
    eras = row_of(view).eras
    return eras[-1].id if eras else ""


def floor_of(view: View) -> int:
    """Numbers that are given from now on are higher than this."""
    row = view.get(ERAS, ERAS_KEY)
    return row.eras[-1].floor if row is not None and row.eras else 0


def begin_of(view: View) -> int:
    """The first number of this history; 0 where the state knows of nothing before it."""
    row = row_of(view)
    return row.eras[-1].floor if row.eras and row.eras[-1].index else 0


def floor_in(tx: Tx) -> int:
    """As `floor_of`, for a command: most writes ask, and it changes with the history alone."""
    floor: int | None = tx.hints.get(ERAS_KEY)
    if floor is None:
        floor = tx.hints[ERAS_KEY] = floor_of(tx)
    return floor


def begin_in(tx: Tx) -> int:
    """As `begin_of`, for a command."""
    begin: int | None = tx.hints.get(_BEGIN)
    if begin is None:
        begin = tx.hints[_BEGIN] = begin_of(tx)
    return begin


def floor_above(view: View, number: int) -> int:
    """The lowest floor above `number`; 0 if no history has begun behind it."""
    return next((era.floor for era in row_of(view).eras if era.floor > number), 0)


def is_lost_id(view: View, number: int) -> bool:
    """Whether `number`, of the machine's own (a lease, a run), was given in another history."""
    return any(era.last_id < number <= era.floor for era in row_of(view).eras)


def is_lost_time(view: View, at_ms: int) -> bool:
    """Whether this state has not seen that time, though one that was left behind has."""
    return any(era.floor and era.left_at_ms < at_ms < era.began_at_ms for era in row_of(view).eras)


def told(view: View) -> str:
    """What is said of a thing that belongs to another history."""
    eras = row_of(view).eras
    reason = f" ({eras[-1].reason})" if eras and eras[-1].reason else ""
    return f"belongs to another history of this server, which went back to an earlier state{reason}"


# Beginning, and ending


def begin(tx: Tx, request: HistoryBegin) -> None:
    """Go on as the history `id`. One that goes on after another forgets the clients of that one,
    unless it is told to keep them.
    """
    row = row_of(tx)
    floor = 0
    last_id = tx.last_id()
    if request.floor:
        floor = max(request.floor, last_id + STRIDE, floor_of(tx) + STRIDE)
        tx.jump_ids(floor)
        if not request.keeps_clients:
            write_memory.forget_all(tx)
    era = Era(
        request.id, tx.now_ms, floor, request.index, request.left_at_ms, last_id, request.reason
    )
    tx.hints.pop(ERAS_KEY, None)
    tx.hints.pop(_BEGIN, None)
    tx.put(ERAS, ERAS_KEY, ErasRow((*row.eras, era)[-HISTORIES_MAX:]))


def end(tx: Tx, request: HistoryEnd) -> None:
    """Let the next start begin a new history, or (without a reason) not."""
    tx.put(ERAS, ERAS_KEY, msgspec.structs.replace(row_of(tx), ended=request.reason))


def end_stored(store: Store, reason: str) -> None:
    """The same for a store that nobody serves: a copy, or one that lost something."""
    store.write(Changes({ERAS_KEY: ended(store, reason)}, []))


def ended(reader: Reader, reason: str) -> bytes:
    """The row as it lies in a store whose history has ended."""
    return msgspec.msgpack.encode(msgspec.structs.replace(stored(reader), ended=reason))


def stored(reader: Reader) -> ErasRow:
    """The row as it lies in a store."""
    data = reader.get(ERAS_KEY)
    row: ErasRow = _NONE if data is None else ERAS.decode(data)
    return row
