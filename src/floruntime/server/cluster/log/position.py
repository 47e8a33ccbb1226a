"""How far a store has followed its log; the position is a row of the store itself."""

from __future__ import annotations

import msgspec

from floruntime.engine.store import Reader
from floruntime.server.cluster.log.message import POSITION, POSITION_KEY, Position

encode_position = msgspec.msgpack.Encoder().encode


def position_in(reader: Reader) -> Position:
    """The position that was written last."""
    data = reader.get(POSITION_KEY)
    position: Position = Position() if data is None else POSITION.decode(data)
    return position
