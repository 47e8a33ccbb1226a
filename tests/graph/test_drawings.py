"""The three drawings, compared with golden files, and fed with names that would break them."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from floruntime.core.workflow import WorkflowStatus
from floruntime.graph import Graph, draw_mermaid, draw_svg, draw_text, trace_of
from floruntime.graph.text_width import shortened, width_of
from tests.graph.made import (
    check_golden,
    graph_from,
    history,
    order_graph,
    order_trace,
    run_at,
    way,
)

SVG = "{http://www.w3.org/2000/svg}"
DRAWERS = {"txt": draw_text, "mmd": draw_mermaid, "svg": draw_svg}
HOSTILE = '</text><script>"&#35;|{}[]'


@pytest.mark.parametrize("kind", DRAWERS)
def test_a_definition_is_drawn_as_it_was(kind: str) -> None:
    check_golden(f"order.{kind}", DRAWERS[kind](order_graph()))


@pytest.mark.parametrize("kind", DRAWERS)
def test_a_run_is_drawn_with_its_way(kind: str) -> None:
    check_golden(f"order-run.{kind}", DRAWERS[kind](order_graph(), order_trace()))


def hostile_graph() -> Graph:
    name = HOSTILE.replace('"', '\\"')
    return graph_from(
        f'description: "{name}"\n'
        f'start:\n  run: "@actions/{name}"\n  transitions: {{success: "{name}"}}\n'
        f'steps:\n  "{name}":\n    waitForSignal: {{type: "{name}", timeoutMs: 5}}\n'
        f'    transitions: {{success: "end {name}"}}\n'
        f'terminals: {{"end {name}": {{status: completed}}}}\n'
        f'trigger: {{stream: "{name}"}}\n'
    )


def test_names_cannot_break_out_of_an_svg() -> None:
    events = history(*way(("start", "success")), ("step_started", HOSTILE, ""))
    run = run_at(HOSTILE, WorkflowStatus.WAITING, wait_signal=HOSTILE, error="\x00 \ud800 <b>")
    graph = hostile_graph()
    for drawing in (draw_svg(graph), draw_svg(graph, trace_of(graph, run, events))):
        drawing.encode()
        root = ElementTree.fromstring(drawing)
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
            *("svg", "title", "style", "rect", "text", "tspan", "g", "path")
        }
        texts = {"".join(each.itertext()) for each in root.iter(f"{SVG}text")}
        assert HOSTILE in texts


def test_names_cannot_break_out_of_a_flowchart() -> None:
    """All of the text stands in quotes, which nothing in it ends."""
    for line in draw_mermaid(hostile_graph()).splitlines()[2:]:
        assert not re.sub(r'"[^"]*"', "", line).count('"')
        assert "<script" not in line


def test_a_long_name_is_shortened_and_told_in_full_beside() -> None:
    name = "a-" * 100
    graph = graph_from(
        f'start:\n  run: "@actions/a"\n  transitions: {{success: {name}}}\n'
        f"terminals: {{{name}: {{status: failed}}}}\n"
    )
    root = ElementTree.fromstring(draw_svg(graph))
    assert name in [each.text for each in root.iter(f"{SVG}title")]
    assert name not in ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]
    assert name in draw_text(graph)


def test_a_drawing_refers_to_nothing_outside_it() -> None:
    drawing = draw_svg(order_graph(), order_trace())
    assert re.findall(r'https?://[^"]*', drawing) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in drawing
    assert "prefers-color-scheme: dark" in drawing


def test_a_single_step_that_leads_to_itself_is_drawn() -> None:
    graph = graph_from('start:\n  run: "@actions/a"\n  transitions: {success: start}\n')
    assert "success ──→ start ↑" in draw_text(graph)
    ElementTree.fromstring(draw_svg(graph))


def test_how_a_run_ended_is_marked() -> None:
    graph = graph_from(
        'start:\n  run: "@actions/a"\n  transitions: '
        "{success: flo.Completed, failure: flo.Failed}\n"
    )
    failed = run_at("start", WorkflowStatus.FAILED, error="step 'start' led to flo.Failed")
    events = history(*way(("start", "failure: broken")), ("workflow_failed", "start", "flo.Failed"))
    text = draw_text(graph, trace_of(graph, failed, events))
    assert "failure ──→ ✗ flo.Failed  ✘\n" in text
    assert "success ──→ ● flo.Completed\n" in text
    assert "run wfrun-7: failed at flo.Failed (step 'start' led to flo.Failed)\n" in text
    done = run_at("start", WorkflowStatus.COMPLETED)
    events = history(*way(("start", "success")), ("workflow_completed", "start", "flo.Completed"))
    assert "● flo.Completed  ✔\n" in draw_text(graph, trace_of(graph, done, events))


@pytest.mark.parametrize("draw", DRAWERS.values())
def test_an_error_text_cannot_give_orders_to_a_terminal_or_begin_a_line(draw: Any) -> None:
    run = run_at("start", WorkflowStatus.FAILED, error="a\x1b[31m\r\nflowchart LR")
    drawing = draw(order_graph(), trace_of(order_graph(), run, []))
    assert "\x1b" not in drawing
    assert "\nflowchart LR" not in drawing
    assert "a\ufffd[31m flowchart LR" in drawing


def test_text_is_measured_and_shortened() -> None:
    assert width_of("WWW", 10) > width_of("iii", 10) > 0
    assert width_of("日本", 10) > width_of("ab", 10)
    assert width_of("e\u0301", 10) == width_of("e", 10)
    assert shortened("short", 5) == "short"
    assert shortened("abcdefghij", 7) == "abcd…ij"
