"""Filters of runs by status and by time, for listings and jobs."""

from __future__ import annotations

from typing import NamedTuple

from floruntime.core import limits
from floruntime.core.action import ActionBulk, ActionListRuns, RunStatus
from floruntime.engine.action.run_rows import ActionRunRow, ActionRunStatus

FOREVER_MS = limits.UINT_MAX


class RunFilter(NamedTuple):
    """`statuses`: one of these, in the order of their numbers. Times are from the first bound on
    and before the second; a run that has not started was started when it was invoked.
    """

    statuses: tuple[ActionRunStatus, ...]
    started_from_ms: int
    started_to_ms: int
    ended_from_ms: int
    ended_to_ms: int

    def matches(self, row: ActionRunRow) -> bool:
        """Whether the run is one of those that are meant."""
        started_ms = row.created_at_ms if row.started_at_ms is None else row.started_at_ms
        return (
            row.status in self.statuses
            and self.started_from_ms <= started_ms < self.started_to_ms
            and self._has_ended_so(row.completed_at_ms)
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
    def needs_rows(self) -> bool:
        """Whether the index of statuses alone does not tell."""
        return self[1:] != (0, FOREVER_MS, 0, FOREVER_MS)


def filter_of(request: ActionListRuns | ActionBulk, among: tuple[RunStatus, ...]) -> RunFilter:
    """The filter of a request; `among`: what is meant where it names no status."""
    chosen = request.statuses or list(among)
    if isinstance(request, ActionListRuns) and request.status is not None:
        chosen = [request.status]
    statuses = sorted({ActionRunStatus.of(status) for status in chosen})
    bounds = {
        field: limits.check_optional(field, getattr(request, field), 0, limits.UINT_MAX)
        for field in ("started_after_ms", "started_before_ms", "ended_after_ms", "ended_before_ms")
    }
    return RunFilter(
        tuple(statuses),
        bounds["started_after_ms"] or 0,
        _or_forever(bounds["started_before_ms"]),
        bounds["ended_after_ms"] or 0,
        _or_forever(bounds["ended_before_ms"]),
    )


def _or_forever(bound_ms: int | None) -> int:
    return FOREVER_MS if bound_ms is None else bound_ms
