"""Listing runs: by action, status and time.

One index is walked (`run_walks.py`), and each of its runs is checked against the rest of the
filter. A page looks at a thousand runs at most. So it may hold fewer than were asked for, and still
be followed by another.
"""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.action import ActionListRuns, ActionRun, RunListReply, RunOrder, RunStatus
from floruntime.engine.action.invoke import told
from floruntime.engine.action.run_filter import RunFilter, filter_of
from floruntime.engine.action.run_rows import ACTION_RUN
from floruntime.engine.action.run_walks import walk_of
from floruntime.engine.state.cursors import open_cursor
from floruntime.engine.state.index_walk import number_at, walk
from floruntime.engine.state.pages import page_of
from floruntime.engine.state.tx import View
from floruntime.engine.system.namespaces import namespace_id

_EVERY: Final = tuple(RunStatus)


def list_runs(view: View, request: ActionListRuns) -> RunListReply:
    of_namespace_id = namespace_id(view)
    limit = limits.check_limit(request.limit)
    if request.name is not None:
        limits.check_name("action", request.name)
    chosen = filter_of(request, _EVERY)
    order, spans = walk_of(view, request.name, chosen, of_namespace_id)
    listing = _listing(request, chosen, order)
    behind = open_cursor(listing, of_namespace_id, request.cursor)

    def shown(position: bytes) -> ActionRun | None:
        number = number_at(position)
        row = view.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number))
        assert row is not None, "what the index names is there"
        return told(view, of_namespace_id, number, row) if chosen.matches(row) else None

    is_falling = request.order is not RunOrder.OLDEST
    rows = ((each, shown(each)) for each in walk(view, spans, behind, is_falling=is_falling))
    return RunListReply(
        *page_of(rows, limit, listing, of_namespace_id, _size_of, limits.RUNS_LOOKED_AT_MAX)
    )


def _listing(request: ActionListRuns, chosen: RunFilter, order: str) -> str:
    """What a cursor belongs to; that of a listing without filters is as it ever was."""
    name = f"runs {request.status or ''} {request.name or ''}"
    statuses = request.status is None and request.statuses
    if statuses or chosen.needs_rows or request.order is RunOrder.OLDEST:
        name += f" {request.order} {list(chosen)}"
    return f"{name} by {order}" if order else name


def _size_of(run: ActionRun) -> int:
    errors = sum(len(attempt.error or "") for attempt in run.attempts)
    return len(run.input) + len(run.output or b"") + errors
