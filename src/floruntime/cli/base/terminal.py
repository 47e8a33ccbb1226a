"""What may reach a terminal: text without anything that it would obey, cut to its width.

A control character, an escape sequence or a mark of writing direction in what somebody stored is
shown by its escape (`\\x1b`, `\\u202e`). Into a pipe everything goes as it is.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from typing import Any

from floruntime.core.printable import printable

GAP = "  "
CUT = "…"
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def is_terminal(stream: Any) -> bool:
    """Whether a standard stream is there, open, and a terminal."""
    try:
        return stream is not None and bool(stream.isatty())
    except ValueError:  # it was closed
        return False


def harmless_lines(text: str) -> str:
    """A text of several lines, whose ends and tabs stay, with nothing that a terminal obeys."""
    return printable(text, keep="\n\t")


def table_text(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """A table no wider than `width`: what does not fit is cut, in the last column first.

    Words stay whole; a `…` stands where something was left out.
    """
    lines = [[name.upper() for name in columns], *rows]
    widths = _fitted([max(map(_cells, column)) for column in zip(*lines, strict=True)], width)
    head, *body = (_line(line, widths) for line in lines)
    return "".join(f"{line}\n" for line in (f"\x1b[1m{head}\x1b[0m", *body))


def terminal_width() -> int:
    """How many columns the terminal has; COLUMNS overrides, 80 where neither tells."""
    return max(1, shutil.get_terminal_size().columns)


def _fitted(widths: list[int], width: int) -> list[int]:
    """Take what is too much from the last column, then from the one before, and so on."""
    fitted = list(widths)
    surplus = sum(fitted) + len(GAP) * (len(fitted) - 1) - width
    for index in reversed(range(len(fitted))):
        taken = min(max(0, surplus), fitted[index] - 1)
        fitted[index] -= taken
        surplus -= taken
    return fitted[: (width + len(GAP)) // (1 + len(GAP))] if surplus > 0 else fitted


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = list(zip(cells, widths, strict=False))  # columns that have no room at all are left out
    cut = [(_cut(cell, width), width) for cell, width in pairs]
    return GAP.join(cell + " " * (width - _cells(cell)) for cell, width in cut).rstrip()


def _cut(text: str, width: int) -> str:
    """As many whole words of `text` as `width` has room for."""
    if _cells(text) <= width:
        return text
    kept, room = "", width - _cells(CUT)
    for word in _pieces(text):
        room -= _cells(word)
        if room < 0:
            break
        kept += word
    return kept.rstrip() + CUT


def _pieces(text: str) -> list[str]:
    """Words, spaces, marks. Scripts that put no spaces between words part at each character."""
    words = _WORDS.findall(text)
    return [part for word in words for part in (word if _cells(word) > len(word) else [word])]


def _cells(text: str) -> int:
    """How many columns a terminal shows `text` in."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
