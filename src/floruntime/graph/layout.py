"""Where everything of a drawing is: boxes, labels and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from floruntime.graph.coordinates import place
from floruntime.graph.geometry import Point, Rect, Size
from floruntime.graph.layers import Item, Layered, Link, Segment, layered
from floruntime.graph.loops import ROW_GAP, Ends, Loop, Loops, rows_needed
from floruntime.graph.ordering import in_order, neighbours_of
from floruntime.graph.ports import ports

ITEM_GAP: Final = 22.0
LINE_WIDTH: Final = 10.0
EXIT_GAP: Final = 18.0
ENTRY_GAP: Final = 26.0
SLANT: Final = 0.07
"""How much more room lines get for each pixel that they go sideways."""
SLANT_MAX: Final = 34.0


class Layout(msgspec.Struct, frozen=True):
    """A whole drawing.

    `links`: the pieces of each link, from its source down to its target, which may share some.
    `curves`: where each piece begins and ends. `passes`: where lines go straight through a layer.
    """

    width: float
    height: float
    nodes: dict[str, Rect]
    labels: dict[int, Rect]
    links: dict[int, list[Segment]]
    curves: dict[Segment, tuple[Point, Point]]
    passes: dict[Item, tuple[Point, Point]]
    loops: dict[int, Loop]


def lay_out(sizes: Mapping[str, Size], links: Sequence[Link]) -> Layout:
    """Place nodes of these sizes, the first of which is the start, and the links between them."""
    return _Plan(sizes, links, layered(list(sizes), links)).layout()


class _Plan:
    def __init__(self, sizes: Mapping[str, Size], links: Sequence[Link], found: Layered) -> None:
        self._links = links
        self._found = found
        segments = [each for some in found.segments.values() for each in some]
        self._segments = list(dict.fromkeys(segments))
        self._above, self._below = neighbours_of(self._segments)
        self._layers = in_order(found)
        of_items = {item: _size_of(item, sizes, links) for layer in self._layers for item in layer}
        widths = {item: size.width for item, size in of_items.items()}
        self._x = place(self._layers, widths, ITEM_GAP, self._above, self._below)
        self._rows = self._stacked(of_items)
        self._rects = {
            item: self._rect(item, of_items[item], number)
            for number, layer in enumerate(self._layers)
            for item in layer
        }

    def layout(self) -> Layout:
        nodes = {item.node: rect for item, rect in self._rects.items() if item.is_node}
        labels = {item.link: rect for item, rect in self._rects.items() if item.link >= 0}
        ends = {name: self._loop_ends(Item(name)) for name in nodes}
        rights = [max(self._rects[item].right for item in layer) for layer in self._layers]
        loops = Loops(self._found, self._links, nodes, ends, self._rows, rights)
        exits, entries = self._ends(is_entry=False), self._ends(is_entry=True)
        below = rows_needed(self._found, self._links, len(self._layers) // 2, is_entry=False)
        return Layout(
            loops.right,
            self._rows[-1][1] + below * ROW_GAP,
            nodes,
            labels | {place: loop.label for place, loop in loops.drawn.items()},
            self._found.segments,
            {each: (exits[each], entries[each]) for each in self._segments},
            {item: self._pass(item) for item in self._rects if item.is_line},
            loops.drawn,
        )

    # Rows

    def _stacked(self, sizes: Mapping[Item, Size]) -> list[tuple[float, float]]:
        """The top and the bottom of each layer."""
        rows: list[tuple[float, float]] = []
        y = rows_needed(self._found, self._links, 0, is_entry=True) * ROW_GAP
        for number, layer in enumerate(self._layers):
            height = max(sizes[item].height for item in layer)
            rows.append((y, y + height))
            y += height + self._gap_below(number)
        return rows

    def _gap_below(self, number: int) -> float:
        is_entry = number % 2 == 1
        loops = rows_needed(self._found, self._links, (number + 1) // 2, is_entry=is_entry)
        base = ENTRY_GAP if is_entry else EXIT_GAP
        return base + loops * ROW_GAP + min(SLANT_MAX, SLANT * self._sideways(number))

    def _sideways(self, number: int) -> float:
        layer = set(self._layers[number])
        moves = (abs(self._x[a] - self._x[b]) for a, b in self._segments if a in layer)
        return max(moves, default=0.0)

    def _rect(self, item: Item, size: Size, number: int) -> Rect:
        top, bottom = self._rows[number]
        height = bottom - top if item.is_line else size.height
        return Rect(self._x[item], (top + bottom) / 2, size.width, height)

    def _pass(self, item: Item) -> tuple[Point, Point]:
        rect = self._rects[item]
        return (rect.x, rect.top), (rect.x, rect.bottom)

    # Where lines leave and arrive

    def _ends(self, *, is_entry: bool) -> dict[Segment, Point]:
        points = {}
        for item, rect in self._rects.items():
            others = self._others(item, is_entry=is_entry)
            places = [rect.x] * len(others)
            if item.is_node:
                places = self._ports(item, is_entry=is_entry)
            for other, x in zip(others, places, strict=False):
                piece = (other, item) if is_entry else (item, other)
                points[piece] = (x, rect.top if is_entry else rect.bottom)
        return points

    def _others(self, item: Item, *, is_entry: bool) -> list[Item]:
        """What an item is joined to above or below, from left to right."""
        joined = (self._above if is_entry else self._below).get(item, [])
        return sorted(joined, key=self._x.__getitem__)

    def _ports(self, item: Item, *, is_entry: bool) -> list[float]:
        """Where lines and then loops meet a node."""
        rect = self._rects[item]
        ends = [self._x[other] for other in self._others(item, is_entry=is_entry)]
        return ports(rect.x, rect.width, ends, self._loops_of(item, is_entry=is_entry))

    def _loops_of(self, item: Item, *, is_entry: bool) -> int:
        ends = (self._links[place] for place in self._found.loops)
        return sum((each.target if is_entry else each.source) == item.node for each in ends)

    def _loop_ends(self, item: Item) -> Ends:
        return Ends(self._ports(item, is_entry=False), self._ports(item, is_entry=True))


def _size_of(item: Item, sizes: Mapping[str, Size], links: Sequence[Link]) -> Size:
    if item.is_line:
        return Size(LINE_WIDTH, 0.0)
    return sizes[item.node] if item.link < 0 else links[item.link].label
