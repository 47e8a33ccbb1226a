"""What of a definition becomes a node, an edge, a line of text."""

from __future__ import annotations

import pytest

from floruntime.engine.workflow.language.definition import EndStatus
from floruntime.graph.describe import Kind
from floruntime.graph.model import Edge
from floruntime.graph.trace import trace_of
from tests.graph.made import graph_from, history, order_graph, run_at


def test_steps_come_in_order_and_then_the_terminals_that_they_lead_to() -> None:
    nodes = order_graph().nodes
    assert [name for name, node in nodes.items() if node.kind is not Kind.TERMINAL] == [
        *("start", "charge", "ask-customer", "review", "escalate", "ship", "refund", "notify")
    ]
    assert {name: node.status for name, node in nodes.items() if node.status} == {
        "rejected": EndStatus.FAILED,
        "flo.Failed": EndStatus.FAILED,
        "cancelled": EndStatus.CANCELLED,
        "flo.Completed": EndStatus.COMPLETED,
    }


def test_each_kind_of_step_is_told_apart() -> None:
    kinds = {name: node.kind for name, node in order_graph().nodes.items()}
    assert (kinds["start"], kinds["charge"]) == (Kind.ACTION, Kind.PLAN)
    assert (kinds["ship"], kinds["review"]) == (Kind.WORKFLOW, Kind.SIGNAL)


def test_outcomes_with_one_target_are_one_edge_and_the_time_out_is_its_own() -> None:
    graph = graph_from(
        'start:\n  run: "@actions/a"\n  transitions: '
        "{success: flo.Completed, lost: flo.Failed, failure: flo.Failed, timeout: flo.Failed}\n"
    )
    assert graph.edges == (
        Edge("start", "flo.Completed", ("success",)),
        Edge("start", "flo.Failed", ("lost", "failure")),
        Edge("start", "flo.Failed", ("timeout",), is_timeout=True),
    )


@pytest.mark.parametrize(
    ("wait", "transitions", "target"),
    [
        ("timeoutMs: 5, onTimeout: late", "success: flo.Completed", "late"),
        ("timeoutMs: 5", "success: flo.Completed, timeout: late", "late"),
        ("timeoutMs: 5", "success: flo.Completed", "flo.TimedOut"),
    ],
)
def test_where_a_wait_goes_when_its_time_is_up(wait: str, transitions: str, target: str) -> None:
    graph = graph_from(
        f"start:\n  waitForSignal: {{type: go, {wait}}}\n  transitions: {{{transitions}}}\n"
        "terminals: {late: {status: failed}}\n"
    )
    [edge] = [edge for edge in graph.edges if edge.is_timeout]
    assert (edge.target, edge.outcomes) == (target, ("timeout",))


def test_a_wait_without_an_end_has_no_such_edge() -> None:
    graph = graph_from(
        "start:\n  waitForSignal: {type: go}\n  transitions: {success: flo.Completed}\n"
    )
    assert [edge.is_timeout for edge in graph.edges] == [False]


def test_what_a_step_does_is_told_in_lines() -> None:
    nodes = order_graph().nodes
    assert nodes["start"].lines == (
        "@actions/validate-order",
        "3 attempts, exponential with jitter",
    )
    assert nodes["charge"].lines == (
        *("@plan/payment", "stripe (breaker) ~ adyen", "health-weighted", "with a fallback"),
        "within 1m 30s",
    )
    assert nodes["review"].lines == ("signal approval_decision", "within 2d")
    assert nodes["ship"].lines == ("@workflow/shipping:3", "polls 20 times, constant")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (
            'schedule: {cron: "0 2 * * *", timezone: Europe/Berlin}',
            "cron 0 2 * * * (Europe/Berlin)",
        ),
        ("schedule: {interval: 90000}", "every 1m 30s"),
        ("trigger: {stream: orders}", "each record of stream orders"),
        ("trigger: {stream: orders, batch_size: 50}", "every 50 records of stream orders"),
    ],
)
def test_what_starts_runs_is_told(part: str, told: str) -> None:
    body = 'start:\n  run: "@actions/a"\n  transitions: {success: flo.Completed}\n'
    assert graph_from(f"{body}{part}\n").entries == (told,)


def test_a_choice_leads_by_its_cases_and_is_followed_by_them() -> None:
    graph = graph_from(
        "start: {choose: {cases: [{when: $.input.a > 1, to: nap}, {when: $.input.b, to: nap}], "
        "else: flo.Failed}}\n"
        "steps: {nap: {sleep: {forMs: 60000}, transitions: {success: flo.Completed}}}\n"
    )
    assert graph.nodes["start"].kind is Kind.CHOICE
    assert graph.nodes["nap"].lines == ("sleeps for 1m",)
    assert [(edge.target, edge.outcomes) for edge in graph.edges_from("start")] == [
        ("nap", ("$.input.a > 1", "$.input.b")),
        ("flo.Failed", ("else",)),
    ]
    events = history(
        ("step_started", "start", ""),
        ("choice_made", "start", "nap: $.input.b"),
        ("step_completed", "start", "success"),
        ("step_started", "nap", ""),
    )
    trace = trace_of(graph, run_at("nap"), events)
    assert trace.taken == {("start", "nap", "$.input.b"): 1}
    assert not trace.extra
