"""Graphs and histories for the tests of drawings."""

from __future__ import annotations

import os
from pathlib import Path

from floruntime.core.workflow import HistoryEvent, WorkflowRun, WorkflowStatus
from floruntime.engine.workflow.language.validation import check
from floruntime.graph import Graph, Trace, graph_of, trace_of

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("FLO_REWRITE_GOLDEN") == "1"
"""`FLO_REWRITE_GOLDEN=1 pytest tests/graph` writes the golden files anew: look at them before you
commit them.
"""


def graph_in(text: str | bytes) -> Graph:
    """The graph of a definition, which must be valid."""
    checked = check(text.encode() if isinstance(text, str) else text)
    assert checked.definition is not None, checked.problems
    return graph_of(checked.definition)


def graph_from(body: str) -> Graph:
    """The graph of a definition with this body."""
    return graph_in(f'kind: Workflow\nname: flow\nversion: "1"\n{body}')


def order_graph() -> Graph:
    return graph_in((GOLDEN / "order.yaml").read_bytes())


def history(*told: tuple[str, str | None, str]) -> list[HistoryEvent]:
    """Events by type, step and detail."""
    return [
        HistoryEvent(number, type, detail, step, 0)
        for number, (type, step, detail) in enumerate(told, 1)
    ]


def way(*steps: tuple[str, str]) -> list[tuple[str, str | None, str]]:
    """The events of steps that began, and ended so."""
    return [
        event
        for step, told in steps
        for event in (("step_started", step, ""), ("step_completed", step, told))
    ]


def run_at(
    step: str | None,
    status: WorkflowStatus = WorkflowStatus.RUNNING,
    *,
    wait_signal: str | None = None,
    error: str | None = None,
) -> WorkflowRun:
    return WorkflowRun(
        *("wfrun-7", "flow", "1", status, step, b"{}", None, error, 0, 0, None, wait_signal)
    )


def order_trace() -> Trace:
    """Declined twice, charged, escalated once, and now waiting for the second time."""
    events = history(
        ("workflow_started", None, "{}"),
        *way(("start", "success"), ("charge", "declined"), ("ask-customer", "success")),
        *way(("charge", "declined"), ("ask-customer", "success"), ("charge", "success")),
        *way(("review", "timeout: no signal came"), ("escalate", "success")),
        ("step_started", "review", ""),
        ("waiting_for_signal", "review", "approval_decision"),
    )
    run = run_at("review", WorkflowStatus.WAITING, wait_signal="approval_decision")
    return trace_of(order_graph(), run, events)


def check_golden(name: str, drawing: str) -> None:
    """Compare with the golden file of that name."""
    path = GOLDEN / name
    if REWRITE:
        path.write_text(drawing, encoding="utf-8")
    assert drawing == path.read_text(encoding="utf-8"), "FLO_REWRITE_GOLDEN=1 writes it anew"
