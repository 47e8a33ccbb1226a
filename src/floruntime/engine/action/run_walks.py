"""Chooses the index to walk for a filter of runs, and its order.

A filter on the end walks the index by end, with action and status, or by these alone. No run
started or ended before it was invoked. So an upper bound of these times also bounds the runs'
numbers, which grow with time.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core import limits
from floruntime.engine.action.rows import ACTION, ActionRow
from floruntime.engine.action.run_filter import FOREVER_MS, RunFilter
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ACTION_RUN_ENDED,
    ActionRunStatus,
    with_status,
)
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


def walk_of(view: View, name: str | None, chosen: RunFilter, of_namespace_id: int) -> IndexWalk:
    """What a listing walks over: runs that may match, and all that do."""
    if chosen.is_of_ends:
        actions = list(_actions(view, name, of_namespace_id))
        if all(row.is_indexed for row in actions):
            return IndexWalk(BY_END, _ended(actions, chosen))
    return IndexWalk(BY_NUMBER, by_number(view, name, chosen, of_namespace_id))


def by_number(
    view: View,
    name: str | None,
    chosen: RunFilter,
    of_namespace_id: int,
    end: int = limits.UINT_MAX,
) -> list[Lane]:
    """What leads to runs that may match in the order in which they were invoked, before `end`."""
    to_ms = min(chosen.started_to_ms, chosen.ended_to_ms)
    if to_ms < FOREVER_MS:
        end = min(end, first_since(view, ACTION_RUN, of_namespace_id, to_ms))
    return [filled.lane(0, end) for filled in _places(view, name, chosen, of_namespace_id)]


def _places(
    view: View, name: str | None, chosen: RunFilter, of_namespace_id: int
) -> Iterator[Filled]:
    """The places of indexes that have the runs; what is known to be empty is left out."""
    is_every = name is None and len(chosen.statuses) == len(ActionRunStatus)
    if is_every and view.spans is None:
        yield Filled(ACTION_RUN, ACTION_RUN.range(of_namespace_id)[0])
        return
    for row in _actions(view, name, of_namespace_id):
        for filled in (with_status(row, status) for status in chosen.statuses):
            if filled.rows != 0:
                yield filled


def _ended(actions: list[ActionRow], chosen: RunFilter) -> list[Lane]:
    first, end = (at_ms.to_bytes(8, "big") for at_ms in (chosen.ended_from_ms, chosen.ended_to_ms))
    return [
        span_of(ACTION_RUN_ENDED, ACTION_RUN_ENDED.range(row.id, status)[0], first, end)
        for row in actions
        for status in chosen.statuses
        if status >= ActionRunStatus.COMPLETED
    ]


def _actions(view: View, name: str | None, of_namespace_id: int) -> Iterator[ActionRow]:
    """Those that have runs which may match."""
    if name is not None:
        row = view.get(ACTION, ACTION.key(of_namespace_id, tail=limits.check_name("action", name)))
        if row is not None and row.runs:
            yield row
        return
    span = ACTION.range(of_namespace_id)
    for _, row in scan_named(view, "action", ACTION, of_namespace_id, *span):
        if row.runs:
            yield row
