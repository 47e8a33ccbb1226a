"""Jobs on runs of workflows, and the filters and counts that they go by."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import RunOrder
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.jobs import BulkJob, JobGet, JobStatus
from floruntime.core.workflow import (
    WorkflowBulk,
    WorkflowBulkOperation,
    WorkflowCountRuns,
    WorkflowStatus,
)
from tests.engine.workflow.calls import Workflows, flow

BODY = (
    "start: {run: '@actions/charge', transitions: {success: wait, failure: flo.Failed}}\n"
    "steps: {wait: {waitForSignal: {type: go}, transitions: {success: flo.Completed}}}\n"
    "searchAttributes: [{name: n, type: number, from: $.input.n}]\n"
)


def five() -> tuple[Workflows, list[str]]:
    """Three that failed, one that waits, one that runs."""
    flows = Workflows(flow(BODY))
    ids = []
    for n in range(5):
        ids.append(flows.start({"n": n % 2}))
        flows.advance(10)
        if n < 3:
            flows.break_down()
        elif n == 3:
            flows.do()
    return flows, ids


def done(flows: Workflows, operation: str, **wanted: Any) -> BulkJob:
    job = flows.tell(WorkflowBulk(WorkflowBulkOperation(operation), **wanted))
    flows.engine.tick()
    job = flows.ask(JobGet(job.job_id))
    assert job.status is JobStatus.COMPLETED
    return job


def told(job: BulkJob) -> tuple[int, int, int]:
    return job.matched, job.done, job.failed


def test_counts_are_kept() -> None:
    flows, _ = five()
    counts = flows.ask(WorkflowCountRuns("flow"))
    assert {name: count for name, count in counts.items() if count} == {
        "failed": 3,
        "waiting": 1,
        "running": 1,
    }
    assert flows.ask(WorkflowCountRuns()) == counts
    with pytest.raises(NotFoundError):
        flows.ask(WorkflowCountRuns("nope"))


def test_filters_of_a_listing() -> None:
    flows, ids = five()
    began_ms = flows.run(ids[0]).created_at_ms
    assert flows.runs(statuses=[WorkflowStatus.WAITING, WorkflowStatus.RUNNING]) == ids[:2:-1]
    assert flows.runs(order=RunOrder.OLDEST) == ids
    assert (
        flows.runs(started_after_ms=began_ms + 10, started_before_ms=began_ms + 30) == ids[2:0:-1]
    )
    assert flows.runs(ended_after_ms=began_ms + 20) == [ids[2], ids[1]]
    assert flows.runs(ended_before_ms=began_ms + 20) == [ids[0]]
    assert flows.runs(search={"n": 0}, statuses=[WorkflowStatus.FAILED]) == [ids[2], ids[0]]


def test_what_failed_is_retried_and_only_that() -> None:
    flows, ids = five()
    dry = done(flows, "retry", dry_run=True)
    assert told(dry) == (3, 0, 0)
    assert told(done(flows, "retry", workflow_name="flow")) == (3, 3, 0)
    assert [flows.status(id) for id in ids] == ["running"] * 3 + ["waiting", "running"]


def test_each_operation_takes_what_fits() -> None:
    flows, ids = five()
    assert told(done(flows, "pause", reason="look")) == (2, 2, 0)
    assert told(done(flows, "resume")) == (2, 2, 0)
    assert told(done(flows, "signal", type="go", data=b"1", limit=1)) == (1, 1, 0)
    assert flows.status(ids[3]) == "completed"
    assert told(done(flows, "cancel", search={"n": 0})) == (1, 1, 0)
    assert told(done(flows, "delete", statuses=[WorkflowStatus.FAILED])) == (3, 3, 0)
    assert sorted(flows.runs()) == sorted(ids[3:])


def test_a_run_that_has_compensated_counts_as_failed() -> None:
    flows = Workflows(
        flow(
            "start: {run: '@actions/charge', compensate: {run: '@actions/undo'}, "
            "transitions: {success: b}}\n"
            "steps: {b: {run: '@actions/b', transitions: {success: flo.Completed}}}"
        ),
        actions=("charge", "undo", "b"),
    )
    flows.start()
    flows.do()
    flows.break_down("b")
    flows.do("undo")
    job = done(flows, "retry")
    assert told(job) == (1, 0, 1)
    assert "has compensated" in (job.error or "")


def test_what_is_refused() -> None:
    flows, _ = five()
    for wanted in (
        {"operation": WorkflowBulkOperation.SIGNAL},
        {"operation": WorkflowBulkOperation.CANCEL, "type": "x"},
        {"operation": WorkflowBulkOperation.RETRY, "statuses": [WorkflowStatus.COMPLETED]},
    ):
        with pytest.raises(BadRequestError):
            flows.tell(WorkflowBulk(**wanted))
