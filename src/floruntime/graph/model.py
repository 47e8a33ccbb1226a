"""A definition as a graph: steps and terminals, and the outcomes that lead from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from floruntime.engine.workflow.language.definition import (
    BUILT_IN_TERMINALS,
    Definition,
    EndStatus,
    Step,
)
from floruntime.engine.workflow.paths.first_step import START
from floruntime.graph.describe import Kind, entries_of, kind_of, lines_of

TIMEOUT: Final = "timeout"
ELSE: Final = "else"
"""What the way is called that a choice takes where none of its cases is true."""
TIMED_OUT: Final = "flo.TimedOut"


class Node(msgspec.Struct, frozen=True):
    """A step, or a terminal: then it has the status that it stands for. `lines`: what it does."""

    name: str
    kind: Kind
    lines: tuple[str, ...] = ()
    status: EndStatus | None = None


class Edge(msgspec.Struct, frozen=True):
    """Outcomes of `source` that lead to `target`. `is_timeout`: none but the end of the time.

    `is_extra`: not in the definition; a run went there because the engine ended it.
    """

    source: str
    target: str
    outcomes: tuple[str, ...]
    is_timeout: bool = False
    is_extra: bool = False


class Graph(msgspec.Struct, frozen=True):
    """A definition to be drawn. `entries`: what starts runs beside callers."""

    name: str
    version: str
    description: str | None
    entries: tuple[str, ...]
    nodes: dict[str, Node]
    edges: tuple[Edge, ...]

    def edges_from(self, name: str) -> list[Edge]:
        """Where this node leads, in the order of the definition."""
        return [edge for edge in self.edges if edge.source == name]


def graph_of(definition: Definition) -> Graph:
    """The graph of a definition: its steps in order, then the terminals that they lead to."""
    steps = {START: definition.start, **definition.steps}
    edges = [edge for name, step in steps.items() for edge in _edges_of(name, step)]
    nodes = {
        name: Node(name, kind_of(step), lines_of(step, definition)) for name, step in steps.items()
    }
    ends = BUILT_IN_TERMINALS | {name: each.status for name, each in definition.terminals.items()}
    for edge in edges:
        if edge.target not in nodes:
            nodes[edge.target] = Node(edge.target, Kind.TERMINAL, (), ends[edge.target])
    return Graph(
        definition.name,
        definition.version,
        definition.description,
        entries_of(definition),
        nodes,
        tuple(edges),
    )


def _edges_of(name: str, step: Step) -> Iterator[Edge]:
    """One edge for each target; the one that only time takes is an edge of its own."""
    outcomes: dict[tuple[str, bool], list[str]] = {}
    for outcome, target in _leads(step):
        outcomes.setdefault((target, outcome == TIMEOUT), []).append(outcome)
    for (target, is_timeout), names in outcomes.items():
        yield Edge(name, target, tuple(names), is_timeout)


def _leads(step: Step) -> Iterator[tuple[str, str]]:
    if step.choose is not None:
        yield from ((case.when, case.to) for case in step.choose.cases)
        yield ELSE, step.choose.otherwise
        return
    wait = step.wait_for_signal
    if wait is None or wait.timeout_ms is None:
        yield from step.transitions.items()
        return
    after_time = wait.on_timeout or step.transitions.get(TIMEOUT) or TIMED_OUT
    yield from ((name, to) for name, to in step.transitions.items() if name != TIMEOUT)
    yield TIMEOUT, after_time
