"""The way of a run, from its history: which edges it took, and where it is."""

from __future__ import annotations

import pytest

from floruntime.core.workflow import WorkflowStatus
from floruntime.graph.model import Edge
from floruntime.graph.trace import Trace, trace_of, with_trace
from tests.graph.made import graph_from, history, order_graph, order_trace, run_at, way

FAILED = WorkflowStatus.FAILED
ONE = graph_from(
    'start:\n  run: "@actions/a"\n  transitions: '
    "{success: flo.Completed, failure: flo.Failed, rejected: flo.Cancelled}\n"
)
CHILD = graph_from(
    'start:\n  run: "@workflow/child"\n  transitions: '
    '{"lost: twice": flo.Failed, success: flo.Completed, failure: flo.Failed}\n'
)


def ended(graph: object, told: str, event: str, detail: str, status: WorkflowStatus) -> Trace:
    events = history(*way(("start", told)), (event, "start", detail))
    return trace_of(graph, run_at("start", status), events)  # type: ignore[arg-type]  # a graph


def test_visits_and_edges_are_counted() -> None:
    trace = order_trace()
    assert trace.visits == {"start": 1, "charge": 3, "ask-customer": 2, "review": 2, "escalate": 1}
    assert trace.taken == {
        ("start", "charge", "success"): 1,
        ("charge", "ask-customer", "declined"): 2,
        ("ask-customer", "charge", "success"): 2,
        ("charge", "review", "success"): 1,
        ("review", "escalate", "timeout"): 1,
        ("escalate", "review", "success"): 1,
    }
    assert (trace.now, trace.is_finished, trace.extra) == ("review", False, ())


@pytest.mark.parametrize(
    ("graph", "told", "called"),
    [
        (ONE, "failure: broken", "failure"),
        (ONE, "target_not_found: action 'a' is not registered", "failure"),
        (ONE, "target_disabled: action 'a' is disabled", "failure"),
        (ONE, "execution_failure: no path", "failure"),
        (CHILD, "lost: twice", "lost: twice"),
        (CHILD, "lost: twice: it is gone", "lost: twice"),
        (CHILD, "flo.TimedOut: too late", "failure"),
    ],
)
def test_an_outcome_is_called_what_the_edge_calls_it(graph: object, told: str, called: str) -> None:
    trace = ended(graph, told, "workflow_failed", "flo.Failed: step 'start' led there", FAILED)
    assert trace.taken == {("start", "flo.Failed", called): 1}
    assert (trace.now, trace.is_finished, trace.extra) == ("flo.Failed", True, ())


@pytest.mark.parametrize("told", ["approved", "success"])
def test_where_the_engine_ended_the_run_there_is_an_edge_of_its_own(told: str) -> None:
    """No transition for an outcome; an output that could not be made."""
    trace = ended(ONE, told, "workflow_failed", "flo.Failed: the engine says why", FAILED)
    extra = Edge("start", "flo.Failed", (told,), is_extra=True)
    assert trace.extra == (extra,)
    assert trace.count(extra) == 1
    assert [edge for edge in ONE.edges if trace.count(edge)] == []


def test_a_run_that_is_cancelled_leaves_its_step_by_no_edge_of_the_definition() -> None:
    """Not even by one that leads to the same terminal."""
    events = history(
        ("step_started", "start", ""), ("workflow_cancelled", "start", "flo.Cancelled")
    )
    trace = trace_of(ONE, run_at("start", WorkflowStatus.CANCELLED), events)
    assert trace.extra == (Edge("start", "flo.Cancelled", ("cancelled",), is_extra=True),)
    assert trace.taken == {("start", "flo.Cancelled", "cancelled"): 1}


def test_a_retried_run_is_where_it_is_now_and_not_where_it_had_ended() -> None:
    events = history(
        *way(("start", "failure: broken")),
        ("workflow_failed", "start", "flo.Failed: broken"),
        ("step_retry", "start", "by request"),
        ("step_started", "start", ""),
    )
    trace = trace_of(ONE, run_at("start"), events)
    assert (trace.now, trace.is_finished) == ("start", False)
    assert trace.visits == {"start": 2, "flo.Failed": 1}
    assert trace.taken == {("start", "flo.Failed", "failure"): 1}


def test_terminals_beside_the_definition_join_the_graph() -> None:
    graph = order_graph()
    events = history(
        ("step_started", "start", ""), ("workflow_cancelled", "start", "flo.Cancelled")
    )
    trace = trace_of(graph, run_at("start", WorkflowStatus.CANCELLED), events)
    joined = with_trace(graph, trace)
    assert joined.nodes["flo.Cancelled"].status == "cancelled"
    assert joined.edges == (*graph.edges, *trace.extra)
    assert "flo.Cancelled" not in graph.nodes


def test_a_run_that_has_not_begun_has_been_nowhere() -> None:
    trace = trace_of(ONE, run_at(None, WorkflowStatus.PENDING), [])
    assert (trace.visits, trace.taken, trace.now, trace.is_finished) == ({}, {}, None, False)
