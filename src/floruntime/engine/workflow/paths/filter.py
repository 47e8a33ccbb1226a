"""Filters of RFC 9535: tests of existence, comparisons, and the functions length, count, value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from jsonpath import JSONPath
from jsonpath.filter import (
    BaseExpression,
    FilterExpressionLiteral,
    FunctionExtension,
    InfixExpression,
    Nil,
    PrefixExpression,
    RelativeFilterQuery,
    RootFilterQuery,
)

from floruntime.engine.state.json_document import MISSING
from floruntime.engine.workflow.paths import syntax as path_syntax
from floruntime.engine.workflow.paths.errors import PathError
from floruntime.engine.workflow.paths.walk import CHARS_PER_NODE, Nodes, Walk

Query = Callable[[Any, Walk], Nodes]
Test = Callable[[Any, Walk], bool]
Comparable = Callable[[Any, Walk], Any]
"""What a side of a comparison gives for the current node; `MISSING` is the standard's Nothing."""


class Queries(Protocol):
    """Makes functions of the queries within a filter."""

    def absolute(self, path: JSONPath) -> Query: ...

    def relative(self, segments: Any) -> Query: ...


def compile_test(expression: BaseExpression, queries: Queries) -> tuple[Test, int]:
    """The filter as a function of the current node, and how many parts it has."""
    match expression:
        case InfixExpression(operator="&&" | "||"):
            return _logical(expression, queries)
        case InfixExpression():
            return _comparison(expression, queries)
        case PrefixExpression(operator=path_syntax.PARENTHESES):
            return compile_test(expression.right, queries)
        case PrefixExpression(operator="!"):
            test, weight = compile_test(expression.right, queries)
            return (lambda node, walk: not test(node, walk)), weight + 1
        case RelativeFilterQuery() | RootFilterQuery():
            query, weight = _query(expression, queries)
            return (lambda node, walk: bool(query(node, walk))), weight
        case _:
            raise _not_standard(expression)


def _not_standard(part: object) -> PathError:
    return PathError("E501", f"{part} is not part of RFC 9535, or not at this place")


def _logical(expression: InfixExpression, queries: Queries) -> tuple[Test, int]:
    left, left_weight = compile_test(expression.left, queries)
    right, right_weight = compile_test(expression.right, queries)
    weight = left_weight + right_weight + 1
    if expression.operator == "&&":
        return (lambda node, walk: left(node, walk) and right(node, walk)), weight
    return (lambda node, walk: left(node, walk) or right(node, walk)), weight


def _query(expression: BaseExpression, queries: Queries) -> tuple[Query, int]:
    match expression:
        case RelativeFilterQuery():
            return queries.relative(expression.path.segments), 1 + len(expression.path.segments)
        case RootFilterQuery():
            return queries.absolute(expression.path), 1
        case _:
            raise _not_standard(expression)


def _comparison(expression: InfixExpression, queries: Queries) -> tuple[Test, int]:
    left, left_weight = _comparable(expression.left, queries)
    right, right_weight = _comparable(expression.right, queries)
    compare = _COMPARISONS.get(expression.operator)
    if compare is None:
        raise _not_standard(expression)
    return (
        lambda node, walk: compare(left(node, walk), right(node, walk), walk),
        left_weight + right_weight + 1,
    )


def _comparable(expression: BaseExpression, queries: Queries) -> tuple[Comparable, int]:
    match expression:
        case Nil():
            return (lambda _node, _walk: None), 1
        case FilterExpressionLiteral(value=literal):
            return (lambda _node, _walk: literal), 1
        case FunctionExtension():
            return _function(expression, queries)
        case _:
            query, weight = _query(expression, queries)
            return (lambda node, walk: _only(query(node, walk))), weight


def _only(nodes: Nodes) -> Any:
    """The value of a query that gives at most one node."""
    return nodes[0] if len(nodes) == 1 else MISSING


def _function(expression: FunctionExtension, queries: Queries) -> tuple[Comparable, int]:
    """The parser has checked the number of arguments, and that they are of the right kind."""
    argument = expression.args[0]
    if expression.name == "length":
        value, weight = _comparable(argument, queries)
        return (lambda node, walk: _length(value(node, walk))), weight + 1
    query, weight = _query(argument, queries)
    if expression.name == "count":
        return (lambda node, walk: len(query(node, walk))), weight + 1
    return (lambda node, walk: _only(query(node, walk))), weight + 1


def _length(value: Any) -> Any:
    return len(value) if isinstance(value, (str, list, dict)) else MISSING


def is_equal(left: Any, right: Any, walk: Walk) -> bool:
    """Whether two values are the same JSON: numbers by value, `true` is not 1."""
    pairs = [(left, right)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            walk.touch(len(left))
            if left.keys() != right.keys():
                return False
            pairs.extend((value, right[name]) for name, value in left.items())
        elif isinstance(left, list) and isinstance(right, list):
            walk.touch(len(left))
            if len(left) != len(right):
                return False
            pairs.extend(zip(left, right, strict=True))
        elif not _is_equal_scalar(left, right, walk):
            return False
    return True


def _is_equal_scalar(left: Any, right: Any, walk: Walk) -> bool:
    if left is MISSING or right is MISSING:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str):
        walk.touch(len(left) // CHARS_PER_NODE)
    return bool(left == right)


def _is_less(left: Any, right: Any, walk: Walk) -> bool:
    """Only two numbers or two texts have an order; texts by Unicode code point."""
    if isinstance(left, str) and isinstance(right, str):
        walk.touch(len(left) // CHARS_PER_NODE)
        return left < right
    return _is_number(left) and _is_number(right) and bool(left < right)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_at_most(left: Any, right: Any, walk: Walk) -> bool:
    return _is_less(left, right, walk) or is_equal(left, right, walk)


_COMPARISONS: Final[dict[str, Callable[[Any, Any, Walk], bool]]] = {
    "==": is_equal,
    "!=": lambda left, right, walk: not is_equal(left, right, walk),
    "<": _is_less,
    "<=": _is_at_most,
    ">": lambda left, right, walk: _is_less(right, left, walk),
    ">=": lambda left, right, walk: _is_at_most(right, left, walk),
}
