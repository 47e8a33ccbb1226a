"""Listing runs in the order in which they were started: by workflow, status, attributes, times.

An attribute leads by its index, then workflow and status by theirs; all else is looked at run by
run, and a page looks at a thousand runs at most: it may hold fewer than were asked for, and still
be followed by another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from heapq import merge
from typing import Any, Final

from floruntime.core import limits
from floruntime.core.action import RunOrder
from floruntime.core.workflow import WorkflowListRuns, WorkflowRun, WorkflowRunListReply
from floruntime.engine.state.cursors import open_cursor
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.named import scan_named
from floruntime.engine.state.pages import page_of
from floruntime.engine.state.tx import View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.runs.rows import (
    SEARCH,
    WORKFLOW,
    WORKFLOW_RUN,
    WORKFLOW_RUN_BY_STATUS,
)
from floruntime.engine.workflow.runs.run import as_workflow_run
from floruntime.engine.workflow.runs.run_filter import FOREVER_MS, WorkflowRunFilter, filter_of
from floruntime.engine.workflow.runs.search import mark_of

_DIGEST_BYTES: Final = 16


class RunsWay:
    """The numbers that are gone over, one way or the other: `first <= number < end`."""

    def __init__(
        self, *, is_newest_first: bool, first: int = 0, end: int = limits.UINT_MAX
    ) -> None:
        self.is_newest_first = is_newest_first
        self.first, self.end = first, end

    def numbers(self, view: View, table: Any, *place: int) -> Iterator[int]:
        """The runs in one part of a table whose keys end with their numbers."""
        span = table.key(*place, self.first), table.key(*place, self.end)
        for key, _ in view.scan(table, *span, reverse=self.is_newest_first):
            yield table.unpack(key)[-1]


def list_runs(view: View, request: WorkflowListRuns) -> WorkflowRunListReply:
    of_namespace_id = namespace_id(view)
    limit = limits.check_limit(request.limit)
    chosen = filter_of(view, request)
    listing = _name_of(request, chosen)
    after = open_cursor(listing, of_namespace_id, request.cursor)
    way = _way(request.order, after)
    shown = None if view.spans is None else frozenset(_ids(view, of_namespace_id))

    def told(number: int) -> WorkflowRun | None:
        row = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number))
        if row is None or (shown is not None and row.workflow_id not in shown):
            return None
        if not chosen.matches(row):
            return None
        return as_workflow_run(view, of_namespace_id, number, row)

    numbers = numbers_of(view, chosen, of_namespace_id, way)
    rows = ((number.to_bytes(8, "big"), told(number)) for number in numbers)
    return WorkflowRunListReply(
        *page_of(rows, limit, listing, of_namespace_id, _size_of, limits.RUNS_LOOKED_AT_MAX)
    )


def _size_of(run: WorkflowRun) -> int:
    return len(run.input) + len(run.output or b"")


def _way(order: RunOrder, after: bytes | None) -> RunsWay:
    is_newest_first = order is not RunOrder.OLDEST
    if after is None:
        return RunsWay(is_newest_first=is_newest_first)
    passed = int.from_bytes(after, "big")
    if is_newest_first:
        return RunsWay(is_newest_first=True, end=passed)
    return RunsWay(is_newest_first=False, first=passed + 1)


def _name_of(request: WorkflowListRuns, chosen: WorkflowRunFilter) -> str:
    """What a cursor continues; that of a listing without newer filters is as it ever was."""
    search = dump(dict(sorted(request.search.items())))
    digest = hashlib.blake2b(search, digest_size=_DIGEST_BYTES).hexdigest()
    name = f"workflow runs {request.status or ''} {digest} {request.workflow_name or ''}"
    has_several = request.status is None and request.statuses
    has_times = chosen[3:] != (0, FOREVER_MS, 0, FOREVER_MS)
    if has_several or has_times or request.order is RunOrder.OLDEST:
        name += f" {request.order} {list(chosen[1:2])} {list(chosen[3:])}"
    return name


def numbers_of(
    view: View, chosen: WorkflowRunFilter, of_namespace_id: int, way: RunsWay
) -> Iterator[int]:
    """The numbers of runs that may match: those that the narrowest index has."""
    if chosen.search:
        name, value = next(iter(sorted(chosen.search.items())))
        return way.numbers(view, SEARCH, of_namespace_id, mark_of(name, value))
    if chosen.workflow_id is None and chosen.is_of_any_status and view.spans is None:
        return way.numbers(view, WORKFLOW_RUN, of_namespace_id)
    workflows = _ids(view, of_namespace_id)
    if chosen.workflow_id is not None:
        workflows = [chosen.workflow_id]
    found = [
        way.numbers(view, WORKFLOW_RUN_BY_STATUS, workflow_id, status)
        for workflow_id in workflows
        for status in chosen.statuses
    ]
    return merge(*found, reverse=way.is_newest_first)


def _ids(view: View, of_namespace_id: int) -> list[int]:
    span = WORKFLOW.range(of_namespace_id)
    rows = scan_named(view, "workflow", WORKFLOW, of_namespace_id, *span)
    return [row.id for _, row in rows if row.runs]
