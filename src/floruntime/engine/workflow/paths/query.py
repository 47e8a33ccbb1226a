"""Following a path: the segments and selectors of RFC 9535 as functions over lists of nodes.

The parser's tree is turned into closures once, when the path is parsed, and what they touch is
counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from floruntime.engine.state.json_document import MISSING
from floruntime.engine.state.json_path import tree
from floruntime.engine.state.json_path.tree import Steps
from floruntime.engine.workflow.paths.filter import Query, compile_test
from floruntime.engine.workflow.paths.walk import Nodes, Walk, children_of

Start = Callable[[Any], Any]
"""Where an absolute query starts, given the root; may be `MISSING`."""
Split = Callable[[Steps], tuple[Start, int]]
"""Of an absolute query's steps: where they start, and how many of them that takes."""
Follow = Callable[[Nodes, Walk], Nodes]
"""One segment: from the nodes so far to those that it selects."""
Select = Callable[[Any, Nodes, Walk], None]
"""One selector: appends what it selects among a node's children."""


class Compiler:
    """Makes functions of queries. `split` says where absolute ones start."""

    def __init__(self, split: Split) -> None:
        self._split = split

    def absolute(self, query: tree.Query) -> Query:
        """A query that begins with `$`. Within one walk it is answered once."""
        start, length = self._split(query.steps())
        follow = self.relative(query.segments[length:])

        def answer(_: Any, walk: Walk) -> Nodes:
            known = walk.answers.get(id(answer))
            if known is None:
                begin = start(walk.root)
                known = [] if begin is MISSING else follow(begin, walk)
                walk.answers[id(answer)] = known
            return known

        return answer

    def relative(self, segments: tuple[tree.Segment, ...]) -> Query:
        """A query that begins at a node: what follows the `@`."""
        follows = tuple(self._segment(segment) for segment in segments)

        def query(node: Any, walk: Walk) -> Nodes:
            nodes = [node]
            for follow in follows:
                nodes = follow(nodes, walk)
            return nodes

        return query

    def _segment(self, segment: tree.Segment) -> Follow:
        selects = tuple(self._selector(selector) for selector in segment.selectors)
        if segment.is_descendant:
            return lambda nodes, walk: _descend(nodes, selects, walk)
        if len(selects) == 1:
            return lambda nodes, walk: _select(nodes, selects[0], walk)
        return lambda nodes, walk: _select_several(nodes, selects, walk)

    def _selector(self, selector: tree.Selector) -> Select:
        match selector:
            case tree.Name(name):
                return _name(name)
            case tree.Index(index):
                return _index(index)
            case tree.Slice(start, stop, step):
                return _slice(slice(start, stop, step))
            case tree.Wildcard():
                return _wildcard
            case tree.Filter(test):
                return self._filter(test)
            case _:
                assert_never(selector)

    def _filter(self, tested: tree.Test) -> Select:
        test, weight = compile_test(tested, self)

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
