"""Finds where in the source a part of a scalar's text is.

The text of a quoted or folded scalar differs from its source, which has quotes, escapes and
indentation. Both are compared step by step, skipping what only the source has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from floruntime.engine.workflow.language.yaml_nodes import Scalar

_ONLY_IN_SOURCE: Final = " \t\r\n\\'\""
_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_DIGITS: Final = 4


def indexes_of(source_text: str, scalar: Scalar, offsets: Iterable[int]) -> Iterator[int]:
    """The index in the source of each offset, which must ascend, into a scalar's text.

    Where the two cannot be brought together it is the scalar's start.
    """
    at, passed, is_lost = _begin(source_text, scalar), 0, False
    for offset in offsets:
        for character in scalar.text[passed:offset]:
            at = _pass_over(source_text, at, scalar.end, character)
            is_lost = is_lost or at < 0
            if is_lost:
                break
            at += 1
        passed = offset
        found = (
            -1
            if is_lost
            else _pass_over(source_text, at, scalar.end, scalar.text[offset : offset + 1])
        )
        yield scalar.start if found < 0 else found


def _begin(source_text: str, scalar: Scalar) -> int:
    """Where a scalar's text may begin: after the header of a block."""
    if source_text[scalar.start : scalar.start + 1] in ("|", ">") and not scalar.is_plain:
        return source_text.find("\n", scalar.start)
    return scalar.start


def _pass_over(source_text: str, at: int, end: int, character: str) -> int:
    """The index of `character` from `at` on, or -1 if it does not come next."""
    escape = _ESCAPES.get(character) or _unicode_escape(character)
    while at < end and source_text[at] != character:
        if escape and source_text[at : at + len(escape)].lower() == escape:
            return at + len(escape) - 1
        if source_text[at] not in _ONLY_IN_SOURCE:
            return -1
        at += 1
    return at


def _unicode_escape(character: str) -> str:
    """As JSON escapes it: `\\u00fc`, and beyond U+FFFF two of these."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + _DIGITS]}" for at in range(0, len(units), _DIGITS))
