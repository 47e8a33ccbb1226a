"""Listing runs: by workflow, status, attributes, times.

One index is walked (`run_walks.py`), and each of its runs is checked against the rest of the
filter. A page looks at a thousand runs at most. So it may hold fewer than were asked for, and still
be followed by another.
"""

from __future__ import annotations

import hashlib
from typing import Final

from floruntime.core import limits
from floruntime.core.action import RunOrder
from floruntime.core.workflow import WorkflowListRuns, WorkflowRun, WorkflowRunListReply
from floruntime.engine.state.cursors import open_cursor
from floruntime.engine.state.index_walk import number_at, walk
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.pages import page_of
from floruntime.engine.state.tx import View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.runs.rows import WORKFLOW_RUN
from floruntime.engine.workflow.runs.run import as_workflow_run
from floruntime.engine.workflow.runs.run_filter import FOREVER_MS, WorkflowRunFilter, filter_of
from floruntime.engine.workflow.runs.run_walks import ids_shown, walk_of

_DIGEST_BYTES: Final = 16


def list_runs(view: View, request: WorkflowListRuns) -> WorkflowRunListReply:
    of_namespace_id = namespace_id(view)
    limit = limits.check_limit(request.limit)
    chosen = filter_of(view, request)
    order, spans = walk_of(view, chosen, of_namespace_id)
    listing = _name_of(request, chosen, order)
    behind = open_cursor(listing, of_namespace_id, request.cursor)
    shown = ids_shown(view, of_namespace_id)

    def told(position: bytes) -> WorkflowRun | None:
        number = number_at(position)
        row = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number))
        if row is None or (shown is not None and row.workflow_id not in shown):
            return None
        if not chosen.matches(row):
            return None
        return as_workflow_run(view, of_namespace_id, number, row)

    is_falling = request.order is not RunOrder.OLDEST
    rows = ((each, told(each)) for each in walk(view, spans, behind, is_falling=is_falling))
    return WorkflowRunListReply(
        *page_of(rows, limit, listing, of_namespace_id, _size_of, limits.RUNS_LOOKED_AT_MAX)
    )


def _size_of(run: WorkflowRun) -> int:
    return len(run.input) + len(run.output or b"")


def _name_of(request: WorkflowListRuns, chosen: WorkflowRunFilter, order: str) -> str:
    """What a cursor continues; that of a listing without newer filters is as it ever was."""
    search = dump(dict(sorted(request.search.items())))
    digest = hashlib.blake2b(search, digest_size=_DIGEST_BYTES).hexdigest()
    name = f"workflow runs {request.status or ''} {digest} {request.workflow_name or ''}"
    has_several = request.status is None and request.statuses
    has_times = chosen[3:7] != (0, FOREVER_MS, 0, FOREVER_MS)
    if has_several or has_times or request.order is RunOrder.OLDEST:
        name += f" {request.order} {list(chosen[1:2])} {list(chosen[3:7])}"
    if order:
        name += f" by {order} {chosen.range}"
    return name
