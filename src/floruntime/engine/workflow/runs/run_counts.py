"""How many runs there are in each status, updated as runs change.

For a workflow that had runs before these counts existed, runs are counted in the index until the
workflow has had none.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core import limits
from floruntime.core.workflow import WorkflowCountRuns, WorkflowStatus
from floruntime.engine.state.named import scan_named
from floruntime.engine.state.tx import View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.runs.rows import (
    WORKFLOW,
    WORKFLOW_RUN_BY_STATUS,
    WorkflowRow,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.workflows import find_row, unknown_workflow


def count_runs(view: View, request: WorkflowCountRuns) -> dict[str, int]:
    total = dict.fromkeys(map(str, WorkflowStatus), 0)
    for row in _rows(view, request.workflow_name):
        for status, count in counts_of(view, row).items():
            total[status.shown] += count
    return total


def _rows(view: View, name: str | None) -> Iterator[WorkflowRow]:
    if name is None:
        owner = namespace_id(view)
        named = scan_named(view, "workflow", WORKFLOW, owner, *WORKFLOW.range(owner))
        yield from (row for _, row in named)
        return
    limits.check_name("workflow_name", name)
    row = find_row(view, name)
    if row is None:
        raise unknown_workflow(name)
    yield row


def counts_of(view: View, row: WorkflowRow) -> dict[WorkflowRunStatus, int]:
    """The runs of one workflow by status."""
    if row.by_status:
        return {status: row.by_status[status] for status in WorkflowRunStatus}
    return {status: _counted(view, row.id, status) for status in WorkflowRunStatus}


def _counted(view: View, workflow_id: int, status: WorkflowRunStatus) -> int:
    span = WORKFLOW_RUN_BY_STATUS.range(workflow_id, status)
    return sum(1 for _ in view.scan(WORKFLOW_RUN_BY_STATUS, *span))
