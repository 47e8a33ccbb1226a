"""Listing page by page: the one implementation for every list that the engine gives.

A page has up to `limit` items, and at least one if there is one. It ends before the sizes of its
items pass `REPLY_BYTES_MAX`. It has a cursor as long as something follows, or may follow. A long
search is done in pieces, each of which may give an empty page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from floruntime.core import limits
from floruntime.engine.state.cursors import make_cursor, open_cursor
from floruntime.engine.state.keyspace import Table, next_key
from floruntime.engine.state.named import scan_named
from floruntime.engine.state.tx import View

Row = TypeVar("Row")
Item = TypeVar("Item")
Page = tuple[list[Item], str | None]
"""The items, and the cursor of the page after them."""


class Paged(Protocol):
    """A request for one page of a listing."""

    @property
    def limit(self) -> int: ...
    @property
    def cursor(self) -> str | None: ...


def page_by_name(
    view: View,
    listing: str,
    table: Table[Row],
    owner: int | None,
    request: Paged,
    shown: Callable[[str, Row], Item | None],
    *,
    prefix: bytes = b"",
    primitive: str | None = None,
    size_of: Callable[[Item], int] | None = None,
    looked_at_max: int | None = None,
) -> Page[Item]:
    """A page of what an owner (`None`: the whole server) has under names, in their order.

    `shown`: the item for a name and its row; `None` leaves it out. `primitive`: whose names they
    are, where whoever asks may not see all of them.
    """
    limit = limits.check_limit(request.limit)
    place = () if owner is None else (owner,)
    start, end = table.range(*place, tail=prefix)
    after = open_cursor(listing, owner or 0, request.cursor)
    if after is not None:
        start = next_key(table.key(*place, tail=after))
    rows = (
        view.scan(table, start, end)
        if primitive is None or owner is None
        else scan_named(view, primitive, table, owner, start, end)
    )
    named = (((tail := table.tail_of(key)), shown(tail.decode(), row)) for key, row in rows)
    return page_of(named, limit, listing, owner or 0, size_of, looked_at_max)


def page_by_key(
    view: View,
    listing: str,
    table: Table[Row],
    owner: int,
    request: Paged,
    shown: Callable[[bytes, Row], Item | None],
    *,
    span: tuple[bytes, bytes] | None = None,
    size_of: Callable[[Item], int] | None = None,
    newest_first: bool = False,
) -> Page[Item]:
    """A page of an owner's rows in the order of their keys, or the other way round.

    `shown`: the item for a key and its row; `None` leaves it out. `span`: the rows that there are
    to show, where that is not all that begin with the owner's number.
    """
    limit = limits.check_limit(request.limit)
    start, end = table.range(owner) if span is None else span
    after = open_cursor(listing, owner, request.cursor)
    if after is not None and newest_first:
        end = after
    elif after is not None:
        start = max(start, next_key(after))
    rows = view.scan(table, start, end, reverse=newest_first)
    return page_of(((key, shown(key, row)) for key, row in rows), limit, listing, owner, size_of)


def page_of(
    rows: Iterable[tuple[bytes, Item | None]],
    limit: int,
    listing: str,
    owner_id: int,
    size_of: Callable[[Item], int] | None = None,
    looked_at_max: int | None = None,
) -> Page[Item]:
    """The first `limit` items of `rows` (pairs of position and item), and the cursor after them.

    An item that is `None` is passed over: it makes no further page. `looked_at_max`: a page ends
    after so many rows at the latest, whatever it has found until then, and the next one goes on
    behind what was passed over.
    """
    items: list[Item] = []
    position = b""
    bytes_left = limits.REPLY_BYTES_MAX
    for looked_at, (at, item) in enumerate(rows):
        is_full = item is not None and (len(items) == limit or (bytes_left <= 0 and items))
        if is_full or looked_at == looked_at_max:
            return items, make_cursor(listing, owner_id, position)
        if item is not None:
            items.append(item)
            if size_of is not None:
                bytes_left -= size_of(item)
        elif looked_at_max is None:
            continue
        position = at
    return items, None
