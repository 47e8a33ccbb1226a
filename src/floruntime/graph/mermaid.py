"""A graph as a Mermaid flowchart, for Markdown pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.engine.workflow.language.definition import EndStatus
from floruntime.graph.describe import Kind
from floruntime.graph.model import Edge, Graph, Node
from floruntime.graph.text import often, told
from floruntime.graph.trace import Trace, with_trace

_SHAPES: Final = {
    Kind.ACTION: ('["', '"]'),
    Kind.PLAN: ('{{"', '"}}'),
    Kind.WORKFLOW: ('[["', '"]]'),
    Kind.SIGNAL: ('[/"', '"/]'),
    Kind.SLEEP: ('>"', '"]'),
    Kind.CHOICE: ('{"', '"}'),
    Kind.PARALLEL: ('[["', '"]]'),
    Kind.FOR_EACH: ('[["', '"]]'),
    Kind.TERMINAL: ('(["', '"])'),
}
_CLASSES: Final = {
    EndStatus.COMPLETED: "completed",
    EndStatus.FAILED: "failed",
    EndStatus.CANCELLED: "cancelled",
    EndStatus.TIMED_OUT: "timedout",
}
_STYLES: Final = (
    "classDef completed stroke:#2e9e5b,stroke-width:2px",
    "classDef failed stroke:#d1453b,stroke-width:2px",
    "classDef cancelled stroke:#8a919e,stroke-width:2px",
    "classDef timedout stroke:#c98500,stroke-width:2px",
)
"""Strokes only: the fill and the text are the page's, which may be light or dark."""
_TRACE_STYLES: Final = (
    "classDef taken stroke:#2f74d0,stroke-width:3px",
    "classDef here stroke:#2f74d0,stroke-width:5px,stroke-dasharray:6 3",
)
_SPECIAL: Final = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "\\": "#92;"}
_ESCAPES: Final = str.maketrans(_SPECIAL)


def draw_mermaid(graph: Graph, trace: Trace | None = None) -> str:
    """A flowchart; with a trace, the way of the run is thick."""
    if trace is not None:
        graph = with_trace(graph, trace)
    return "".join(f"{line}\n" for line in _lines(graph, trace))


def _lines(graph: Graph, trace: Trace | None) -> Iterator[str]:
    ids = {name: f"n{place}" for place, name in enumerate(graph.nodes)}
    title = f"{graph.name} {graph.version}" + ("" if trace is None else f", {told(trace)}")
    yield f"%% {_comment(title)}"
    yield "flowchart TD"
    for place, entry in enumerate(graph.entries):
        yield f'    e{place}(("{_escaped(entry)}")) --> {ids["start"]}'
    for node in graph.nodes.values():
        before, after = _SHAPES[node.kind]
        yield f"    {ids[node.name]}{before}{_label(node, trace)}{after}"
    for edge in graph.edges:
        yield f"    {ids[edge.source]} {_arrow(edge, trace)} {ids[edge.target]}"
    yield from _class_lines(graph, ids, trace)


def _comment(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")  # braces may begin a directive


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _label(node: Node, trace: Trace | None) -> str:
    head = f"{_escaped(node.name)}{often(node.name, trace)}"
    return "<br/>".join([head, *map(_escaped, node.lines)])


def _arrow(edge: Edge, trace: Trace | None) -> str:
    label = _escaped(", ".join(edge.outcomes))
    if trace is not None and trace.count(edge):
        return f'== "{label}" ==>'
    if edge.is_timeout:
        return f'-. "{label}" .->'
    return f'-- "{label}" -->'


def _class_lines(graph: Graph, ids: dict[str, str], trace: Trace | None) -> Iterator[str]:
    of_class: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        if node.status is not None:
            of_class.setdefault(_CLASSES[node.status], []).append(ids[node.name])
        if trace is not None and node.name == trace.now and not trace.is_finished:
            of_class.setdefault("here", []).append(ids[node.name])
        elif trace is not None and node.name in trace.visits:
            of_class.setdefault("taken", []).append(ids[node.name])
    for style in (*_STYLES, *_TRACE_STYLES):
        if style.split()[1] in of_class:
            yield f"    {style}"
    for name, members in of_class.items():
        yield f"    class {','.join(members)} {name}"
