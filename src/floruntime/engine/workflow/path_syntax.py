"""Paths as text: parsed by `python-jsonpath` in its strict mode, which follows RFC 9535.

Only its parser is used, and corrected where it departs from the standard: names beyond the basic
plane, exact integers, no functions but `length`, `count` and `value`. (`match` and `search` are
left out of the language: the cost of a regular expression cannot be bounded.)
"""

from __future__ import annotations

from typing import Final

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.exceptions import JSONPathNameError
from jsonpath.filter import BaseExpression, FloatLiteral, IntegerLiteral
from jsonpath.function_extensions import Count, Length, Value
from jsonpath.lex import Lexer
from jsonpath.parse import Parser
from jsonpath.stream import TokenStream

from floruntime.core.limits import shown
from floruntime.engine.workflow.path_errors import PathError

PATH_BYTES_MAX: Final = 1024
REGEX_FUNCTIONS: Final = ("match", "search")


_NAME_FIRST: Final = "a-zA-Z_\u0080-\ud7ff\ue000-\U0010ffff"


class _Lexer(Lexer):
    # The library stops at U+FFFF and lets surrogates in. It also lets `-` stand within a name,
    # which the standard does not; kept, because names of steps and keys often have one.
    key_pattern = f"[{_NAME_FIRST}][{_NAME_FIRST}0-9\\-]*"


class _Parser(Parser):
    def parse_integer_literal(self, stream: TokenStream) -> BaseExpression:
        text = stream.current().value
        if text.lstrip("-").isdigit():
            # The library reads digits by way of a float, which has no room for all of them.
            super().parse_integer_literal(stream)
            return IntegerLiteral(value=int(text))
        stream.next()
        return FloatLiteral(value=float(text))


class _Environment(JSONPathEnvironment):
    lexer_class = _Lexer
    parser_class = _Parser

    def setup_function_extensions(self) -> None:
        self.function_extensions.update(length=Length(), count=Count(), value=Value())


_ENVIRONMENT: Final = _Environment(strict=True)


def parse_query(text: str) -> JSONPath:
    """The query that `text` is. Raises `PathError`."""
    if len(text.encode(errors="replace")) > PATH_BYTES_MAX:
        raise PathError("E505", f"path {shown(text)} is longer than {PATH_BYTES_MAX} bytes")
    try:
        query = _ENVIRONMENT.compile(text)
    except JSONPathNameError as error:
        raise _unknown_function(text, error) from None
    except JSONPathError as error:
        raise PathError("E501", f"path {shown(text)} is no JSONPath: {_reason(error)}") from None
    except (ValueError, OverflowError, RecursionError) as error:
        raise PathError("E501", f"path {shown(text)} is no JSONPath: {error}") from None
    assert isinstance(query, JSONPath)  # strict mode knows no unions of paths
    return query


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
