"""Listing runs: order, filters, pages while runs come and go."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from floruntime.core.action import RunOrder
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import VALUE_BYTES_DEFAULT
from floruntime.core.workflow import SearchRange, WorkflowListRuns, WorkflowRun, WorkflowStatus
from floruntime.engine.state.tx import View
from floruntime.engine.store import Reader
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

BODY = """
searchAttributes: [{name: group, type: string, from: $.input.group}]
start:
  run: "@actions/charge"
  retry: {max_attempts: 2}
  transitions:
    {success: flo.Completed, bad: flo.Failed, gone: flo.Cancelled, late: flo.TimedOut, wait: wait}
steps:
  wait: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
"""
RUNNING = WorkflowStatus.RUNNING
OUTCOMES = {"completed": "success", "failed": "bad", "cancelled": "gone", "timed_out": "late"}


def three_workflows() -> Workflows:
    return Workflows(*(flow(BODY, name=name) for name in ("flow", "other", "third")))


def filled() -> tuple[Workflows, dict[str, tuple[str, str, str]]]:
    """Runs of three workflows in every status: what each is, oldest first."""
    flows = three_workflows()
    what: dict[str, tuple[str, str, str]] = {}
    statuses = ["running", "waiting", *OUTCOMES]
    for n in range(60):
        name = ("flow", "other", "third")[n % 3]
        status = statuses[n * 7 % 6]
        group = f"g{n % 4}"
        run_id = flows.start({"group": group}, name=name, run_id=f"id-{n}" if n % 5 == 0 else None)
        what[run_id] = (name, status, group)
    for task in flows.claim():
        assert task.caller_run_id is not None
        status = what[task.caller_run_id][1]
        if status != "running":
            flows.complete(task, outcome=OUTCOMES.get(status, "wait"))
    return flows, what


@pytest.mark.parametrize("name", [None, "flow", "other"])
@pytest.mark.parametrize("status", [None, "running", "waiting", "pending", *OUTCOMES])
@pytest.mark.parametrize("group", [None, "g1"])
def test_every_filter_and_all_of_them_together(
    name: str | None, status: str | None, group: str | None
) -> None:
    flows, what = filled()
    wanted: dict[str, Any] = {"workflow_name": name, "status": status}
    if group is not None:
        wanted["search"] = {"group": group}
    expected = [
        run_id
        for run_id, of in reversed(what.items())
        if name in (None, of[0]) and status in (None, of[1]) and group in (None, of[2])
    ]
    assert flows.runs(**wanted) == expected
    for limit in (1, 3, 7):
        assert in_pages(flows, limit, **wanted) == expected


def in_pages(flows: Workflows, limit: int, **wanted: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = flows.ask(WorkflowListRuns(limit=limit, cursor=cursor, **wanted))
        found += [run.run_id for run in page.items]
        cursor = page.cursor
        if cursor is None:
            return found
        assert len(page.items) == limit


def test_a_listed_run_is_shown_as_when_it_is_looked_at() -> None:
    flows, _ = filled()
    items: list[WorkflowRun] = flows.ask(WorkflowListRuns(limit=1000)).items
    assert items == [replace(flows.run(run.run_id), waits_for=None) for run in items]


def test_an_unknown_workflow_has_no_runs() -> None:
    flows, _ = filled()
    assert flows.runs(workflow_name="unknown") == []


@pytest.mark.parametrize("status", [None, WorkflowStatus.RUNNING, WorkflowStatus.WAITING])
def test_what_is_there_throughout_appears_once_while_runs_come_and_go(
    status: WorkflowStatus | None,
) -> None:
    chance = random.Random(7)
    flows = three_workflows()
    there = [flows.start(name=("flow", "other")[n % 2]) for n in range(40)]
    if status == "waiting":
        for task in flows.claim():
            flows.complete(task, outcome="wait")
    seen: list[str] = []
    passing = []
    cursor = None
    while True:
        page = flows.ask(WorkflowListRuns(status=status, limit=3, cursor=cursor))
        seen += [run.run_id for run in page.items]
        cursor = page.cursor
        if cursor is None:
            break
        passing.append(flows.start(name="third"))
        if chance.random() < 0.5:
            flows.cancel(passing[-1])
    assert [run_id for run_id in seen if run_id in set(there)] == there[::-1]
    assert len(seen) == len(set(seen))


def test_a_run_that_changes_its_status_between_pages_appears_at_most_once() -> None:
    flows = three_workflows()
    there = [flows.start() for _ in range(9)]
    page = flows.ask(WorkflowListRuns(status=RUNNING, limit=4))
    for task in flows.claim():
        flows.complete(task)
    rest = flows.ask(WorkflowListRuns(status=RUNNING, limit=100, cursor=page.cursor))
    assert [run.run_id for run in page.items] == there[:-5:-1]
    assert rest.items == []


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_limit_has_limits(limit: int) -> None:
    flows = three_workflows()
    with pytest.raises(BadRequestError, match="limit"):
        flows.ask(WorkflowListRuns(limit=limit))


def test_a_cursor_belongs_to_its_listing() -> None:
    flows, _ = filled()
    asked: list[dict[str, Any]] = [
        {},
        {"workflow_name": "flow"},
        {"workflow_name": "other"},
        {"status": "running"},
        {"search": {"group": "g1"}},
        {"search": {"group": "g2"}},
    ]
    for one in asked:
        cursor = flows.ask(WorkflowListRuns(limit=1, **one)).cursor
        assert cursor is not None
        for other in asked:
            if other is one:
                flows.ask(WorkflowListRuns(limit=1, cursor=cursor, **other))
            else:
                with pytest.raises(BadRequestError, match="another listing"):
                    flows.ask(WorkflowListRuns(limit=1, cursor=cursor, **other))


def test_a_garbled_cursor_is_refused() -> None:
    flows = three_workflows()
    with pytest.raises(BadRequestError, match="cursor"):
        flows.ask(WorkflowListRuns(cursor="garbled"))


def test_a_page_ends_early_when_its_runs_are_large() -> None:
    flows = Workflows(ONE_STEP)
    run_ids = [flows.start("x" * 900_000) for _ in range(6)]
    page = flows.ask(WorkflowListRuns())
    assert 1 < len(page.items) < 6
    assert flows.runs() == run_ids[::-1]


class CountingReader:
    """Counts what is read of a store by its key."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.gets = 0

    def get(self, key: bytes) -> bytes | None:
        self.gets += 1
        return self._reader.get(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        return self._reader.scan(start, end, reverse=reverse)


def test_listing_looks_at_the_runs_of_the_page_only() -> None:
    """However many there are: what it reads does not grow with those that it does not show."""
    gets = []
    for runs in (30, 300):
        flows = Workflows(ONE_STEP)
        for _ in range(runs):
            flows.start()
        reader = CountingReader(flows.engine.store)
        view = View(reader, "default", flows.now_ms, VALUE_BYTES_DEFAULT)
        for request in (WorkflowListRuns(limit=5), WorkflowListRuns(status=RUNNING, limit=5)):
            assert len(flows.engine.machine.ask(view, request).items) == 5
        gets.append(reader.gets)
    assert gets[0] == gets[1]


def ended_one_by_one(runs: int) -> tuple[Workflows, list[str], int]:
    """So many runs, which ended in the other order; and when the last half of them began to end."""
    flows = Workflows(
        flow("""
searchAttributes: [{name: n, type: number, from: $.input.n}]
start: {run: "@actions/charge", transitions: {success: flo.Completed, failure: flo.Failed}}
""")
    )
    run_ids = []
    for n in range(runs):
        run_ids.append(flows.start({"n": n}))
        flows.advance(10)
    half_ms = 0
    for ended, task in enumerate(reversed(flows.claim())):
        flows.advance(10)
        if ended == runs // 2:
            half_ms = flows.now_ms
        flows.complete(task, outcome="failure" if ended % 2 else "success")
    return flows, run_ids, half_ms


def test_runs_of_a_time_of_their_end_come_in_its_order() -> None:
    flows, run_ids, half_ms = ended_one_by_one(20)
    late, early = run_ids[9::-1], run_ids[:9:-1]
    assert flows.runs(ended_after_ms=half_ms, order=RunOrder.OLDEST) == late
    assert flows.runs(ended_after_ms=half_ms) == late[::-1]
    assert flows.runs(ended_before_ms=half_ms) == early[::-1]
    assert flows.runs(ended_after_ms=half_ms, status="completed") == late[::2][::-1]
    assert flows.runs(ended_after_ms=half_ms, search={"n": 3}) == [run_ids[3]]
    found = flows.runs(ended_after_ms=half_ms, workflow_name="flow", started_after_ms=1)
    assert in_pages(flows, 3, ended_after_ms=half_ms, workflow_name="flow") == found == late[::-1]
    assert flows.retry(late[1]).status is RUNNING
    assert late[1] not in flows.runs(ended_after_ms=half_ms)
    assert flows.runs(ended_after_ms=half_ms, status="running") == []


def test_a_run_that_fails_again_at_once_ended_when_it_failed_last() -> None:
    flows = Workflows(
        flow("""
start:
  forEach: {items: $.input, run: "@actions/charge"}
  transitions: {success: flo.Failed, failure: flo.Failed}
""")
    )
    run_id = flows.start([])
    flows.advance(10)
    assert flows.retry(run_id).status == "failed"
    assert flows.runs(ended_after_ms=flows.now_ms) == [run_id]
    assert flows.runs(ended_before_ms=flows.now_ms) == []


def test_what_a_time_or_a_range_leaves_out_costs_nothing() -> None:
    gets = []
    for runs in (40, 400):
        flows, run_ids, _ = ended_one_by_one(runs)
        row = flows.run(run_ids[3])
        assert row.completed_at_ms is not None
        reader = CountingReader(flows.engine.store)
        view = View(reader, "default", flows.now_ms, VALUE_BYTES_DEFAULT)
        for request in (
            WorkflowListRuns(ended_after_ms=row.completed_at_ms),
            WorkflowListRuns(ended_after_ms=row.completed_at_ms, status=WorkflowStatus.FAILED),
            WorkflowListRuns(started_before_ms=row.created_at_ms),
            WorkflowListRuns(search_range=SearchRange("n", {"lt": 3})),
        ):
            assert 0 < len(flows.engine.machine.ask(view, request).items) <= 4
        gets.append(reader.gets)
    assert gets[0] == gets[1]
