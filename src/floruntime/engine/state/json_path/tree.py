"""What a query of RFC 9535 is made of."""

from __future__ import annotations

from typing import Any

import msgspec

Steps = tuple[str | int | None, ...]
"""For each segment, the name or index if it selects only that, else `None`."""


class PathPart(msgspec.Struct, frozen=True):
    """Base of all parts."""


# Selectors


class Name(PathPart, frozen=True):
    """The member of that name."""

    name: str


class Index(PathPart, frozen=True):
    """The element at that place; a negative one counts from the end."""

    index: int


class Slice(PathPart, frozen=True):
    """Elements in steps, as Python's slices count; `step` 0 selects nothing."""

    start: int | None
    stop: int | None
    step: int | None


class Wildcard(PathPart, frozen=True):
    """All children."""


class Filter(PathPart, frozen=True):
    """The children for which the test is true."""

    test: Test


Selector = Name | Index | Slice | Wildcard | Filter


class Segment(PathPart, frozen=True):
    """What is selected among a node's children, or among all its descendants."""

    selectors: tuple[Selector, ...]
    is_descendant: bool = False


class Query(PathPart, frozen=True):
    """Segments that follow the root, or the node that a filter looks at."""

    segments: tuple[Segment, ...]
    is_absolute: bool = True

    def steps(self) -> Steps:
        """Names and indexes, `None` where a segment is anything else."""
        return tuple(_single_step(segment) for segment in self.segments)

    def is_singular(self) -> bool:
        """Whether it can give one node at most."""
        return None not in self.steps()


def _single_step(segment: Segment) -> str | int | None:
    if len(segment.selectors) == 1 and not segment.is_descendant:
        match segment.selectors[0]:
            case Name(name):
                return name
            case Index(index):
                return index
            case _:
                pass
    return None


# Tests


class Exists(PathPart, frozen=True):
    """Whether the query finds anything."""

    query: Query


class Not(PathPart, frozen=True):
    """Whether the test is false."""

    test: Test


class Logical(PathPart, frozen=True):
    """Both tests (`&&`), or one of them (`||`)."""

    operator: str
    left: Test
    right: Test


class Comparison(PathPart, frozen=True):
    """`==`, `!=`, `<`, `<=`, `>` or `>=`."""

    operator: str
    left: Comparable
    right: Comparable


Test = Exists | Not | Logical | Comparison


# What is compared


class Literal(PathPart, frozen=True):
    """A number, a text, `true`, `false` or `null`."""

    value: Any


class Function(PathPart, frozen=True):
    """`length` of a value; `count` or `value` of a query's nodes."""

    name: str
    argument: Comparable


Comparable = Literal | Query | Function
