"""Halves of characters: JSON writes what lies beyond U+FFFF as two escapes, `\\ud83c\\udf89`.

YAML's parser takes neither. It is given a character of the private use area for each half, written
just as long, so that all places stay; what it makes of a scalar is then put right by the source.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Final

_SHIFT: Final = 0xE000 - 0xD800
_HALF: Final = re.compile(r"\\(?:\\|u([dD][89a-fA-F][0-9a-fA-F]{2}))")
_ESCAPE_LIKE: Final = re.compile(r"\\(?:\\|u[dDeE][0-9a-fA-F]{3})")
_STANDS_IN: Final = re.compile("[\ue000-\ue7ff]")
_CHARACTER: Final = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|.)|([\ue000-\ue7ff])", re.DOTALL
)
REPLACEMENT: Final = "\ufffd"


def has_halves(text: str) -> bool:
    """Whether the parser needs a text of its own."""
    return any(found[1] for found in _HALF.finditer(text))


def without_halves(text: str) -> str:
    """What the parser is given, as long as `text`."""
    return _HALF.sub(
        lambda found: f"\\u{int(found[1], 16) + _SHIFT:04x}" if found[1] else found[0], text
    )


def put_back(parsed: str, written: str, style: str | None) -> tuple[str, int | None]:
    """The text that a scalar stands for. `written` is it in the source, `style` its first mark.

    Also where in `written` there is half a character, for which `U+FFFD` stands.
    """
    if style == '"':
        return _put_back_characters(parsed, written)
    if style in ("|", ">"):
        written = written[written.find("\n") :]  # without the header, which may have a comment
    literal = iter(_ESCAPE_LIKE.findall(written))
    return _ESCAPE_LIKE.sub(lambda found: next(literal, found[0]), parsed), None


def _put_back_characters(parsed: str, written: str) -> tuple[str, int | None]:
    """Pairs become one character, whose second half leaves nothing."""
    lone: int | None = None
    texts: list[str] = []
    found = deque(_characters(written))
    while found:
        index, end, code = found.popleft()
        if _is_high(code) and found and found[0][0] == end and _is_low(found[0][2]):
            low = found.popleft()[2]
            texts += [chr(0x10000 + ((code - 0xD800) << 10) + low - 0xDC00), ""]
        elif _is_high(code) or _is_low(code):
            lone = index if lone is None else lone
            texts.append(REPLACEMENT)
        else:
            texts.append(chr(code))
    rest = iter(texts)
    return _STANDS_IN.sub(lambda match: next(rest, match[0]), parsed), lone


def _characters(written: str) -> Iterator[tuple[int, int, int]]:
    """Each half, and each character that looks like what stands in for one: where, and its code."""
    for found in _CHARACTER.finditer(written):
        digits = found[1] or found[2]
        code = int(digits, 16) if digits else ord(found[3]) if found[3] else 0
        if 0xD800 <= code <= 0xDFFF or 0xE000 <= code <= 0xE7FF:
            yield found.start(), found.end(), code


def _is_high(code: int) -> bool:
    return 0xD800 <= code <= 0xDBFF


def _is_low(code: int) -> bool:
    return 0xDC00 <= code <= 0xDFFF
