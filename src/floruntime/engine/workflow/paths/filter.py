"""Filters of RFC 9535: tests of existence, comparisons, and the functions length, count, value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, assert_never

from floruntime.engine.state.json_document import MISSING
from floruntime.engine.state.json_path import tree
from floruntime.engine.workflow.paths.walk import CHARS_PER_NODE, Nodes, Walk

Query = Callable[[Any, Walk], Nodes]
Test = Callable[[Any, Walk], bool]
Comparable = Callable[[Any, Walk], Any]
"""What a side of a comparison gives for the current node; `MISSING` is the standard's Nothing."""


class Queries(Protocol):
    """Makes functions of the queries within a filter."""

    def absolute(self, query: tree.Query) -> Query: ...

    def relative(self, segments: tuple[tree.Segment, ...]) -> Query: ...


def compile_test(test: tree.Test, queries: Queries) -> tuple[Test, int]:
    """The filter as a function of the current node, and how many parts it has."""
    match test:
        case tree.Logical():
            return _logical(test, queries)
        case tree.Comparison():
            return _comparison(test, queries)
        case tree.Not(inner):
            is_true, weight = compile_test(inner, queries)
            return (lambda node, walk: not is_true(node, walk)), weight + 1
        case tree.Exists(found):
            query, weight = _query(found, queries)
            return (lambda node, walk: bool(query(node, walk))), weight
        case _:
            assert_never(test)


def _logical(test: tree.Logical, queries: Queries) -> tuple[Test, int]:
    left, left_weight = compile_test(test.left, queries)
    right, right_weight = compile_test(test.right, queries)
    weight = left_weight + right_weight + 1
    if test.operator == "&&":
        return (lambda node, walk: left(node, walk) and right(node, walk)), weight
    return (lambda node, walk: left(node, walk) or right(node, walk)), weight


def _query(query: tree.Query, queries: Queries) -> tuple[Query, int]:
    if query.is_absolute:
        return queries.absolute(query), 1
    return queries.relative(query.segments), 1 + len(query.segments)


def _comparison(test: tree.Comparison, queries: Queries) -> tuple[Test, int]:
    left, left_weight = _comparable(test.left, queries)
    right, right_weight = _comparable(test.right, queries)
    compare = _COMPARISONS[test.operator]
    return (
        lambda node, walk: compare(left(node, walk), right(node, walk), walk),
        left_weight + right_weight + 1,
    )


def _comparable(part: tree.Comparable, queries: Queries) -> tuple[Comparable, int]:
    match part:
        case tree.Literal(literal):
            return (lambda _node, _walk: literal), 1
        case tree.Function():
            return _function(part, queries)
        case tree.Query():
            query, weight = _query(part, queries)
            return (lambda node, walk: _only(query(node, walk))), weight
        case _:
            assert_never(part)


def _only(nodes: Nodes) -> Any:
    """The value of a query that gives at most one node."""
    return nodes[0] if len(nodes) == 1 else MISSING


def _function(part: tree.Function, queries: Queries) -> tuple[Comparable, int]:
    if part.name == "length":
        value, weight = _comparable(part.argument, queries)
        return (lambda node, walk: _length(value(node, walk))), weight + 1
    assert isinstance(part.argument, tree.Query), "the parser asks for one"
    query, weight = _query(part.argument, queries)
    if part.name == "count":
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
