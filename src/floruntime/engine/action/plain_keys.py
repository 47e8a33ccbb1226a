"""A shortcut for the common case of a key, in few steps: its first run is claimed, and ends.

It applies if only the number of leased runs can hold the key back: the line is not fair, no rate is
limited, all due runs of the key have the same labels, and more than one waits. The result is the
same as that of `keys.py`, which checks everything that can hold a key back.
"""

from __future__ import annotations

from itertools import islice

from floruntime.core.action import Limits
from floruntime.engine.action.due_runs import due_marker
from floruntime.engine.action.fronts import put_front, take_front
from floruntime.engine.action.key_rows import (
    BEHIND_MAX,
    FRONT,
    KEY,
    KEY_LINE,
    KEYED_RUN,
    PLACE_BYTES,
    Blocked,
    FrontRow,
    KeyLineRow,
    KeyRow,
    LaneRow,
    stored_key,
    stored_line,
)
from floruntime.engine.action.rows import OpenAction
from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.tx import Tx


def is_full(limits: Limits, row: KeyRow) -> bool:
    """Whether no more runs of the key may be at work."""
    return limits.running_per_key is not None and row.running >= limits.running_per_key


def line_of(action: OpenAction, text: str) -> KeyLineRow:
    """The line of a lane, to change."""
    line = action.tx.own(KEY_LINE, stored_line(action.row.id, text))
    assert line is not None, "a lane is of a line"
    return line


def places_after(tx: Tx, key_id: int, lane: LaneRow, gone: bytes) -> bytes:
    """The first place of what is left of a lane, and those right behind it, packed as in keys."""
    end = KEYED_RUN.range(lane.line_id, key_id)[1]
    found = islice(tx.scan(KEYED_RUN, next_key(gone), end), 1 + BEHIND_MAX)
    places = b"".join(key[-PLACE_BYTES:] for key, _ in found)
    assert places, "a lane that waits has a first run"
    return places


def serve_plainly(action: OpenAction, key: str, row: KeyRow, number: int) -> bool:
    """This run of the key is claimed, if that is the common case; else nothing has happened.

    The key has a front. Its row is one's own to change.
    """
    limits, lanes = action.row.settings.limits, row.lanes
    if limits.fair or limits.rate_per_key is not None or len(lanes) != 1 or not key:
        return False
    [(text, lane)] = lanes.items()
    first = lane.first
    if first[2] != number or lane.front != first or lane.waiting == 1:
        return False
    tx, line_id = action.tx, lane.line_id
    gone = KEYED_RUN.key(line_id, row.id, *first)
    tx.delete(KEYED_RUN, gone)
    if not lane.next_places:
        lane.next_places = places_after(tx, row.id, lane, gone)
    lane.shift()
    lane.turn = 0
    row.waiting -= 1
    row.running += 1
    line = line_of(action, text)
    line.waiting -= 1
    take_front(tx, line_id, FRONT.key(line_id, *first))
    if is_full(limits, row):
        row.blocked, lane.front = Blocked.RUNNING_PER_KEY, None
        line.fronts -= 1
        action.row.fronts -= 1
    else:
        row.blocked, lane.front = Blocked.NO, lane.first
        put_front(tx, line_id, FRONT.key(line_id, *lane.first), FrontRow(key, lane.first))
    tx.put(KEY, stored_key(action.row.id, key), row)
    return True


def end_plainly(action: OpenAction, key: str) -> bool:
    """The only run that blocked a key has ended: where its front alone can tell, let it tell.

    So a claim and its end write the row of a key once: see `is_freed`.
    """
    tx, limits = action.tx, action.row.settings.limits
    row = tx.get(KEY, stored_key(action.row.id, key))
    assert row is not None, "a key has a row while a run of it is leased"
    if row.blocked != Blocked.RUNNING_PER_KEY or row.running != 1 or len(row.lanes) != 1:
        return False
    if limits.fair or limits.rate_per_key is not None:
        return False
    [(text, lane)] = row.lanes.items()
    put_front(tx, lane.line_id, FRONT.key(lane.line_id, *lane.first), FrontRow(key, lane.first))
    line_of(action, text).fronts += 1
    action.row.fronts += 1
    tx.touch(due_marker(action))
    return True
