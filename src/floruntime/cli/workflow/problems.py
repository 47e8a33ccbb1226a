"""Problems of a definition as a compiler shows them: where, what, the line with the part marked,
and what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from rich.cells import cell_len

from floruntime.cli.base.words import counted
from floruntime.core.workflow import Problem, Severity
from floruntime.engine.workflow.language.problem_codes import CODES
from floruntime.engine.workflow.language.source import Source

LINE_CHARS_MAX: Final = 100
"""A longer line is shown in part, around what is wrong."""
_BEFORE_CHARS: Final = 40

_RESET: Final = "\x1b[0m"
_COLORS: Final = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}
_BOLD: Final = "\x1b[1m"
_DIM: Final = "\x1b[2m"

Paint = Callable[[str, str], str]
"""Gives a text its color, on a terminal."""

_PART: Final = re.compile(
    r""""(?:[^"\\]|\\.)*"?        # in double quotes, perhaps not closed on this line
      | '(?:[^']|'')*'?           # in single quotes
      | [\[\]{},]                 # what opens, closes or parts
      | \S(?:[^\s:,\[\]{}#]|:(?=\S)|\#)*   # a word
    """,
    re.VERBOSE,
)


def render(
    problems: Sequence[Problem], text: str, file_name: str, *, is_colored: bool = False
) -> str:
    """All problems of one file's text, and how many there are; nothing if there are none.

    Control characters of the text are shown as `�`, so that a file cannot speak to the terminal.
    """
    source = Source(text.removeprefix("\ufeff"))
    paint = _painted if is_colored else _plain
    shown = [_problem_text(one, source, one.file or file_name, paint) for one in problems]
    return "\n".join([*shown, summary(problems) + "\n"]) if problems else ""


def summary(problems: Sequence[Problem]) -> str:
    """How many there are: `1 error, 2 warnings`."""
    counts = {
        severity.value: sum(one.severity is severity for one in problems) for severity in Severity
    }
    return ", ".join(counted(count, word) for word, count in counts.items() if count)


def _plain(_: str, text: str) -> str:
    return text


def _painted(color: str, text: str) -> str:
    return f"{color}{text}{_RESET}"


def _problem_text(problem: Problem, source: Source, file_name: str, paint: Paint) -> str:
    color = _COLORS[problem.severity]
    place = f"{_harmless(file_name)}:{problem.line}:{problem.column}:"
    kind = paint(color, f"{problem.severity.value}[{problem.code}]:")
    lines = [f"{paint(_BOLD, place)} {kind} {paint(_BOLD, _harmless(problem.message))}"]
    lines += _underlined(problem, source, paint)
    if problem.code in CODES:
        lines.append(paint(_DIM, f"  = {CODES[problem.code].remedy}"))
    return "".join(f"{line}\n" for line in lines)


def _underlined(problem: Problem, source: Source, paint: Paint) -> list[str]:
    """The line of the text, and beneath it the part that is wrong."""
    if problem.line > source.line_count:
        return []
    line = _harmless(source.line(problem.line))
    column = min(problem.column - 1, len(line))
    found = _PART.match(line, column)
    length = len(found[0]) if found else 1
    start = max(0, column - _BEFORE_CHARS) if len(line) > LINE_CHARS_MAX else 0
    cut = line[start : start + LINE_CHARS_MAX]
    part = cut[column - start : column - start + length]
    margin = paint(_DIM, f"{problem.line:>5} | ")
    space = " " * cell_len(cut[: column - start])
    mark = paint(_COLORS[problem.severity], "^" * max(1, cell_len(part)))
    return [f"{margin}{cut}".rstrip(), f"{paint(_DIM, '      | ')}{space}{mark}"]


def _harmless(text: str) -> str:
    """Without anything that a terminal would obey; a tab is one space wide, like a column."""
    return "".join(
        " " if character == "\t" else character if character.isprintable() else "\ufffd"
        for character in text
    )
