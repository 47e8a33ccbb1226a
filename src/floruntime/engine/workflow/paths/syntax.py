"""Paths as text: parsed as RFC 9535 says (`engine/state/json_path`), within bounds."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from floruntime.core.limits import shown
from floruntime.engine.state.json_path.parser import (
    NAME,
    NODES_FUNCTIONS,
    VALUE_FUNCTIONS,
    JsonPathError,
    UnknownFunctionError,
    parse,
    parse_condition,
)
from floruntime.engine.state.json_path.tree import Query, Steps, Test
from floruntime.engine.workflow.paths.errors import PathError

PATH_BYTES_MAX: Final = 1024
DEPTH_MAX: Final = 16
OPERATORS_MAX: Final = 128
REGEX_FUNCTIONS: Final = ("match", "search")

_QUOTED: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_MARK: Final = re.compile(r"[\[\]()!<>=&|]")
_STEP: Final = rf"\.({NAME})|\[(0|-?[1-9][0-9]{{0,8}})\]"
_PLAIN_STEP: Final = re.compile(_STEP)
_PLAIN: Final = re.compile(rf"\$(?:{_STEP})*")


def plain_steps(text: str) -> Steps | None:
    """The names and indexes of a path such as `$.input.items[0].id`, which nearly all are; `None`
    for one that needs the parser. A fifth of the time.
    """
    if not _PLAIN.fullmatch(text) or len(text) > PATH_BYTES_MAX // 4:
        return None
    return tuple(
        step[1] if step[2] is None else int(step[2]) for step in _PLAIN_STEP.finditer(text, 1)
    )


def parse_query(text: str) -> Query:
    """The query that `text` is. Raises `PathError`."""
    _check_size(text)
    try:
        return parse(text)
    except UnknownFunctionError as error:
        raise _unknown_function(text, error.name) from None
    except JsonPathError as error:
        raise PathError("E501", f"path {shown(text)} is not a JSONPath: {error}") from None


def parse_test(text: str) -> Test:
    """The condition that `text` is. Raises `PathError`."""
    _check_size(text, "condition")
    try:
        return parse_condition(text)
    except UnknownFunctionError as error:
        raise _unknown_function(text, error.name, "condition") from None
    except JsonPathError as error:
        raise PathError("E506", f"condition {shown(text)} is not valid: {error}") from None


def _check_size(text: str, what: str = "path") -> None:
    """Raise `PathError` for what would take the parser, which recurses, too deep or too long."""
    if len(text.encode(errors="replace")) > PATH_BYTES_MAX:
        raise PathError("E505", f"{what} {shown(text)} is longer than {PATH_BYTES_MAX:,} bytes")
    marks = "".join(_MARK.findall(_QUOTED.sub("", text)))
    depth = max(accumulate((1 if mark == "[" else -(mark == "]") for mark in marks), initial=0))
    if depth > DEPTH_MAX or len(marks) - marks.count("[") - marks.count("]") > OPERATORS_MAX:
        raise PathError(
            "E505",
            f"{what} {shown(text)} is too complex: at most {DEPTH_MAX} brackets within one another "
            f"and {OPERATORS_MAX} characters of operators and parentheses are allowed",
        )


def _unknown_function(text: str, name: str, what: str = "path") -> PathError:
    why = "its cost cannot be bounded" if name in REGEX_FUNCTIONS else ("there is no such function")
    *others, last = (*VALUE_FUNCTIONS, *NODES_FUNCTIONS)
    return PathError(
        "E504",
        f"{what} {shown(text)} uses the function {name}(): {why}; {', '.join(others)} and "
        f"{last} are allowed",
    )
