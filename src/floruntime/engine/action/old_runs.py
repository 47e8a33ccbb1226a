"""Indexes runs of actions that are older than the index of ends (`engine/system/old_runs.py`)."""

from __future__ import annotations

from typing import Any

from floruntime.engine.action.rows import ACTION, copy_of
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ACTION_RUN_ENDED,
    ActionRunRow,
    ended_key,
)
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.system.old_runs import walk_on


def on_timer(tx: Tx, due_ms: int, of_namespace_id: int, item: int, position: Any) -> None:
    def index(number: int, row: ActionRunRow) -> None:
        if row.is_finished:
            tx.put(ACTION_RUN_ENDED, ended_key(number, row), True)

    if walk_on(tx, ACTION_RUN, of_namespace_id, position, timers.ACTION_OLD_RUNS, index):
        for key, row in list(tx.scan(ACTION, *ACTION.range(of_namespace_id))):
            if not row.is_indexed:
                row = copy_of(row)
                row.is_indexed = True
                tx.put(ACTION, key, row)
