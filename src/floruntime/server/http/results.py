"""Results as JSON: structs by their field names, bytes as text if they are UTF-8."""

from __future__ import annotations

from base64 import b64encode
from enum import Enum
from typing import Any

import msgspec

from floruntime.core.stream import StreamID
from floruntime.core.types import Page
from floruntime.server.http.kinds import BASE64
from floruntime.server.long_work import LongWork

_encode = msgspec.json.Encoder().encode


def to_json(result: Any) -> bytes:
    """The result of a call as JSON text."""
    return _encode(plain(result))


async def to_json_pieces(result: Any, long_work: LongWork) -> list[bytes]:
    """The same in pieces. A list may be large, so its pieces are made in turns: others are served
    in between.
    """
    if not isinstance(result, list) or not result:
        return [to_json(result)]
    pieces = await long_work.each(to_json, result)
    parts = [part for piece in pieces for part in (b",", piece)]
    return [b"[", *parts[1:], b"]"]


def plain(value: Any) -> Any:
    """The same of what JSON has: texts, numbers, lists and objects."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int, float, msgspec.Raw)):
        return value
    if isinstance(value, bytes):
        return bytes_as_json(value)
    if isinstance(value, StreamID):
        return str(value)
    if isinstance(value, msgspec.Struct):
        return _members(value)
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, Page):
        items = [plain(each) for each in value]
        return {"items": items, "cursor": value.cursor, "has_more": value.has_more}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(each) for name, each in value._asdict().items()}
    return [plain(each) for each in value]


def bytes_as_json(data: bytes) -> str | dict[str, str]:
    """Text where it is UTF-8, else `{"base64": "…"}`."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {BASE64: b64encode(data).decode("ascii")}


def _members(value: msgspec.Struct) -> dict[str, Any]:
    members = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if hasattr(value, "has_more"):
        members["has_more"] = value.has_more
    return members
