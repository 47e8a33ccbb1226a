"""MessagePack in hex with a word of explanation on each line, for the examples of the protocol."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from floruntime.core.framing import LENGTH

Names = list["str | tuple[str, Names]"]
"""What to call the items of an array: a name, or a name and the names inside it."""

_SCALARS = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD3: 8}
_COUNTED = {0xC4: 1, 0xC5: 2, 0xD9: 1, 0xDA: 2}
"""Binary and text, by the width of their length."""
_ARRAY_16 = 0xDC
"""An array of 16 items or more; its count takes two bytes."""


class Token(NamedTuple):
    """One value's own bytes; of an array or map only its head, with the number of its items."""

    data: bytes
    meaning: str
    items: int = 0


def annotated(frame: bytes, names: Names) -> str:
    """A frame as hex, one value a line: bytes, then what they are."""
    body = frame[LENGTH.size :]
    lines = [_line(frame[: LENGTH.size], f"length: {len(body)}", 0)]
    reader = _Reader(body)
    _describe(reader, ("", names), 0, lines)
    assert reader.position == len(body), "one value fills the frame"
    return "\n".join(lines)


def _line(data: bytes, meaning: str, depth: int) -> str:
    return f"{data.hex(' '):<36}  {'  ' * depth}{meaning}"


def _describe(reader: _Reader, name: str | tuple[str, Names], depth: int, lines: list[str]) -> None:
    token = reader.take()
    label, inner = (name, []) if isinstance(name, str) else name
    pieces = [token.data[at : at + 12] for at in range(0, len(token.data), 12)]
    text = f"{label}: {token.meaning}" if label else token.meaning
    lines.append(_line(pieces[0], text, depth))
    lines.extend(_line(piece, "…", depth) for piece in pieces[1:])
    for index in range(token.items):
        _describe(reader, inner[index] if index < len(inner) else "", depth + 1, lines)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def take(self) -> Token:
        start, head = self.position, self._data[self.position]
        items, size = _shape(head, self._data[start + 1 : start + 5])
        self.position = start + size
        data = self._data[start : self.position]
        if head & 0xF0 == 0x90 or head == _ARRAY_16:
            return Token(data, f"array of {items}", items)
        if head & 0xF0 == 0x80:
            return Token(data, f"map of {items}", 2 * items)
        return Token(data, _shown(msgspec.msgpack.decode(data)))


def _shape(head: int, after: bytes) -> tuple[int, int]:
    """How many items follow, and how many bytes the value itself takes."""
    if head < 0x80 or head >= 0xE0:
        return 0, 1
    if head < 0xA0:
        return head & 0x0F, 1
    if head < 0xC0:
        return 0, 1 + (head & 0x1F)
    if head in _SCALARS:
        return 0, 1 + _SCALARS[head]
    if head == _ARRAY_16:
        return int.from_bytes(after[:2], "big"), 3
    width = _COUNTED[head]
    return 0, 1 + width + int.from_bytes(after[:width], "big")


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, bytes):
        return f"binary {value.decode('ascii')!r}"
    return f'text "{value}"' if isinstance(value, str) else str(value)


def hex_of(lines: str) -> bytes:
    """The bytes of an annotated example."""
    return bytes.fromhex("".join(line[:36] for line in lines.splitlines()))


def frames_in(data: bytes) -> Iterator[bytes]:
    """The frame bodies in `data`."""
    while data:
        (size,) = struct.unpack_from("<I", data)
        yield data[4 : 4 + size]
        data = data[4 + size :]
