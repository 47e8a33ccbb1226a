"""How many runs there are in each status, updated as runs change.

For runs that ended before these counts existed, only the sum is known. They are counted in the
index as long as there are any.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core import limits
from floruntime.core.action import ActionCountRuns, RunStatus
from floruntime.engine.action.rows import ACTION, ActionRow, action_key, not_registered
from floruntime.engine.action.run_rows import ACTION_RUN_BY_STATUS, ENDS, ActionRunStatus
from floruntime.engine.state.named import scan_named
from floruntime.engine.state.tx import View
from floruntime.engine.system.namespaces import namespace_id


def count_runs(view: View, request: ActionCountRuns) -> dict[str, int]:
    total = dict.fromkeys(map(str, RunStatus), 0)
    for row in _rows(view, request.name):
        for status, count in counts_of(view, row).items():
            total[status.shown] += count
    return total


def _rows(view: View, name: str | None) -> Iterator[ActionRow]:
    if name is None:
        owner = namespace_id(view)
        named = scan_named(view, "action", ACTION, owner, *ACTION.range(owner))
        yield from (row for _, row in named)
        return
    limits.check_name("action", name)
    row = view.get(ACTION, action_key(view, name))
    if row is None:
        raise not_registered(name)
    yield row


def counts_of(view: View, row: ActionRow) -> dict[ActionRunStatus, int]:
    """The runs of one action by status."""
    ended = dict(zip(ENDS, row.ended, strict=True))
    if row.runs - row.unfinished != sum(row.ended):
        ended = {status: _counted(view, row.id, status) for status in ENDS}
    unfinished = {ActionRunStatus.PENDING: row.pending, ActionRunStatus.RUNNING: row.running}
    return {**unfinished, **ended}


def _counted(view: View, action_id: int, status: ActionRunStatus) -> int:
    span = ACTION_RUN_BY_STATUS.range(action_id, status)
    return sum(1 for _ in view.scan(ACTION_RUN_BY_STATUS, *span))
