"""Listing things by name: all of them, or only those that the caller may read.

A view may have `spans` that allow only parts of the names. Each span is looked up on its own. So a
listing costs nothing for what it does not show, and its cursor contains no hidden name.
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
