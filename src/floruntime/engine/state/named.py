"""Listing what has names: all of it, or only what whoever asks may read.

A view whose `spans` say so shows parts of the names alone. They are sought one by one, so that a
listing costs no more for what it does not show, and its cursor names nothing of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import View

Row = TypeVar("Row")


def scan_named(
    view: View, primitive: str, table: Table[Row], owner: int, start: bytes, end: bytes
) -> Iterator[tuple[bytes, Row]]:
    """Rows with `start <= key < end`, whose names are their keys' tails, in order."""
    if view.spans is None:
        yield from view.scan(table, start, end)
        return
    for low, high in view.spans[primitive]:
        first = max(start, table.key(owner, tail=low))
        last = min(end, table.key(owner, tail=high)) if high else end
        if first < last:
            yield from view.scan(table, first, last)
