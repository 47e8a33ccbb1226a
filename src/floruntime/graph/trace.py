"""The way that a run took through its graph, from its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from floruntime.core.workflow import HistoryEvent, WorkflowRun, WorkflowStatus
from floruntime.engine.workflow.language.definition import BUILT_IN_TERMINALS
from floruntime.graph.describe import Kind
from floruntime.graph.model import Edge, Graph, Node

_ENDS: Final = {
    "workflow_completed",
    "workflow_failed",
    "workflow_cancelled",
    "workflow_timed_out",
}
_FALL_BACKS: Final = {
    "target_not_found": ("execution_failure", "failure"),
    "target_disabled": ("execution_failure", "failure"),
    "execution_failure": ("failure",),
    "exhausted": ("failure",),
}
"""What outcomes of the engine are called where they lead nowhere by their own name."""
_OF_CHILDREN: Final = ("success", "failure")
"""What terminals of children are called then."""


class Trace(msgspec.Struct, frozen=True):
    """Where a run has been. `visits`: how often it came to a node.

    `taken`: how often it went along an edge, by source, target and the outcome as the edge calls
    it. `now`: the node that it is at, or ended at. `extra`: ways that its definition does not have.
    """

    run_id: str
    status: WorkflowStatus
    now: str | None
    wait_signal: str | None
    error: str | None
    visits: dict[str, int]
    taken: dict[tuple[str, str, str], int]
    extra: tuple[Edge, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended."""
        return self.now is not None and self.status not in (
            WorkflowStatus.PENDING,
            WorkflowStatus.RUNNING,
            WorkflowStatus.WAITING,
            WorkflowStatus.COMPENSATING,
            WorkflowStatus.PAUSED,
        )

    def count(self, edge: Edge) -> int:
        """How often the run went along this edge."""
        return sum(self.taken.get((edge.source, edge.target, each), 0) for each in edge.outcomes)

    def has_taken(self, edge: Edge, outcome: str) -> bool:
        """Whether the run went along this edge, by this outcome."""
        return (edge.source, edge.target, outcome) in self.taken


def trace_of(graph: Graph, run: WorkflowRun, events: Iterable[HistoryEvent]) -> Trace:
    """Follow the events of a run, all of them, through the graph of its definition."""
    walk = _Walk(graph)
    for event in events:
        walk.follow(event)
    now = walk.end if walk.end is not None else run.current_step
    return Trace(
        run.run_id,
        run.status,
        now,
        run.wait_signal,
        run.error,
        dict(walk.visits),
        dict(walk.taken),
        tuple(walk.extra),
    )


class _Walk:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._left: tuple[str, str] | None = None
        self._chosen: str | None = None
        self.visits: Counter[str] = Counter()
        self.taken: Counter[tuple[str, str, str]] = Counter()
        self.extra: list[Edge] = []
        self.end: str | None = None

    def follow(self, event: HistoryEvent) -> None:
        if event.type == "step_started" and event.step is not None:
            self.end = None
            self._go_to(event.step)
        elif event.type == "choice_made":
            self._chosen = event.detail.partition(": ")[2]
        elif event.type == "step_completed" and event.step is not None:
            self._left = (event.step, self._chosen or event.detail)
            self._chosen = None
        elif event.type in _ENDS:
            self.end = _terminal_in(self._graph, event.detail)
            if self._left is None and event.step is not None:
                self._break_off(event.step, event.type.removeprefix("workflow_"))
            else:
                self._go_to(self.end)

    def _go_to(self, node: str) -> None:
        self.visits[node] += 1
        if self._left is not None:
            source, told = self._left
            self._left = None
            self.taken[source, node, self._outcome(source, node, told)] += 1

    def _break_off(self, step: str, how: str) -> None:
        """The run ended while it was at a step."""
        assert self.end is not None, "it ended at a terminal"
        self.visits[self.end] += 1
        self._go_beside(step, self.end, how)
        self.taken[step, self.end, how] += 1

    def _outcome(self, source: str, target: str, told: str) -> str:
        """What the edge that was taken calls the outcome. A way without an edge gets one."""
        known = [
            outcome
            for edge in self._graph.edges_from(source)
            if edge.target == target
            for outcome in edge.outcomes
        ]
        named = [outcome for outcome in known if _is_told(outcome, told)]
        others = [outcome for outcome in self._fall_backs(source, told) if outcome in known]
        for outcome in (*named, *others):
            return outcome
        outcome = told.partition(": ")[0]
        self._go_beside(source, target, outcome)
        return outcome

    def _fall_backs(self, source: str, told: str) -> tuple[str, ...]:
        node = self._graph.nodes.get(source)
        if node is not None and node.kind is Kind.WORKFLOW:
            return (*_FALL_BACKS["target_not_found"], *_OF_CHILDREN)
        return _FALL_BACKS.get(told.partition(": ")[0], ())

    def _go_beside(self, source: str, target: str, outcome: str) -> None:
        """The run took a way that is not in its definition."""
        edge = Edge(source, target, (outcome,), is_extra=True)
        if edge not in self.extra:
            self.extra.append(edge)


def _is_told(name: str, detail: str) -> bool:
    """Whether an event's detail begins with this name."""
    return detail == name or detail.startswith(f"{name}: ")


def _terminal_in(graph: Graph, detail: str) -> str:
    own = [node.name for node in graph.nodes.values() if node.kind is Kind.TERMINAL]
    known = sorted({*own, *BUILT_IN_TERMINALS}, key=len, reverse=True)
    found = [name for name in known if _is_told(name, detail)]
    return found[0] if found else detail.partition(": ")[0]


def with_trace(graph: Graph, trace: Trace) -> Graph:
    """The graph, with the ways and ends of the run that it does not have."""
    nodes = dict(graph.nodes)
    for name in trace.visits:
        if name not in nodes:
            nodes[name] = Node(name, Kind.TERMINAL, (), BUILT_IN_TERMINALS.get(name))
    return replace(graph, nodes=nodes, edges=(*graph.edges, *trace.extra))
