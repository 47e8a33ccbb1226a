"""Opaque cursors: where the next page of one listing begins.

A cursor names its listing and what it lists (a namespace, queue or stream, by number), and carries
a checksum, so that a foreign or garbled one is refused rather than read as a position.
"""

from __future__ import annotations

import base64
import binascii
import zlib

import msgspec

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown


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
