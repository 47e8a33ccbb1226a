"""Positions in a stream, in the forms in which callers may give them."""

from __future__ import annotations

from collections.abc import Iterable

from floruntime.client.api.base.values import several
from floruntime.core.errors import BadTypeError
from floruntime.core.limits import shown
from floruntime.core.stream import StreamID, StreamRecord

Position = StreamID | str
"""An id, its text, `"0"` (the beginning) or `"$"` (after the last record)."""
RecordId = StreamID | str | StreamRecord
RecordIds = RecordId | Iterable[RecordId]
"""One id (or its text, or the record), or several: at most 1,000."""


def position_text(field: str, position: Position) -> str:
    """Return a position as a request has it: an id's text, `0` or `$`."""
    if position in ("0", "$"):
        return str(position)
    if isinstance(position, StreamID):
        return str(position)
    if isinstance(position, str):
        return str(StreamID.parse(position))
    raise BadTypeError(f"{field} is {shown(position)}; it must be a StreamID, its text, '0' or '$'")


def optional_text(field: str, position: Position | None) -> str | None:
    """Like `position_text`, for a position that may be left out."""
    return None if position is None else position_text(field, position)


def id_of(item: RecordId) -> StreamID:
    """Return the id that `item` is, or has."""
    if isinstance(item, StreamRecord):
        return item.id
    if isinstance(item, StreamID):
        return item
    if isinstance(item, str):
        return StreamID.parse(item)
    raise BadTypeError(f"{shown(item)} is no record id; give a StreamID, its text or a record")


def listed(ids: RecordIds) -> list[RecordId]:
    """Return a list of ids; a caller may give a single one."""
    return [ids] if isinstance(ids, (StreamID, str, StreamRecord)) else several("ids", ids)
