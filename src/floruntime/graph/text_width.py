"""How wide text is, near enough to put a box around it."""

from __future__ import annotations

import unicodedata
from typing import Final

_NARROW: Final = frozenset("iljtfrI.,:;'|!()[]{} -/")
_BROAD: Final = frozenset("mwMWOQGD@%→…")
ELLIPSIS: Final = "…"
BOLD: Final = 1.12


def width_of(text: str, size: float) -> float:
    """The width of a line in a sans-serif font of `size` pixels, rather more than less."""
    return size * sum(map(_share, text))


def bold_width_of(text: str, size: float) -> float:
    """The same, in bold."""
    return width_of(text, size * BOLD)


def _share(character: str) -> float:
    if character in _NARROW:
        return 0.37
    if character in _BROAD:
        return 0.95
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    return 0.72 if character.isupper() else 0.62


def shortened(text: str, chars_max: int) -> str:
    """The text, its middle left out where it is too long."""
    if len(text) <= chars_max:
        return text
    kept = chars_max - 1
    return f"{text[: kept - kept // 3]}{ELLIPSIS}{text[len(text) - kept // 3 :]}"
