"""Listing runs: by action, status and time, in the order in which they were invoked.

Action and status lead, by their index; times are looked at run by run, and a page looks at a
thousand runs at most: it may hold fewer than were asked for, and still be followed by another.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Final

from floruntime.core import limits
from floruntime.core.action import ActionListRuns, ActionRun, RunListReply, RunOrder, RunStatus
from floruntime.engine.action.invoke import told
from floruntime.engine.action.rows import ACTION, action_key
from floruntime.engine.action.run_filter import RunFilter, filter_of
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ACTION_RUN_BY_STATUS,
    ActionRunRow,
    ActionRunStatus,
)
from floruntime.engine.state.cursors import open_cursor
from floruntime.engine.state.named import scan_named
from floruntime.engine.state.pages import page_of
from floruntime.engine.state.tx import View
from floruntime.engine.system.namespaces import namespace_id

_EVERY: Final = tuple(RunStatus)


class Way:
    """The numbers that a page may go over, one way or the other: `first <= number < end`."""

    def __init__(self, is_oldest_first: bool, after: bytes | None) -> None:
        self.is_newest_first = not is_oldest_first
        self.first, self.end = 0, limits.UINT_MAX
        if after is not None and is_oldest_first:
            self.first = int.from_bytes(after, "big") + 1
        elif after is not None:
            self.end = int.from_bytes(after, "big")


def list_runs(view: View, request: ActionListRuns) -> RunListReply:
    of_namespace_id = namespace_id(view)
    limit = limits.check_limit(request.limit)
    if request.name is not None:
        limits.check_name("action", request.name)
    chosen = filter_of(request, _EVERY)
    listing = _listing(request, chosen)
    after = open_cursor(listing, of_namespace_id, request.cursor)
    way = Way(request.order is RunOrder.OLDEST, after)
    rows = (
        (
            number.to_bytes(8, "big"),
            told(view, of_namespace_id, number, row) if chosen.matches(row) else None,
        )
        for number, row in _rows(view, request, chosen, of_namespace_id, way)
    )
    return RunListReply(
        *page_of(rows, limit, listing, of_namespace_id, _size_of, limits.RUNS_LOOKED_AT_MAX)
    )


def _listing(request: ActionListRuns, chosen: RunFilter) -> str:
    """What a cursor belongs to; that of a listing without filters is as it ever was."""
    name = f"runs {request.status or ''} {request.name or ''}"
    statuses = request.status is None and request.statuses
    if statuses or chosen.needs_rows or request.order is RunOrder.OLDEST:
        name += f" {request.order} {list(chosen)}"
    return name


def _size_of(run: ActionRun) -> int:
    errors = sum(len(attempt.error or "") for attempt in run.attempts)
    return len(run.input) + len(run.output or b"") + errors


def _rows(
    view: View, request: ActionListRuns, chosen: RunFilter, of_namespace_id: int, way: Way
) -> Iterator[tuple[int, ActionRunRow]]:
    is_every = request.name is None and len(chosen.statuses) == len(ActionRunStatus)
    if is_every and view.spans is None:
        span = (
            ACTION_RUN.key(of_namespace_id, way.first),
            ACTION_RUN.key(of_namespace_id, way.end),
        )
        for key, row in view.scan(ACTION_RUN, *span, reverse=way.is_newest_first):
            yield ACTION_RUN.unpack(key)[1], row
        return
    found = [
        _numbers(view, action_id, status, way)
        for action_id, status in _indexed(view, request, chosen, of_namespace_id)
    ]
    for number in merge(*found, reverse=way.is_newest_first):
        run = view.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number))
        assert run is not None, "what the index names is there"
        yield number, run


def _indexed(
    view: View, request: ActionListRuns, chosen: RunFilter, of_namespace_id: int
) -> Iterator[tuple[int, ActionRunStatus]]:
    """The parts of the index to look into; what is known to be empty is left out."""
    if request.name is None:
        span = ACTION.range(of_namespace_id)
        rows = [row for _, row in scan_named(view, "action", ACTION, of_namespace_id, *span)]
    else:
        named = view.get(ACTION, action_key(view, request.name))
        rows = [] if named is None else [named]
    for row in rows:
        counts = {ActionRunStatus.PENDING: row.pending, ActionRunStatus.RUNNING: row.running}
        finished = row.runs - row.unfinished
        yield from ((row.id, each) for each in chosen.statuses if counts.get(each, finished))


def _numbers(view: View, action_id: int, status: ActionRunStatus, way: Way) -> Iterator[int]:
    span = (
        ACTION_RUN_BY_STATUS.key(action_id, status, way.first),
        ACTION_RUN_BY_STATUS.key(action_id, status, way.end),
    )
    for key, _ in view.scan(ACTION_RUN_BY_STATUS, *span, reverse=way.is_newest_first):
        yield ACTION_RUN_BY_STATUS.unpack(key)[2]
