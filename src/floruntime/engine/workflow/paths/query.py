"""Following a path: the segments and selectors of RFC 9535 as functions over lists of nodes.

The parser's tree is turned into closures once, when the path is parsed. (The library's own
evaluation keeps the way to every node, as text and as parts, and knows no bound.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jsonpath import JSONPath
from jsonpath.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.selectors import (
    Filter,
    IndexSelector,
    JSONPathSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)

from floruntime.engine.state.json_document import MISSING
from floruntime.engine.workflow.paths.errors import PathError
from floruntime.engine.workflow.paths.filter import Query, compile_test
from floruntime.engine.workflow.paths.syntax import Segments, single_steps
from floruntime.engine.workflow.paths.walk import Nodes, Walk, children_of

Start = Callable[[Any], Any]
"""Where an absolute query starts, given the root; may be `MISSING`."""
Split = Callable[[Sequence[str | int | None]], tuple[Start, int]]
"""Of an absolute query's steps: where they start, and how many of them that takes."""
Follow = Callable[[Nodes, Walk], Nodes]
"""One segment: from the nodes so far to those that it selects."""
Select = Callable[[Any, Nodes, Walk], None]
"""One selector: appends what it selects among a node's children."""


class Compiler:
    """Makes functions of queries. `split` says where absolute ones start.

    Raises `PathError` for what the parser lets through although it is not in RFC 9535.
    """

    def __init__(self, split: Split) -> None:
        self._split = split

    def absolute(self, path: JSONPath) -> Query:
        """A query that begins with `$`. Within one walk it is answered once."""
        start, length = self._split(single_steps(path.segments))
        follow = self.relative(path.segments[length:])

        def query(_: Any, walk: Walk) -> Nodes:
            known = walk.answers.get(id(query))
            if known is None:
                begin = start(walk.root)
                known = [] if begin is MISSING else follow(begin, walk)
                walk.answers[id(query)] = known
            return known

        return query

    def relative(self, segments: Segments) -> Query:
        """A query that begins at a node: what follows the `@`."""
        follows = tuple(self._segment(segment) for segment in segments)

        def query(node: Any, walk: Walk) -> Nodes:
            nodes = [node]
            for follow in follows:
                nodes = follow(nodes, walk)
            return nodes

        return query

    def _segment(self, segment: JSONPathSegment) -> Follow:
        selects = tuple(self._selector(selector) for selector in segment.selectors)
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            return lambda nodes, walk: _descend(nodes, selects, walk)
        if len(selects) == 1:
            return lambda nodes, walk: _select(nodes, selects[0], walk)
        return lambda nodes, walk: _select_several(nodes, selects, walk)

    def _selector(self, selector: JSONPathSelector) -> Select:
        match selector:
            case NameSelector():
                return _name(selector.name)
            case IndexSelector():
                return _index(selector.index)
            case SliceSelector():
                return _slice(selector.slice)
            case WildcardSelector():
                return _wildcard
            case Filter():
                return self._filter(selector)
            case _:
                raise PathError("E501", f"{selector} is not part of RFC 9535")

    def _filter(self, selector: Filter) -> Select:
        test, weight = compile_test(selector.expression.expression, self)

        def select(node: Any, selected: Nodes, walk: Walk) -> None:
            children = children_of(node)
            walk.touch(len(children) * weight)
            selected.extend(child for child in children if test(child, walk))

        return select


def _select(nodes: Nodes, select: Select, walk: Walk) -> Nodes:
    walk.touch(len(nodes))
    selected: Nodes = []
    for node in nodes:
        select(node, selected, walk)
    return selected


def _select_several(nodes: Nodes, selects: tuple[Select, ...], walk: Walk) -> Nodes:
    walk.touch(len(nodes) * len(selects))
    selected: Nodes = []
    for node in nodes:
        for select in selects:
            select(node, selected, walk)
    return selected


def _descend(nodes: Nodes, selects: tuple[Select, ...], walk: Walk) -> Nodes:
    selected: Nodes = []
    for node in nodes:
        waiting = [node]
        while waiting:
            current = waiting.pop()
            children = children_of(current)
            walk.touch(len(selects) + len(children))
            for select in selects:
                select(current, selected, walk)
            inner = [child for child in children if isinstance(child, (dict, list))]
            waiting.extend(reversed(inner))
    return selected


def _name(name: str) -> Select:
    def select(node: Any, selected: Nodes, _: Walk) -> None:
        if isinstance(node, dict) and name in node:
            selected.append(node[name])

    return select


def _index(index: int) -> Select:
    def select(node: Any, selected: Nodes, _: Walk) -> None:
        if isinstance(node, list) and -len(node) <= index < len(node):
            selected.append(node[index])

    return select


def _slice(bounds: slice) -> Select:
    def select(node: Any, selected: Nodes, walk: Walk) -> None:
        if isinstance(node, list) and bounds.step != 0:
            found = node[bounds]
            walk.touch(len(found))
            selected.extend(found)

    return select


def _wildcard(node: Any, selected: Nodes, walk: Walk) -> None:
    children = children_of(node)
    walk.touch(len(children))
    selected.extend(children)
