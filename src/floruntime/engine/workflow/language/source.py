"""The text of a definition and the places in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

_BREAK: Final = re.compile(r"\r\n|\r|\n")


class Source:
    """A text whose characters are known by index; lines and columns count from 1.

    Lines end as in YAML 1.2 (the parser's own counting also knows three breaks of YAML 1.1).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._line_starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def place(self, index: int) -> tuple[int, int]:
        """The line and column of a character; of the last one, for an index beyond the text."""
        index = max(0, min(index, len(self.text)))
        line = bisect_right(self._line_starts, index)
        return line, index - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """A line without its break."""
        ends = [*self._line_starts[number : number + 1], len(self.text)]
        return self.text[self._line_starts[number - 1] : ends[0]].rstrip("\r\n")

    @property
    def line_count(self) -> int:
        """Lines, the last of which may be empty."""
        return len(self._line_starts)
