"""Ranges of search attributes: which runs, in which order, and runs of before."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.core.action import RunOrder
from floruntime.core.errors import BadRequestError, BadTypeError, ConflictError
from floruntime.core.system import RunsIndex, Tick
from floruntime.core.workflow import (
    SearchRange,
    WorkflowBulk,
    WorkflowBulkOperation,
    WorkflowListRuns,
    WorkflowStart,
)
from floruntime.engine.store.protocol import Changes
from floruntime.engine.system.old_runs import RUNS_PER_TICK_MAX
from floruntime.engine.workflow.invariant_counts import violations
from floruntime.engine.workflow.runs.rows import (
    SEARCH,
    SEARCH_VALUE,
    WORKFLOW,
    WORKFLOW_RUN,
    WORKFLOW_RUN_ENDED,
)
from floruntime.engine.workflow.runs.search import mark_of
from floruntime.engine.workflow.runs.search_values import is_within, ordered
from tests.engine.harness import Engine
from tests.engine.workflow.calls import ENGINES, Workflows, flow

DEFINITION = flow("""
searchAttributes:
  - {name: amount, type: number, from: $.input.amount}
  - {name: customer, type: string, from: $.input.customer}
  - {name: due, type: timestamp, from: $.input.due}
start: {run: "@actions/charge", transitions: {success: flo.Completed, failure: flo.Failed}}
""")
NUMBERS = [3, -2, 2.5, 10, 0, 100, 99.0, 2**53 + 1, 2**53, -(2**63), 2**63 - 1, 1e300, -0.5]


def with_amounts(*amounts: Any) -> tuple[Workflows, dict[str, Any]]:
    flows = Workflows(DEFINITION)
    started = [
        flows.engine.run(WorkflowStart("flow", json.dumps({"amount": each}).encode()))
        for each in amounts
    ]
    return flows, {run.run_id: each for run, each in zip(started, amounts, strict=True)}


@pytest.mark.parametrize(
    "bounds",
    [
        {"gte": 2.5},
        {"gt": 2.5},
        {"lt": 99},
        {"lte": 99},
        {"gte": 0, "lt": 100},
        {"gt": 2**53, "lte": 2**63 - 1},
        {"gt": 10, "lt": 10},
        {"gte": 50, "lt": 3},
        {"gte": -0.0, "lte": 0},
    ],
)
def test_the_runs_in_a_range_come_in_the_order_of_its_values(bounds: dict[str, Any]) -> None:
    flows, amounts = with_amounts(*NUMBERS)
    wanted = SearchRange("amount", bounds)
    expected = sorted(each for each in NUMBERS if is_within(each, wanted))
    found = flows.runs(search_range=wanted, order=RunOrder.OLDEST)
    assert [amounts[run_id] for run_id in found] == expected
    assert flows.runs(search_range=wanted) == found[::-1]
    for limit in (1, 2, 3):
        assert in_pages(flows, limit, search_range=wanted, order=RunOrder.OLDEST) == found


def in_pages(flows: Workflows, limit: int, **wanted: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = flows.ask(WorkflowListRuns(limit=limit, cursor=cursor, **wanted))
        found += [run.run_id for run in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


def test_a_range_of_texts_and_of_timestamps() -> None:
    flows = Workflows(DEFINITION)
    names = ["ada", "bob", "", "ada\x00", "adam", "zoë", "Ada", "élan"]
    runs = {flows.start({"customer": name, "due": at}): name for at, name in enumerate(names)}
    found = flows.runs(
        search_range=SearchRange("customer", {"gte": "ada", "lt": "b"}), order=RunOrder.OLDEST
    )
    assert [runs[run_id] for run_id in found] == ["ada", "ada\x00", "adam"]
    assert len(flows.runs(search_range=SearchRange("customer", {"lte": "\U0010ffff"}))) == len(
        names
    )
    due = flows.runs(search_range=SearchRange("due", {"gt": 2, "lte": 4}), order=RunOrder.OLDEST)
    assert [runs[run_id] for run_id in due] == ["ada\x00", "adam"]
    assert flows.runs(search_range=SearchRange("customer", {"gte": 0})) == []
    assert flows.runs(search_range=SearchRange("due", {"gte": "0"})) == []
    assert flows.runs(search_range=SearchRange("unknown", {"gte": 0})) == []


def test_a_range_goes_with_all_other_filters() -> None:
    flows = Workflows(
        DEFINITION,
        flow(
            """
searchAttributes: [{name: amount, type: number, from: $.input.amount}]
start: {run: "@actions/charge", transitions: {success: flo.Completed}}
""",
            name="other",
        ),
    )
    one = flows.start({"amount": 5, "customer": "ada"})
    flows.start({"amount": 6, "customer": "bob"})
    flows.start({"amount": 7}, name="other")
    wanted = SearchRange("amount", {"gte": 5})
    assert flows.runs(search_range=wanted, search={"customer": "ada"}) == [one]
    assert len(flows.runs(search_range=wanted, workflow_name="flow")) == 2
    assert flows.runs(search_range=wanted, status="completed") == []
    flows.advance(10)
    late = flows.start({"amount": 1})
    since = SearchRange("amount", {"lte": 100})
    assert flows.runs(search_range=since, started_after_ms=flows.now_ms) == [late]


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({}, "amount.. has no bound; give one of: gt, gte, lt, lte"),
        ({"gt": 1, "gte": 1}, "amount.. has gt and gte; give one of them"),
        ({"lt": 1, "lte": 1}, "amount.. has lt and lte; give one of them"),
        ({"ge": 1}, "has 'ge'; its bounds are: gt, gte, lt, lte"),
        ({"gte": math.inf}, "no finite number"),
        ({"gte": math.nan}, "no finite number"),
    ],
)
def test_a_range_that_means_nothing_is_refused(bounds: dict[str, Any], says: str) -> None:
    flows, _ = with_amounts(1)
    with pytest.raises(BadRequestError, match=says):
        flows.runs(search_range=SearchRange("amount", bounds))


def test_a_range_from_a_number_to_a_text_is_refused() -> None:
    flows, _ = with_amounts(1)
    with pytest.raises(BadTypeError, match="both bounds must be of one kind"):
        flows.runs(search_range=SearchRange("amount", {"gte": 1, "lt": "2"}))


def test_a_cursor_belongs_to_its_range() -> None:
    flows, _ = with_amounts(1, 2, 3)
    page = flows.ask(WorkflowListRuns(limit=1, search_range=SearchRange("amount", {"gte": 1})))
    with pytest.raises(BadRequestError, match="another listing"):
        flows.ask(
            WorkflowListRuns(cursor=page.cursor, search_range=SearchRange("amount", {"gte": 2}))
        )


def test_a_job_takes_the_runs_in_a_range() -> None:
    flows, amounts = with_amounts(1, 5, 9)
    wanted = SearchRange("amount", {"gt": 1, "lt": 9})
    flows.tell(WorkflowBulk(WorkflowBulkOperation.CANCEL, search_range=wanted))
    flows.advance(1)
    cancelled = flows.runs(status="cancelled")
    assert [amounts[run_id] for run_id in cancelled] == [5]


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
)
def test_bytes_stand_in_the_order_of_numbers(values: list[Any]) -> None:
    for one, other in itertools.combinations(values, 2):
        assert (one < other) == (ordered(one) < ordered(other))
        assert (one == other) == (ordered(one) == ordered(other))


@given(st.lists(st.text()))
def test_bytes_stand_in_the_order_of_texts(values: list[str]) -> None:
    for one, other in itertools.combinations(values, 2):
        assert (one < other) == (ordered(one) < ordered(other))
        assert not ordered(one).startswith(ordered(other)) or one == other


# Runs of before


def as_of_before(flows: Workflows) -> None:
    """Let the store look as the version before left it."""
    engine = flows.engine
    ENGINES.remove(engine)  # its commands alone do not lead here
    changed: dict[bytes, bytes | None] = {}
    for key, data in engine.rows().items():
        if key[:2] in (SEARCH_VALUE.tag, WORKFLOW_RUN_ENDED.tag):
            changed[key] = None
        elif key[:2] == WORKFLOW_RUN.tag:
            of_namespace_id, number = WORKFLOW_RUN.unpack(key)
            for name, value in WORKFLOW_RUN.decode(data).search_attributes.items():
                if value is not None:
                    old_key = SEARCH.key(of_namespace_id, mark_of(name, value), number)
                    changed[old_key] = msgspec.msgpack.encode(True)
        elif key[:2] == WORKFLOW.tag:
            row = WORKFLOW.decode(data)
            row.is_indexed = False
            changed[key] = msgspec.msgpack.encode(row)
    engine.store.write(Changes(changed, []))
    engine.reopen()


def of_before(runs: int) -> tuple[Workflows, list[str]]:
    """Runs of before, all of customer ada, the first half of them completed."""
    flows = Workflows(DEFINITION, engine=Engine())
    run_ids = [flows.start({"customer": "ada", "amount": n}) for n in range(runs)]
    for task in flows.claim()[: runs // 2]:
        flows.complete(task)
    return flows, run_ids


def test_runs_of_before_are_found_by_a_value_at_once_and_by_a_range_when_ticks_are_done() -> None:
    flows, run_ids = of_before(RUNS_PER_TICK_MAX + 50)
    as_of_before(flows)
    wanted = SearchRange("amount", {"gte": 0})
    assert sorted(flows.found(customer="ada")) == sorted(run_ids)
    flows.tell(RunsIndex())
    with pytest.raises(ConflictError, match="still being indexed"):
        flows.runs(search_range=wanted)
    flows.tell(Tick())
    with pytest.raises(ConflictError, match="still being indexed"):
        flows.runs(search_range=wanted)
    ended = flows.runs(ended_after_ms=1)
    assert len(ended) == len(run_ids) // 2
    new = flows.start({"customer": "ada", "amount": -1})
    assert set(flows.found(customer="ada")) == {*run_ids, new}
    flows.engine.tick()
    assert flows.runs(search_range=wanted, order=RunOrder.OLDEST) == run_ids
    assert set(flows.runs(ended_after_ms=1)) == set(ended)
    assert set(flows.found(customer="ada")) == {*run_ids, new}
    assert not any(key[:2] == SEARCH.tag for key in flows.engine.rows())
    flows.tell(RunsIndex())  # done once
    assert flows.engine.machine.first_due(flows.now_ms + 1) is None
    assert violations(flows.engine.machine.view(flows.engine.store, "default", flows.now_ms)) == []
