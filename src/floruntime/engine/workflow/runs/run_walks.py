"""Chooses the index to walk for a filter of runs, and its order.

A range of an attribute comes first, then an attribute with one value, then the time of the end,
with workflow and status, and last these alone. The time of the start bounds the runs' numbers,
since these grow with time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.engine.state.index_walk import (
    BY_END,
    BY_NUMBER,
    Filled,
    IndexWalk,
    Lane,
    first_since,
    span_of,
)
from floruntime.engine.state.named import scan_named
from floruntime.engine.state.tx import View
from floruntime.engine.workflow.runs.rows import (
    SEARCH,
    SEARCH_VALUE,
    WORKFLOW,
    WORKFLOW_RUN,
    WORKFLOW_RUN_ENDED,
    WorkflowRow,
)
from floruntime.engine.workflow.runs.run_filter import FOREVER_MS, WorkflowRunFilter
from floruntime.engine.workflow.runs.search import mark_of
from floruntime.engine.workflow.runs.search_values import place_of_value, span_of_range
from floruntime.engine.workflow.runs.workflows import with_status

BY_VALUE: Final = "value"


def walk_of(view: View, chosen: WorkflowRunFilter, of_namespace_id: int) -> IndexWalk:
    """What a listing walks over: runs that may match, and all that do."""
    if chosen.range is not None:
        _check_indexed(view, chosen, of_namespace_id)
        return IndexWalk(BY_VALUE, [span_of_range(of_namespace_id, chosen.range)])
    is_by_end = chosen.is_of_ends and not chosen.search
    if is_by_end and _are_indexed(view, chosen, of_namespace_id):
        return IndexWalk(BY_END, _ended(view, chosen, of_namespace_id))
    return IndexWalk(BY_NUMBER, by_number(view, chosen, of_namespace_id))


def by_number(
    view: View, chosen: WorkflowRunFilter, of_namespace_id: int, end: int = limits.UINT_MAX
) -> list[Lane]:
    """What leads to runs that may match in the order in which they were started, before `end`."""
    first, end = _numbers(view, chosen, of_namespace_id, end)
    return [filled.lane(first, end) for filled in _places(view, chosen, of_namespace_id)]


def _places(view: View, chosen: WorkflowRunFilter, of_namespace_id: int) -> Iterator[Filled]:
    """The places of indexes that have the runs in the order of their numbers; what is known to be
    empty is left out.
    """
    if chosen.search:
        name, value = next(iter(sorted(chosen.search.items())))
        yield Filled(SEARCH_VALUE, place_of_value(of_namespace_id, name, value))
        yield Filled(SEARCH, SEARCH.range(of_namespace_id, mark_of(name, value))[0])
    elif chosen.workflow_id is None and chosen.is_of_any_status and view.spans is None:
        yield Filled(WORKFLOW_RUN, WORKFLOW_RUN.range(of_namespace_id)[0])
    else:
        for row in _workflows(view, chosen, of_namespace_id):
            for filled in (with_status(row, status) for status in chosen.statuses):
                if filled.rows != 0:
                    yield filled


def _numbers(
    view: View, chosen: WorkflowRunFilter, of_namespace_id: int, end: int
) -> tuple[int, int]:
    """Which numbers the runs that were started in time have: no run ended before it was started."""
    first = 0
    if chosen.started_from_ms:
        first = first_since(view, WORKFLOW_RUN, of_namespace_id, chosen.started_from_ms)
    to_ms = min(chosen.started_to_ms, chosen.ended_to_ms)
    if to_ms < FOREVER_MS:
        end = min(end, first_since(view, WORKFLOW_RUN, of_namespace_id, to_ms))
    return min(first, end), end


def _ended(view: View, chosen: WorkflowRunFilter, of_namespace_id: int) -> list[Lane]:
    first, end = (at_ms.to_bytes(8, "big") for at_ms in (chosen.ended_from_ms, chosen.ended_to_ms))
    return [
        span_of(WORKFLOW_RUN_ENDED, WORKFLOW_RUN_ENDED.range(row.id, status)[0], first, end)
        for row in _workflows(view, chosen, of_namespace_id)
        for status in chosen.statuses
        if status.is_final
    ]


def _workflows(
    view: View, chosen: WorkflowRunFilter, of_namespace_id: int
) -> Iterator[WorkflowRow]:
    """Those that have runs which may match."""
    span = WORKFLOW.range(of_namespace_id)
    for _, row in scan_named(view, "workflow", WORKFLOW, of_namespace_id, *span):
        if row.runs and chosen.workflow_id in (None, row.id):
            yield row


def _are_indexed(view: View, chosen: WorkflowRunFilter, of_namespace_id: int) -> bool:
    return all(row.is_indexed for row in _workflows(view, chosen, of_namespace_id))


def _check_indexed(view: View, chosen: WorkflowRunFilter, of_namespace_id: int) -> None:
    if not _are_indexed(view, chosen, of_namespace_id):
        raise ConflictError(
            "search has a range, and the runs of an earlier version are still being indexed for "
            "it; ask again in a moment, or give an exact value"
        )


def ids_shown(view: View, of_namespace_id: int) -> frozenset[int] | None:
    """The workflows of which a listing shows runs; `None`: all."""
    if view.spans is None:
        return None
    span = WORKFLOW.range(of_namespace_id)
    rows = scan_named(view, "workflow", WORKFLOW, of_namespace_id, *span)
    return frozenset(row.id for _, row in rows)
