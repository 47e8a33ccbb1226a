"""Filters of runs by workflow, status, time and attributes, for listings and jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.workflow import (
    SearchRange,
    WorkflowBulk,
    WorkflowListRuns,
    WorkflowStatus,
)
from floruntime.engine.state.tx import View
from floruntime.engine.workflow.runs.rows import WorkflowRunRow, WorkflowRunStatus
from floruntime.engine.workflow.runs.search_values import check_range, is_within
from floruntime.engine.workflow.runs.workflows import find_row

SEARCHED_MAX: Final = 32
"""Attributes that one search names; no run has more."""
FOREVER_MS: Final = limits.UINT_MAX
_TIMES: Final = ("started_after_ms", "started_before_ms", "ended_after_ms", "ended_before_ms")


class WorkflowRunFilter(NamedTuple):
    """`workflow_id`: of this workflow; 0: of one that is not there; `None`: of all. `statuses`: in
    one of these. Times are from the first bound on and before the second.
    """

    workflow_id: int | None
    statuses: tuple[WorkflowRunStatus, ...]
    search: dict[str, Any]
    started_from_ms: int
    started_to_ms: int
    ended_from_ms: int
    ended_to_ms: int
    range: SearchRange | None = None

    def matches(self, row: WorkflowRunRow) -> bool:
        """Whether the run is one of those that are meant."""
        started_ms = row.created_at_ms if row.started_at_ms is None else row.started_at_ms
        return (
            (self.workflow_id is None or row.workflow_id == self.workflow_id)
            and row.status in self.statuses
            and self.started_from_ms <= started_ms < self.started_to_ms
            and self._has_ended_so(row.completed_at_ms)
            and all(
                _is_same(row.search_attributes.get(name), self.search[name]) for name in self.search
            )
            and (
                self.range is None
                or is_within(row.search_attributes.get(self.range.name), self.range)
            )
        )

    def _has_ended_so(self, ended_ms: int | None) -> bool:
        if ended_ms is None:
            return not self.is_of_ends
        return self.ended_from_ms <= ended_ms < self.ended_to_ms

    @property
    def is_of_ends(self) -> bool:
        """Whether it says when runs have ended."""
        return self.ended_from_ms > 0 or self.ended_to_ms < FOREVER_MS

    @property
    def is_of_any_status(self) -> bool:
        """Whether no status is named."""
        return len(self.statuses) == len(WorkflowRunStatus)


def _is_same(value: Any, wanted: Any) -> bool:
    """Whether they are one value; no attribute is `True`, which Python takes for 1."""
    return value is not None and value == wanted and not isinstance(wanted, bool)


def filter_of(
    view: View,
    request: WorkflowListRuns | WorkflowBulk,
    among: Iterable[WorkflowStatus] = WorkflowStatus,
) -> WorkflowRunFilter:
    """The filter of a request; `among`: what is meant where it names no status."""
    if len(request.search) > SEARCHED_MAX:
        raise BadRequestError(
            f"search has {len(request.search)} attributes; at most {SEARCHED_MAX} are allowed"
        )
    check_range(request.search_range)
    chosen = list(request.statuses or among)
    if isinstance(request, WorkflowListRuns) and request.status is not None:
        chosen = [request.status]
    bounds = [
        limits.check_optional(field, getattr(request, field), 0, limits.UINT_MAX)
        for field in _TIMES
    ]
    started_from, started_to, ended_from, ended_to = bounds
    return WorkflowRunFilter(
        _workflow_id(view, request.workflow_name),
        tuple(sorted({WorkflowRunStatus.of(status) for status in chosen})),
        request.search,
        started_from or 0,
        FOREVER_MS if started_to is None else started_to,
        ended_from or 0,
        FOREVER_MS if ended_to is None else ended_to,
        request.search_range,
    )


def _workflow_id(view: View, name: str | None) -> int | None:
    if name is None:
        return None
    limits.check_name("workflow_name", name)
    row = find_row(view, name)
    return 0 if row is None else row.id
