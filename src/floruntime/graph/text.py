"""A graph as text: a line for each step, below it one for each way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core.workflow import WorkflowStatus
from floruntime.engine.workflow.language.definition import EndStatus
from floruntime.graph.describe import Kind
from floruntime.graph.model import Edge, Graph, Node
from floruntime.graph.trace import Trace, with_trace

_MARKS: Final = {
    Kind.ACTION: "○",
    Kind.PLAN: "◇",
    Kind.WORKFLOW: "□",
    Kind.SIGNAL: "△",
    Kind.SLEEP: "⧗",
    Kind.CHOICE: "◆",
    Kind.PARALLEL: "≡",
    Kind.FOR_EACH: "⁂",
}
_END_MARKS: Final = {
    EndStatus.COMPLETED: "●",
    EndStatus.FAILED: "✗",
    EndStatus.CANCELLED: "⊘",
    EndStatus.TIMED_OUT: "◷",
}
_TAKEN: Final = "✔"
_HERE: Final = "▶"
_BADLY: Final = "✘"


def draw_text(graph: Graph, trace: Trace | None = None) -> str:
    """The graph for a terminal; with a trace, what the run went through is marked."""
    if trace is not None:
        graph = with_trace(graph, trace)
    return "".join(line.rstrip() + "\n" for line in _lines(graph, trace))


def _lines(graph: Graph, trace: Trace | None) -> Iterator[str]:
    yield f"{graph.name} {graph.version}"
    if graph.description is not None:
        yield f"  {on_one_line(graph.description)}"
    for entry in graph.entries:
        yield f"  by {entry}"
    if trace is not None:
        yield f"  {told(trace)}"
    order = {name: place for place, name in enumerate(graph.nodes)}
    for node in graph.nodes.values():
        if node.kind is not Kind.TERMINAL:
            yield ""
            yield from _step_lines(graph, node, order, trace)


def told(trace: Trace) -> str:
    """How the run stands, in a line."""
    text = f"run {trace.run_id}: {trace.status.value}"
    if trace.now is not None:
        text += f" at {trace.now}"
    if trace.wait_signal is not None:
        text += f", for signal {trace.wait_signal}"
    return f"{text} ({on_one_line(trace.error)})" if trace.error is not None else text


def on_one_line(text: str) -> str:
    """Text of anybody's, without line breaks and what else a terminal would obey."""
    printable = (each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))
    return "".join(printable)


def _step_lines(
    graph: Graph, node: Node, order: dict[str, int], trace: Trace | None
) -> Iterator[str]:
    margin = _margin(node.name, trace)
    head = f"{node.name}{often(node.name, trace)}"
    yield f"{margin}{_MARKS[node.kind]} {head}  {' · '.join(node.lines)}"
    edges = graph.edges_from(node.name)
    labels = {edge: ", ".join(edge.outcomes) for edge in edges}
    width = max(map(len, labels.values()), default=0)
    blank = " " * len(margin)
    for edge in edges:
        corner = "└" if edge is edges[-1] else "├"
        line = "┄" if edge.is_timeout or edge.is_extra else "─"
        arrow = f"{labels[edge]} {line * (width - len(labels[edge]) + 2)}→"
        yield f"{blank}{corner}{line} {arrow} {_goal(graph, edge, order)}{_taken(edge, trace)}"


def _margin(name: str, trace: Trace | None) -> str:
    if trace is None:
        return ""
    if trace.now == name:
        return f"{_HERE} "
    return f"{_TAKEN} " if name in trace.visits else "  "


def often(name: str, trace: Trace | None) -> str:
    """How often the run came to this node, if more than once."""
    count = 0 if trace is None else trace.visits.get(name, 0)
    return f" ({count} times)" if count > 1 else ""


def _goal(graph: Graph, edge: Edge, order: dict[str, int]) -> str:
    node = graph.nodes[edge.target]
    if node.kind is Kind.TERMINAL:
        return f"{_END_MARKS.get(node.status or EndStatus.FAILED)} {node.name}"
    is_back = order[edge.target] <= order[edge.source]
    return f"{node.name} ↑" if is_back else node.name


def _taken(edge: Edge, trace: Trace | None) -> str:
    count = 0 if trace is None else trace.count(edge)
    if not count:
        return ""
    many = f" {count} times" if count > 1 else ""
    ended = trace is not None and trace.is_finished and trace.now == edge.target
    is_bad = ended and trace is not None and trace.status is not WorkflowStatus.COMPLETED
    return f"  {_BADLY if is_bad else _TAKEN}{many}"
