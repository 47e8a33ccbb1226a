"""Paths as text: parsed by `python-jsonpath` in its strict mode, which follows RFC 9535.

Only its parser is used, and corrected where it departs from the standard: names beyond the basic
plane, exact integers, what parentheses and `!` may stand before; no functions but `length`, `count`
and `value`. (`match` and `search` are
left out of the language: the cost of a regular expression cannot be bounded.)
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.exceptions import JSONPathNameError, JSONPathSyntaxError
from jsonpath.filter import BaseExpression, FloatLiteral, IntegerLiteral, PrefixExpression
from jsonpath.function_extensions import Count, Length, Value
from jsonpath.lex import Lexer
from jsonpath.parse import Parser
from jsonpath.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath.selectors import IndexSelector, NameSelector
from jsonpath.stream import TokenStream

from floruntime.core.limits import shown
from floruntime.engine.workflow.paths.errors import PathError

Segments = tuple[JSONPathSegment, ...]
PATH_BYTES_MAX: Final = 1024
DEPTH_MAX: Final = 16
OPERATORS_MAX: Final = 128
REGEX_FUNCTIONS: Final = ("match", "search")


_NAME_FIRST: Final = "a-zA-Z_\u0080-\ud7ff\ue000-\U0010ffff"
_NAME: Final = f"[{_NAME_FIRST}][{_NAME_FIRST}0-9\\-]*"
_QUOTED: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_MARK: Final = re.compile(r"[\[\]()!<>=&|]")
_STEP: Final = rf"\.({_NAME})|\[(0|-?[1-9][0-9]{{0,8}})\]"
_PLAIN_STEP: Final = re.compile(_STEP)
_PLAIN: Final = re.compile(rf"\$(?:{_STEP})*")


class _Lexer(Lexer):
    # The library stops at U+FFFF and lets surrogates in. It also lets `-` stand within a name,
    # which the standard does not; kept, because names of steps and keys often have one.
    key_pattern = _NAME


PARENTHESES: Final = "()"
"""The operator of a parenthesized expression, which may be tested but not compared."""


class _Parser(Parser):
    def parse_integer_literal(self, stream: TokenStream) -> BaseExpression:
        token = stream.current()
        digits = token.value.removeprefix("-")
        if not digits.isdigit():
            stream.next()
            return FloatLiteral(value=float(token.value))
        if len(digits) > 1 and digits[0] == "0":
            raise JSONPathSyntaxError("leading zero in a number", token=token)
        # The library reads digits by way of a float, which has no room for all of them.
        stream.next()
        return IntegerLiteral(value=int(token.value))

    def parse_grouped_expression(self, stream: TokenStream) -> BaseExpression:
        return PrefixExpression(PARENTHESES, super().parse_grouped_expression(stream))

    def parse_prefix_expression(self, stream: TokenStream) -> BaseExpression:
        token = stream.current()
        negation = super().parse_prefix_expression(stream)
        assert isinstance(negation, PrefixExpression)
        if isinstance(negation.right, PrefixExpression) and negation.right.operator != PARENTHESES:
            raise JSONPathSyntaxError("'!' before '!'", token=token)
        return negation


class _Environment(JSONPathEnvironment):
    lexer_class = _Lexer
    parser_class = _Parser

    def setup_function_extensions(self) -> None:
        self.function_extensions.update(length=Length(), count=Count(), value=Value())


_ENVIRONMENT: Final = _Environment(strict=True)


def plain_steps(text: str) -> tuple[str | int | None, ...] | None:
    """The names and indexes of a path such as `$.input.items[0].id`, which nearly all are; `None`
    for one that needs the parser. A fifth of the time.
    """
    if not _PLAIN.fullmatch(text) or len(text) > PATH_BYTES_MAX // 4:
        return None
    return tuple(
        step[1] if step[2] is None else int(step[2]) for step in _PLAIN_STEP.finditer(text, 1)
    )


def single_steps(segments: Segments) -> tuple[str | int | None, ...]:
    """For each segment, the name or index if it selects only that, else `None`."""
    return tuple(_single_step(segment) for segment in segments)


def _single_step(segment: JSONPathSegment) -> str | int | None:
    if isinstance(segment, JSONPathChildSegment) and len(segment.selectors) == 1:
        match segment.selectors[0]:
            case NameSelector(name=name):
                return name
            case IndexSelector(index=index):
                return index
    return None


def parse_query(text: str) -> JSONPath:
    """The query that `text` is. Raises `PathError`."""
    _check_size(text)
    try:
        query = _ENVIRONMENT.compile(text)
    except JSONPathNameError as error:
        raise _unknown_function(text, error) from None
    except JSONPathError as error:
        raise PathError("E501", f"path {shown(text)} is no JSONPath: {_reason(error)}") from None
    except (ValueError, OverflowError) as error:  # a number that the library chokes on
        raise PathError("E501", f"path {shown(text)} is no JSONPath: {error}") from None
    assert isinstance(query, JSONPath)  # strict mode knows no unions of paths
    return query


def _check_size(text: str) -> None:
    """Raise `PathError` for what would take the parser, which recurses, too deep or too long."""
    if len(text.encode(errors="replace")) > PATH_BYTES_MAX:
        raise PathError("E505", f"path {shown(text)} is longer than {PATH_BYTES_MAX:,} bytes")
    marks = "".join(_MARK.findall(_QUOTED.sub("", text)))
    depth = max(accumulate((1 if mark == "[" else -(mark == "]") for mark in marks), initial=0))
    if depth > DEPTH_MAX or len(marks) - marks.count("[") - marks.count("]") > OPERATORS_MAX:
        raise PathError(
            "E505",
            f"path {shown(text)} is too complex: at most {DEPTH_MAX} brackets within one another "
            f"and {OPERATORS_MAX} characters of operators and parentheses are allowed",
        )


def _reason(error: JSONPathError) -> str:
    place = f" at character {error.token.index + 1}" if error.token else ""
    return f"{error.message}{place}"


def _unknown_function(text: str, error: JSONPathNameError) -> PathError:
    name = error.token.value if error.token else "?"
    why = "its cost cannot be bounded" if name in REGEX_FUNCTIONS else "there is none of that name"
    return PathError(
        "E504",
        f"path {shown(text)} uses the function {name}(): {why}; length, count and value are there",
    )
