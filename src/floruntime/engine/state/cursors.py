"""Opaque cursors: where the next page of one listing begins.

A cursor names its listing and what it lists (a namespace, queue or stream, by number), and has a
checksum. So a foreign or damaged cursor is refused and not read as a position.

In a state that went back (`engine/system/eras.py`) a cursor also names its history. A cursor
without a name is from before that, and is refused.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

import msgspec

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown

_ERA_END: Final = "."


def of_era(cursor: str, era: int) -> str:
    """Return the cursor as it is sent in the history that began at number `era`; 0: the first
    history.
    """
    return f"{era}{_ERA_END}{cursor}" if era else cursor


def era_of(cursor: str) -> tuple[int, str]:
    """Return the history of a cursor, and the cursor as it was made."""
    era, dot, made = cursor.partition(_ERA_END)
    if not dot:
        return 0, cursor
    return (int(era), made) if era.isascii() and era.isdecimal() and len(era) < 20 else (0, cursor)


def make_cursor(listing: str, owner_id: int, position: bytes) -> str:
    """The text that continues `listing` of `owner_id` after `position`."""
    body = msgspec.msgpack.encode((listing, owner_id, position))
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode()


def open_cursor(listing: str, owner_id: int, cursor: str | None) -> bytes | None:
    """The position in `cursor`; `None` for the first page. Raises `BadRequestError`."""
    if cursor is None:
        return None
    of_listing, of_owner, position = _read(cursor)
    if (of_listing, of_owner) != (listing, owner_id):
        raise BadRequestError(f"cursor {shown(cursor)} belongs to another listing")
    return position


def check_made(cursor: str) -> None:
    """Raise `BadRequestError` if no server made this cursor."""
    _read(cursor)


def _read(cursor: str) -> tuple[str, int, bytes]:
    try:
        data = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        if zlib.crc32(data[4:]).to_bytes(4, "big") != data[:4]:
            raise ValueError("bad checksum")
        return msgspec.msgpack.decode(data[4:], type=tuple[str, int, bytes])
    except (ValueError, UnicodeEncodeError, binascii.Error, msgspec.DecodeError):
        raise BadRequestError(f"cursor {shown(cursor)} is not one that this server gave") from None
