"""A graph as an SVG drawing, which follows the reader's choice of light or dark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from floruntime.graph.describe import Kind
from floruntime.graph.geometry import Point, Rect, Size
from floruntime.graph.layers import Item, Link, Segment
from floruntime.graph.layout import lay_out
from floruntime.graph.loops import Loop
from floruntime.graph.model import Edge, Graph, Node
from floruntime.graph.svg_style import style_sheet
from floruntime.graph.text import on_one_line, told
from floruntime.graph.text_width import bold_width_of, shortened, width_of
from floruntime.graph.trace import Trace, with_trace

MARGIN: Final = 24.0
NAME_SIZE: Final = 14.0
LINE_SIZE: Final = 12.0
LABEL_SIZE: Final = 11.5
TITLE_SIZE: Final = 17.0
LINE_HEIGHT: Final = 17.0
PADDING: Final = 14.0
ICON_WIDTH: Final = 22.0
TEXT_CHARS_MAX: Final = 44
ARROW: Final = (4.5, 8.0)
CORNER: Final = 9.0

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ICONS: Final = {
    Kind.ACTION: "M-5,-6 L6,0 L-5,6 Z",
    Kind.PLAN: "M-7,0 H-2 M-2,0 L5,-6 M-2,0 L5,6 M-2,0 H6",
    Kind.WORKFLOW: "M-6,-6 H3 V3 H-6 Z M-2,3 V7 H7 V-2 H3",
    Kind.SLEEP: "M-5,-7 H5 L-5,7 H5 Z",
    Kind.PARALLEL: "M-6,-6 H6 M-6,0 H6 M-6,6 H6",
    Kind.FOR_EACH: "M-6,-6 H2 V2 H-6 Z M-3,5 H5 V-3",
    Kind.CHOICE: "M0,-7 L7,0 L0,7 L-7,0 Z",
    Kind.SIGNAL: "M-5,7 V-7 M-5,-6 H6 L3,-2.5 L6,1 H-5",
}


def draw_svg(graph: Graph, trace: Trace | None = None) -> str:
    """A drawing of its own, with no reference to anything outside it."""
    if trace is not None:
        graph = with_trace(graph, trace)
    return _Drawing(graph, trace).text()


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


class _Drawing:
    def __init__(self, graph: Graph, trace: Trace | None) -> None:
        self._graph = graph
        self._trace = trace
        self._notes = list(_notes(graph, trace))
        sizes = {name: _size_of(node) for name, node in graph.nodes.items()}
        links = [Link(each.source, each.target, _label_size(each)) for each in graph.edges]
        self._layout = lay_out(sizes, links)
        self._way = {
            place
            for place, edge in enumerate(graph.edges)
            if trace is not None and trace.count(edge)
        }

    def text(self) -> str:
        head = LINE_HEIGHT * len(self._notes) + TITLE_SIZE + 22
        title = f"{self._graph.name} {self._graph.version}"
        widths = [bold_width_of(title, TITLE_SIZE), *(width_of(each, 12) for each in self._notes)]
        width = max(self._layout.width, *widths) + 2 * MARGIN
        height = self._layout.height + head + 2 * MARGIN
        left = (width - self._layout.width) / 2
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(width)}" '
            f'height="{_number(height)}" viewBox="0 0 {_number(width)} {_number(height)}" '
            'role="img">',
            f"<title>{_text(title)}</title>",
            f"<style>\n{style_sheet()}\n</style>",
            '<rect class="page" width="100%" height="100%" rx="10"/>',
            *self._heading(title),
            f'<g transform="translate({_point((left, MARGIN + head))})">',
            *self._lines(),
            *(each for name in self._graph.nodes for each in self._node(name)),
            *(each for place in range(len(self._graph.edges)) for each in self._label(place)),
            "</g>",
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def _heading(self, title: str) -> Iterator[str]:
        y = MARGIN + TITLE_SIZE
        yield f'<text class="title" x="{_number(MARGIN)}" y="{_number(y)}">{_text(title)}</text>'
        for note in self._notes:
            y += LINE_HEIGHT
            yield f'<text class="note" x="{_number(MARGIN)}" y="{_number(y)}">{_text(note)}</text>'

    # Lines: all of them pale, then the way of the run over them

    def _lines(self) -> Iterator[str]:
        layout, edges = self._layout, self._graph.edges
        yield from self._pieces(layout.links, is_way=False)
        for place, loop in layout.loops.items():
            if place not in self._way:
                yield from _drawn_loop(loop, _classes(edges[place], is_way=False))
        yield from self._pieces(
            {place: pieces for place, pieces in layout.links.items() if place in self._way},
            is_way=True,
        )
        for place, loop in layout.loops.items():
            if place in self._way:
                yield from _drawn_loop(loop, _classes(edges[place], is_way=True))

    def _pieces(self, links: dict[int, list[Segment]], *, is_way: bool) -> Iterator[str]:
        kind = "way" if is_way else "line"
        drawn: dict[Segment | Item, str] = {}
        for place, pieces in links.items():
            dashed = " late-line" if _is_dashed(self._graph.edges[place]) else ""
            for number, piece in enumerate(pieces):
                # Beyond its label a line may be shared with others, and is not dashed.
                drawn.setdefault(piece, kind + (dashed if number == 0 else ""))
                if piece[1].is_line:
                    drawn.setdefault(piece[1], kind)
        for each, classes in drawn.items():
            yield from self._piece(each, classes)

    def _piece(self, piece: Segment | Item, classes: str) -> Iterator[str]:
        if isinstance(piece, Item):
            start, end = self._layout.passes[piece]
            yield f'<path class="{classes}" d="M{_point(start)} L{_point(end)}"/>'
            return
        start, end = self._layout.curves[piece]
        yield f'<path class="{classes}" d="{_curve(start, end)}"/>'
        if piece[1].is_node:
            yield _arrow_head(end, "way-head" if classes.startswith("way") else "head")

    # Boxes

    def _node(self, name: str) -> Iterator[str]:
        node, rect = self._graph.nodes[name], self._layout.nodes[name]
        yield f"<g{self._pale(name)}><title>{_text(name)}</title>"
        yield _box(rect, self._box_class(node), 10 if node.kind is not Kind.TERMINAL else None)
        if self._is_here(name):
            yield _halo(rect, node.kind)
        if node.kind is Kind.TERMINAL:
            yield _middle("name", rect.x, rect.y + 5, shortened(name, TEXT_CHARS_MAX))
        else:
            yield from _step_text(node, rect)
        count = 0 if self._trace is None else self._trace.visits.get(name, 0)
        if count > 1:
            yield from _badge(rect, str(count))
        yield "</g>"

    def _pale(self, name: str) -> str:
        is_off = self._trace is not None and name not in self._trace.visits
        return ' class="pale"' if is_off else ""

    def _box_class(self, node: Node) -> str:
        if node.status is not None:
            return node.status.value
        is_on = self._trace is not None and node.name in self._trace.visits
        return "been" if is_on else "box"

    def _is_here(self, name: str) -> bool:
        return self._trace is not None and self._trace.now == name

    def _label(self, place: int) -> Iterator[str]:
        edge, rect = self._graph.edges[place], self._layout.labels[place]
        yield _box(rect, "chip", 6)
        parts = [(_short(outcome), self._is_way(edge, outcome)) for outcome in edge.outcomes]
        spans = ", ".join(
            f'<tspan class="way-name">{_text(name)}</tspan>' if is_way else _text(name)
            for name, is_way in parts
        )
        yield (
            f'<text class="outcome" text-anchor="middle" x="{_number(rect.x)}" '
            f'y="{_number(rect.y + 4)}">{spans}</text>'
        )

    def _is_way(self, edge: Edge, outcome: str) -> bool:
        return self._trace is not None and self._trace.has_taken(edge, outcome)


def _notes(graph: Graph, trace: Trace | None) -> Iterator[str]:
    if graph.description is not None:
        yield shortened(on_one_line(graph.description), 100)
    for entry in graph.entries:
        yield f"by {entry}"
    if trace is not None:
        yield shortened(told(trace), 100)


# Sizes


def _size_of(node: Node) -> Size:
    name = bold_width_of(shortened(node.name, TEXT_CHARS_MAX), NAME_SIZE)
    if node.kind is Kind.TERMINAL:
        return Size(name + 2 * PADDING + 8, 32)
    lines = (width_of(shortened(each, TEXT_CHARS_MAX), LINE_SIZE) for each in node.lines)
    width = max(name, *lines, 60) + 2 * PADDING + ICON_WIDTH
    return Size(width, 2 * PADDING - 4 + LINE_HEIGHT * (1 + len(node.lines)))


def _label_size(edge: Edge) -> Size:
    return Size(bold_width_of(", ".join(map(_short, edge.outcomes)), LABEL_SIZE) + 10, 18)


def _short(outcome: str) -> str:
    return shortened(outcome, 24)


# Shapes


def _classes(edge: Edge, *, is_way: bool) -> str:
    return ("way" if is_way else "line") + (" late-line" if _is_dashed(edge) else "")


def _is_dashed(edge: Edge) -> bool:
    return edge.is_timeout or edge.is_extra


def _curve(start: Point, end: Point) -> str:
    if abs(start[0] - end[0]) < 0.5:
        return f"M{_point(start)} L{_point(end)}"
    middle = (start[1] + end[1]) / 2
    return (
        f"M{_point(start)} C{_point((start[0], middle))} {_point((end[0], middle))} {_point(end)}"
    )


def _arrow_head(tip: Point, classes: str) -> str:
    (x, y), (half, long) = tip, ARROW
    corners = [(x, y), (x - half, y - long), (x + half, y - long)]
    return f'<path class="{classes}" d="M{" L".join(map(_point, corners))} Z"/>'


def _drawn_loop(loop: Loop, classes: str) -> Iterator[str]:
    yield f'<path class="{classes}" d="{_rounded(loop.corners)}"/>'
    yield _arrow_head(loop.corners[-1], "way-head" if classes.startswith("way") else "head")


def _rounded(corners: Sequence[Point]) -> str:
    parts = [f"M{_point(corners[0])}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        parts.append(f"L{_point(_towards(corner, before))}")
        parts.append(f"Q{_point(corner)} {_point(_towards(corner, after))}")
    parts.append(f"L{_point(corners[-1])}")
    return " ".join(parts)


def _towards(corner: Point, other: Point) -> Point:
    """A little from a corner on the way to the next one."""
    along = abs(other[0] - corner[0]) + abs(other[1] - corner[1])
    share = min(CORNER, along / 2) / along if along else 0.0
    return (
        corner[0] + (other[0] - corner[0]) * share,
        corner[1] + (other[1] - corner[1]) * share,
    )


def _box(rect: Rect, classes: str, radius: float | None) -> str:
    """`radius=None`: as round as it can be."""
    rounding = rect.height / 2 if radius is None else radius
    return (
        f'<rect class="{classes}" x="{_number(rect.x - rect.width / 2)}" '
        f'y="{_number(rect.top)}" width="{_number(rect.width)}" '
        f'height="{_number(rect.height)}" rx="{_number(rounding)}"/>'
    )


def _halo(rect: Rect, kind: Kind) -> str:
    around = Rect(rect.x, rect.y, rect.width + 10, rect.height + 10)
    return _box(around, "halo", None if kind is Kind.TERMINAL else 14)


def _middle(classes: str, x: float, y: float, text: str) -> str:
    return (
        f'<text class="{classes}" text-anchor="middle" x="{_number(x)}" '
        f'y="{_number(y)}">{_text(text)}</text>'
    )


def _step_text(node: Node, rect: Rect) -> Iterator[str]:
    left = rect.x - rect.width / 2 + PADDING
    y = rect.top + PADDING + 11
    place = _point((left + 6, y - 5))
    yield f'<path class="icon" transform="translate({place})" d="{_ICONS[node.kind]}"/>'
    x = _number(left + ICON_WIDTH)
    name = _text(shortened(node.name, TEXT_CHARS_MAX))
    yield f'<text class="name" x="{x}" y="{_number(y)}">{name}</text>'
    for line in node.lines:
        y += LINE_HEIGHT
        text = _text(shortened(line, TEXT_CHARS_MAX))
        yield f'<text class="does" x="{x}" y="{_number(y)}">{text}</text>'


def _badge(rect: Rect, text: str) -> Iterator[str]:
    """On the side, where no line meets the box."""
    around = Rect(rect.right, rect.y, width_of(text, 11) + 12, 18)
    yield _box(around, "badge", None)
    yield _middle("badge-name", around.x, around.y + 4, text)
