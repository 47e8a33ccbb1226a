"""Search attributes: what they are taken from, when, and how they are found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from floruntime.core.errors import BadRequestError
from floruntime.core.workflow import SearchRange, WorkflowStart
from floruntime.engine.workflow.runs.rows import SEARCH_VALUE
from floruntime.engine.workflow.runs.search import TEXT_CHARS_MAX, mark_of
from tests.engine.workflow.calls import Workflows, flow

ATTRIBUTES = flow("""
searchAttributes:
  - {name: customer, type: string, from: $.input.customer}
  - {name: amount, type: number, from: $.input.amount}
  - {name: due, type: timestamp, from: $.input.due}
  - {name: receipt, type: string, from: $.steps.start.output.receipt}
  - {name: ended, type: string, from: $.steps.start.outcome}
start: {run: "@actions/charge", transitions: {success: rest, again: start, failure: flo.Failed}}
steps:
  rest: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
""")


def attributes(flows: Workflows, run_id: str) -> dict[str, Any]:
    """Those that are not null."""
    found = flows.run(run_id).search_attributes
    return {name: value for name, value in found.items() if value is not None}


def test_attributes_of_the_input_are_there_from_the_start() -> None:
    flows = Workflows(ATTRIBUTES)
    run_id = flows.start({"customer": "ada", "amount": 9.5, "due": 1_700_000_000_000})
    assert attributes(flows, run_id) == {
        "customer": "ada",
        "amount": 9.5,
        "due": 1_700_000_000_000,
    }
    assert flows.found(customer="ada") == [run_id]


def test_attributes_of_steps_come_as_the_steps_end() -> None:
    flows = Workflows(ATTRIBUTES)
    run_id = flows.start({})
    assert flows.found(receipt="r1") == []
    flows.do(output={"receipt": "r1"}, outcome="again")
    assert attributes(flows, run_id) == {"receipt": "r1", "ended": "again"}
    flows.do(output={"receipt": "r2"})
    assert attributes(flows, run_id) == {"receipt": "r2", "ended": "success"}
    assert (flows.found(receipt="r1"), flows.found(receipt="r2")) == ([], [run_id])


def test_an_attribute_goes_where_its_path_finds_nothing_any_more() -> None:
    flows = Workflows(ATTRIBUTES)
    run_id = flows.start({})
    flows.do(output={"receipt": "r1"}, outcome="again")
    flows.do(output={})
    assert attributes(flows, run_id) == {"ended": "success"}
    assert flows.found(receipt="r1") == []


def test_attributes_stay_with_a_run_that_has_ended() -> None:
    flows = Workflows(ATTRIBUTES)
    run_id = flows.start({"customer": "ada"})
    flows.break_down()
    assert flows.found(customer="ada") == [run_id]
    assert flows.found(ended="failure") == [run_id]


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("customer", "", True),
        ("customer", "x" * TEXT_CHARS_MAX, True),
        ("customer", "x" * (TEXT_CHARS_MAX + 1), False),
        ("customer", 1, False),
        ("customer", None, False),
        ("customer", ["ada"], False),
        ("customer", "\ud800", False),
        ("amount", 0, True),
        ("amount", -1.5, True),
        ("amount", 2**63 - 1, True),
        ("amount", -(2**63), True),
        ("amount", 2**63, False),
        ("amount", True, False),
        ("amount", "1", False),
        ("due", 0, True),
        ("due", -1, False),
        ("due", 1.5, False),
        ("due", True, False),
        ("due", "2024-01-01", False),
    ],
)
def test_what_is_of_which_type(name: str, value: Any, is_taken: bool) -> None:
    flows = Workflows(ATTRIBUTES)
    run_id = flows.engine.run(WorkflowStart("flow", json.dumps({name: value}).encode())).run_id
    assert attributes(flows, run_id) == ({name: value} if is_taken else {})
    if is_taken:
        assert flows.found(**{name: value}) == [run_id]


def test_a_search_is_for_exactly_these_values() -> None:
    flows = Workflows(ATTRIBUTES)
    one = flows.start({"customer": "ada", "amount": 1, "due": 1})
    two = flows.start({"customer": "ada", "amount": 2})
    flows.start({"customer": "Ada", "amount": 1})
    assert flows.found(customer="ada") == [two, one]
    assert flows.found(customer="ada", amount=1) == [one]
    assert flows.found(customer="ada", amount=3) == []
    assert flows.found(unknown="ada") == []
    assert flows.found(customer="ada", amount="1") == []
    assert flows.found(amount=True) == []
    assert flows.found(amount=1, due=True) == []


def test_a_number_is_found_however_it_is_written() -> None:
    flows = Workflows(ATTRIBUTES)
    run_id = flows.engine.run(WorkflowStart("flow", b'{"amount": 99.0}')).run_id
    other_id = flows.engine.run(WorkflowStart("flow", b'{"amount": 99}')).run_id
    assert flows.found(amount=99) == flows.found(amount=99.0) == [other_id, run_id]
    negative = flows.engine.run(WorkflowStart("flow", b'{"amount": -0.0}')).run_id
    assert flows.found(amount=0) == [negative]


def test_runs_that_share_a_place_in_the_index_by_chance_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "floruntime.engine.workflow.runs.search_values.place_of",
        lambda of_namespace_id, name: SEARCH_VALUE.key(of_namespace_id, 7),
    )
    flows = Workflows(
        flow("""
searchAttributes:
  - {name: a, type: string, from: $.input.a}
  - {name: b, type: string, from: $.input.b}
start: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    one, other = flows.start({"a": "1"}), flows.start({"b": "1"})
    assert flows.found(a="1") == [one]
    assert flows.runs(search_range=SearchRange("b", {"gte": "0"})) == [other]


def test_marks_are_stable() -> None:
    assert mark_of("a", "x") == mark_of("a", "x")
    assert mark_of("a", 1) == mark_of("a", 1.0)
    marks = [mark_of("a", "x"), mark_of("b", "x"), mark_of("a", "y"), mark_of("a", 1)]
    assert len({*marks, mark_of("a", "1"), mark_of("a", True)}) == 6


def test_the_same_value_under_two_names_is_two_attributes() -> None:
    flows = Workflows(
        flow("""
searchAttributes:
  - {name: a, type: string, from: $.input.a}
  - {name: b, type: string, from: $.input.b}
start: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    one = flows.start({"a": "x"})
    two = flows.start({"b": "x"})
    assert (flows.found(a="x"), flows.found(b="x")) == ([one], [two])


def test_a_run_has_one_row_an_attribute_and_no_more() -> None:
    flows = Workflows(ATTRIBUTES)
    flows.start({"customer": "ada", "amount": 1})
    for n in range(5):
        flows.do(output={"receipt": f"r{n}"}, outcome="again")
    rows = [key for key in flows.engine.rows() if key[:2] == SEARCH_VALUE.tag]
    assert len(rows) == 4


def test_a_search_is_for_so_many_attributes_at_most() -> None:
    flows = Workflows(ATTRIBUTES)
    assert flows.found(**{str(n): "x" for n in range(32)}) == []
    with pytest.raises(BadRequestError, match="search has 33 attributes; at most 32"):
        flows.found(**{str(n): "x" for n in range(33)})
