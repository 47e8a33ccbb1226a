"""Listing runs, newest first: all of a namespace, of a workflow, in a status, by attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from heapq import merge
from typing import Any, Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.workflow import WorkflowListRuns, WorkflowRun, WorkflowRunListReply
from floruntime.engine.state.cursors import open_cursor, page_of
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.named import scan_named
from floruntime.engine.state.tx import View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.runs.rows import (
    SEARCH,
    WORKFLOW,
    WORKFLOW_RUN,
    WORKFLOW_RUN_BY_STATUS,
    WorkflowRunRow,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.run import as_workflow_run
from floruntime.engine.workflow.runs.search import mark_of
from floruntime.engine.workflow.runs.workflows import find_row

SEARCHED_MAX: Final = 32
"""Attributes that one search names; no run has more."""
_DIGEST_BYTES: Final = 16


def list_runs(view: View, request: WorkflowListRuns) -> WorkflowRunListReply:
    of_namespace_id = namespace_id(view)
    limit = limits.check_limit(request.limit)
    if request.workflow_name is not None:
        limits.check_name("workflow_name", request.workflow_name)
    if len(request.search) > SEARCHED_MAX:
        raise BadRequestError(
            f"search has {len(request.search)} attributes; at most {SEARCHED_MAX} are allowed"
        )
    listing = _name_of(request)
    after = open_cursor(listing, of_namespace_id, request.cursor)
    before = limits.UINT_MAX if after is None else int.from_bytes(after, "big")
    rows = (
        (number.to_bytes(8, "big"), as_workflow_run(view, of_namespace_id, number, row))
        for number, row in _newest_first(view, request, of_namespace_id, before)
    )
    items, cursor = page_of(rows, limit, listing, of_namespace_id, _size_of)
    return WorkflowRunListReply(items, cursor)


def _name_of(request: WorkflowListRuns) -> str:
    """What a cursor continues."""
    search = dump(dict(sorted(request.search.items())))
    digest = hashlib.blake2b(search, digest_size=_DIGEST_BYTES).hexdigest()
    return f"workflow runs {request.status or ''} {digest} {request.workflow_name or ''}"


def _size_of(run: WorkflowRun) -> int:
    return len(run.input) + len(run.output or b"")


def _newest_first(
    view: View, request: WorkflowListRuns, of_namespace_id: int, before: int
) -> Iterator[tuple[int, WorkflowRunRow]]:
    workflow_id = None
    if request.workflow_name is not None:
        workflow = find_row(view, request.workflow_name)
        if workflow is None:
            return
        workflow_id = workflow.id
    status = None if request.status is None else WorkflowRunStatus.of(request.status)
    shown = None if view.spans is None else frozenset(_ids(view, of_namespace_id))
    for number in _numbers(view, request, of_namespace_id, before, workflow_id, status):
        row = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number))
        if row is None or (shown is not None and row.workflow_id not in shown):
            continue
        if _is_wanted(row, request.search, workflow_id, status):
            yield number, row


def _is_wanted(
    row: WorkflowRunRow,
    search: dict[str, Any],
    workflow_id: int | None,
    status: WorkflowRunStatus | None,
) -> bool:
    if workflow_id is not None and row.workflow_id != workflow_id:
        return False
    if status is not None and row.status != status:
        return False
    attributes = row.search_attributes
    return all(_is_same(attributes.get(name), search[name]) for name in search)


def _is_same(value: Any, wanted: Any) -> bool:
    """Whether they are one value; no attribute is `True`, which Python takes for 1."""
    return value is not None and value == wanted and not isinstance(wanted, bool)


def _numbers(
    view: View,
    request: WorkflowListRuns,
    of_namespace_id: int,
    before: int,
    workflow_id: int | None,
    status: WorkflowRunStatus | None,
) -> Iterator[int]:
    """Numbers of runs below `before`, falling: those that one index has, if one is of use."""
    if request.search:
        name, value = next(iter(sorted(request.search.items())))
        return _falling(view, SEARCH, (of_namespace_id, mark_of(name, value)), before)
    if workflow_id is None and status is None and view.spans is None:
        return _falling(view, WORKFLOW_RUN, (of_namespace_id,), before)
    workflows = [workflow_id] if workflow_id is not None else _ids(view, of_namespace_id)
    statuses = [status] if status is not None else list(WorkflowRunStatus)
    found = [
        _falling(view, WORKFLOW_RUN_BY_STATUS, (of_workflow_id, code), before)
        for of_workflow_id in workflows
        for code in statuses
    ]
    return merge(*found, reverse=True)


def _ids(view: View, of_namespace_id: int) -> list[int]:
    span = WORKFLOW.range(of_namespace_id)
    rows = scan_named(view, "workflow", WORKFLOW, of_namespace_id, *span)
    return [row.id for _, row in rows if row.runs]


def _falling(view: View, table: Any, place: tuple[int, ...], before: int) -> Iterator[int]:
    span = table.range(*place)[0], table.key(*place, before)
    for key, _ in view.scan(table, *span, reverse=True):
        yield table.unpack(key)[-1]
