"""Deletes runs that were kept long enough, a bounded number of rows at a time."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from floruntime.engine.state.large_documents import forget_document
from floruntime.engine.workflow.runs.bodies import ENDED, FOUND, ITEMS
from floruntime.engine.workflow.runs.compensation_rows import UNDO, UNDONE
from floruntime.engine.workflow.runs.old_versions import let_go
from floruntime.engine.workflow.runs.rows import (
    EVENT_SOURCE,
    EVENTS,
    SIGNAL,
    STEP,
    WORKFLOW_INPUT,
    WORKFLOW_OUTPUT,
    WORKFLOW_RUN,
    WORKFLOW_RUN_BY_STATUS,
    WORKFLOW_RUN_ENDED,
    WORKFLOW_RUN_ID,
)
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, arm_workflow_run, ended_key
from floruntime.engine.workflow.runs.search import clear_attributes

ROWS_PER_TICK_MAX: Final = 1_000


def forget(run: OpenWorkflowRun) -> None:
    """Delete a run that has ended. What is too much for one tick goes in the next."""
    tx, place = run.tx, (run.namespace_id, run.number)
    left = ROWS_PER_TICK_MAX
    for table in (EVENTS, STEP, SIGNAL, ITEMS, ENDED, FOUND, UNDO, UNDONE):
        keys = [key for key, _ in islice(_rows(run, table), left)]
        for key in keys:
            tx.delete(table, key)
        left -= len(keys)
        if not left:
            arm_workflow_run(run, tx.now_ms)
            tx.put(WORKFLOW_RUN, WORKFLOW_RUN.key(*place), run.row)
            return
    _forget_last(run)


def _rows(run: OpenWorkflowRun, table: Any) -> Any:
    return run.tx.scan(table, *table.range(run.namespace_id, run.number))


def _forget_last(run: OpenWorkflowRun) -> None:
    tx, row, place = run.tx, run.row, (run.namespace_id, run.number)
    clear_attributes(run)
    forget_document(tx, WORKFLOW_INPUT, *place, row.input)
    forget_document(tx, WORKFLOW_OUTPUT, *place, row.output)
    for table in (WORKFLOW_RUN, EVENT_SOURCE):
        tx.delete(table, table.key(*place))
    tx.delete(
        WORKFLOW_RUN_BY_STATUS, WORKFLOW_RUN_BY_STATUS.key(row.workflow_id, row.status, run.number)
    )
    tx.delete(WORKFLOW_RUN_ENDED, ended_key(run.number, row))
    tx.move_run(row.workflow_id, row.status, None)
    if row.run_id is not None:
        tx.delete(WORKFLOW_RUN_ID, WORKFLOW_RUN_ID.key(run.namespace_id, tail=row.run_id.encode()))
    run.workflow.count(runs=-1, number=run.number, before=row.status)
    if not run.workflow.count_use(row.definition, -1):
        let_go(run.workflow)
