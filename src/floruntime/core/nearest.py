"""Suggestions: the valid word that is most like a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

WORD_CHARS_MAX: Final = 64
CHOICES_MAX: Final = 500
_ALIKE: Final = 0.6


def nearest(word: str, choices: Iterable[str], *, cutoff: float = _ALIKE) -> str | None:
    """The choice most like `word`, if any is like it. `_` and capitals do not matter.

    `cutoff`: how much alike, from 0 to 1.
    """
    if len(word) > WORD_CHARS_MAX:
        return None
    known = list(choices)[:CHOICES_MAX]
    folded = {_fold(choice): choice for choice in reversed(known)}
    found = get_close_matches(_fold(word), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def _fold(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
