"""Problems as they are found: collected, bounded in number, in the order of the text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from floruntime.core.nearest import nearest
from floruntime.core.workflow import Problem, Severity
from floruntime.engine.workflow.language.problem_codes import CODES
from floruntime.engine.workflow.language.source import Source

PROBLEMS_MAX: Final = 100
"""Problems told at once; when there are more, one more says how many."""

KeyPath = tuple[str | int, ...]
"""Where something stands in the document: keys and positions in lists."""

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*")


def path_text(path: KeyPath) -> str:
    """A path as people read it: `steps.charge.retry`, `plans["a plan"].executors[0]`."""
    parts = [_part_text(step) for step in path]
    return "".join(parts).removeprefix(".")


def _part_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _PLAIN_KEY.fullmatch(step):
        return f".{step}"
    escaped = step.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'


class Problems:
    """All that is wrong with one text."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: dict[Severity, dict[tuple[int, int, str, str], Problem]] = {
            severity: {} for severity in Severity
        }
        self._more = dict.fromkeys(Severity, 0)
        self.erroneous: set[KeyPath] = set()
        """Where errors stand."""

    def add(self, code: str, path: KeyPath, index: int, message: str) -> None:
        """Note a problem at a character of the text; one that is known already is left out."""
        severity = CODES[code].severity
        if severity is Severity.ERROR:
            self.erroneous.add(path)
        line, column = self._source.place(index)
        key = (line, column, code, message)
        found = self._found[severity]
        if len(found) < PROBLEMS_MAX:
            found[key] = Problem(code, severity, message, path_text(path), line, column)
        elif key not in found:
            self._more[severity] += 1

    def suggest(self, word: str, choices: Iterable[str]) -> str:
        """`; did you mean …?`, or nothing; nothing, too, once no more problems are shown."""
        is_shown = len(self._found[Severity.ERROR]) < PROBLEMS_MAX
        choice = nearest(word, choices) if is_shown else None
        return f"; did you mean {choice}?" if choice else ""

    def listed(self) -> list[Problem]:
        """In the order of the text."""
        found = {key: problem for some in self._found.values() for key, problem in some.items()}
        ordered = [found[key] for key in sorted(found)]
        last = self._source.place(len(self._source.text))
        for severity, count in self._more.items():
            if count:
                code = "E117" if severity is Severity.ERROR else "W612"
                message = f"there are {count} more problems of this severity"
                ordered.append(Problem(code, severity, message, "", *last))
        return ordered
