"""Texts of definitions for tests, with the place of what is wrong marked in them."""

from __future__ import annotations

from typing import Final

from floruntime.core.workflow import Problem
from floruntime.engine.workflow.language.definition import Definition
from floruntime.engine.workflow.language.validation import check

MARK: Final = "«"

HEAD: Final = """\
kind: Workflow
name: orders
version: "1"
"""
START: Final = """\
start:
  run: "@actions/validate"
  transitions:
    success: flo.Completed
"""


def with_head(rest: str) -> str:
    """A definition of which `rest` is all but the first three keys."""
    return HEAD + rest


def with_start(rest: str) -> str:
    """A definition of which `rest` is all but the first keys and a first step."""
    return HEAD + START + rest


def marked(text: str) -> tuple[str, int, int]:
    """The text without its mark, and the line and column where that stood."""
    before, _, after = text.partition(MARK)
    return before + after, before.count("\n") + 1, len(before) - before.rfind("\n")


def problems_of(text: str) -> list[Problem]:
    return check(text.encode()).problems


def definition_of(text: str) -> Definition:
    """The definition that a text is, which must have no errors."""
    checked = check(text.encode())
    assert checked.definition is not None, checked.problems
    return checked.definition
