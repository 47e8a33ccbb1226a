"""Positions and partitions of a stream, as callers name them.

A position is an id, `0` (the beginning) or `$` (after the last record).
"""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.stream import StreamID
from floruntime.engine.stream.rows import (
    BEGINNING,
    Id,
    StreamRow,
    StreamStateRow,
    before,
    internal,
    partition_of_key,
)


def parse_position(text: str, state: StreamStateRow) -> Id:
    """The id that `text` names; `0` is before every record, `$` the last record's id."""
    if text == "0":
        return BEGINNING
    if text == "$":
        return state.last
    return internal(StreamID.parse(text))


def parse_start(text: str, state: StreamStateRow) -> Id:
    """The id after which a reader that starts at `text` (included) begins."""
    position = parse_position(text, state)
    return position if text in ("0", "$") else before(position)


def choose_partition(
    stream: StreamRow, partition: int | None, partition_key: str | None
) -> int | None:
    """The partition that is named or that the key maps to; `None` where neither is given."""
    if partition is not None:
        limits.check_range("partition", partition, 0, stream.partitions - 1)
    if partition_key is None:
        return partition
    of_key = partition_of_key(partition_key, stream.partitions)
    if partition is not None and partition != of_key:
        raise BadRequestError(
            f"partition is {partition}, but partition_key {limits.shown(partition_key)} maps to "
            f"partition {of_key}; give one of the two"
        )
    return of_key
