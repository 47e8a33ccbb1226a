"""Opaque cursors: where the next page of one listing begins.

A cursor names its listing and what it lists (a namespace, queue or stream, by number), and carries
a checksum, so that a foreign or garbled one is refused rather than read as a position.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import REPLY_BYTES_MAX, shown

Item = TypeVar("Item")


def make_cursor(listing: str, owner_id: int, position: bytes) -> str:
    """The text that continues `listing` of `owner_id` after `position`."""
    body = msgspec.msgpack.encode((listing, owner_id, position))
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode()


def open_cursor(listing: str, owner_id: int, cursor: str | None) -> bytes | None:
    """The position in `cursor`; `None` for the first page. Raises `BadRequestError`."""
    if cursor is None:
        return None
    try:
        data = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        if zlib.crc32(data[4:]).to_bytes(4, "big") != data[:4]:
            raise ValueError("bad checksum")
        of_listing, of_owner, position = msgspec.msgpack.decode(
            data[4:], type=tuple[str, int, bytes]
        )
    except (ValueError, UnicodeEncodeError, binascii.Error, msgspec.DecodeError):
        raise BadRequestError(f"cursor {shown(cursor)} is not one that this server gave") from None
    if (of_listing, of_owner) != (listing, owner_id):
        raise BadRequestError(f"cursor {shown(cursor)} belongs to another listing")
    return position


def page_of(
    rows: Iterable[tuple[bytes, Item]],
    limit: int,
    listing: str,
    owner_id: int,
    size_of: Callable[[Item], int] | None = None,
) -> tuple[list[Item], str | None]:
    """The first `limit` items of `rows` (pairs of position and item), and the cursor after them.

    A page also ends, with at least one item, when the items' sizes reach `REPLY_BYTES_MAX`.
    """
    items: list[Item] = []
    position = b""
    bytes_left = REPLY_BYTES_MAX
    for at, item in rows:
        if len(items) == limit or (bytes_left <= 0 and items):
            return items, make_cursor(listing, owner_id, position)
        items.append(item)
        position = at
        if size_of is not None:
            bytes_left -= size_of(item)
    return items, None
