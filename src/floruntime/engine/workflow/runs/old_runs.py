"""Indexes runs from before there were indexes of values and ends (`engine/system/old_runs.py`)."""

from __future__ import annotations

from typing import Any

from floruntime.engine.action.rows import copy_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.system.old_runs import walk_on
from floruntime.engine.workflow.runs.rows import (
    WORKFLOW,
    WORKFLOW_RUN,
    WORKFLOW_RUN_ENDED,
    WorkflowRunRow,
)
from floruntime.engine.workflow.runs.run import ended_key
from floruntime.engine.workflow.runs.search import move_attributes


def on_timer(tx: Tx, due_ms: int, of_namespace_id: int, item: int, position: Any) -> None:
    def index(number: int, row: WorkflowRunRow) -> None:
        move_attributes(tx, of_namespace_id, number, row.search_attributes)
        if row.is_finished:
            tx.put(WORKFLOW_RUN_ENDED, ended_key(number, row), True)

    if walk_on(tx, WORKFLOW_RUN, of_namespace_id, position, timers.WORKFLOW_OLD_RUNS, index):
        for key, row in list(tx.scan(WORKFLOW, *WORKFLOW.range(of_namespace_id))):
            if not row.is_indexed:
                row = copy_of(row)
                row.is_indexed = True
                tx.put(WORKFLOW, key, row)
