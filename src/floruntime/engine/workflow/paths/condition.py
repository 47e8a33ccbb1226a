"""Conditions of a `choose`: the logical expression of an RFC 9535 filter, on the data of a run."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from floruntime.core.limits import shown
from floruntime.engine.state.json_path.tree import Steps
from floruntime.engine.workflow.paths.errors import PathTooCostly
from floruntime.engine.workflow.paths.filter import compile_test
from floruntime.engine.workflow.paths.path import Head, Remembered, Root, head_of, start_of
from floruntime.engine.workflow.paths.query import Compiler, Start
from floruntime.engine.workflow.paths.syntax import parse_test
from floruntime.engine.workflow.paths.walk import Walk

CONDITIONS_KEPT: Final = 1_024
"""How many parsed conditions are kept to be used again."""


class Condition:
    """A parsed condition. `heads`: all that it touches."""

    __slots__ = ("_test", "heads", "text")

    def __init__(self, text: str) -> None:
        """Raises `PathError`."""
        heads: list[Head] = []

        def split(steps: Steps) -> tuple[Start, int]:
            head, length = head_of(text, steps)
            heads.append(head)
            return start_of(head), length

        self.text = text
        self._test, _ = compile_test(parse_test(text), Compiler(split))
        self.heads = tuple(dict.fromkeys(heads))

    def is_true(self, root: Root) -> bool:
        """Whether it is true of a run. Raises `PathTooCostly`, naming the condition."""
        try:
            return self._test(None, Walk(Remembered(root)))
        except PathTooCostly as error:
            raise PathTooCostly(f"condition {shown(self.text)}: {error}") from None


@lru_cache(maxsize=CONDITIONS_KEPT)
def parse_condition(text: str) -> Condition:
    """The condition that `text` is. Raises `PathError`."""
    return Condition(text)
