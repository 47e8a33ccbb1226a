"""The filters of workflow runs: statuses and search attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.limits import shown
from floruntime.core.workflow import SearchRange, WorkflowStatus

WorkflowStatuses = WorkflowStatus | str | Iterable[WorkflowStatus | str] | None
"""One status, several, or any."""
SearchValue = str | int | float | bool
"""A value of a search attribute."""
SearchTerm = SearchValue | Mapping[str, str | int | float]
"""A filter on a search attribute: a value, or a range such as `{"gte": 100, "lt": 500}`."""


def search_of(
    search: Mapping[str, SearchTerm] | None,
) -> tuple[dict[str, SearchValue], SearchRange | None]:
    """Split filters into exact values and at most one range. Raises `BadRequestError`."""
    wanted: dict[str, SearchValue] = {}
    ranges: list[SearchRange] = []
    for name, value in _terms(search).items():
        if isinstance(name, str) and isinstance(value, SearchValue):
            wanted[name] = value
        elif isinstance(name, str) and _is_range(value):
            ranges.append(SearchRange(name, dict(value)))
        else:
            raise BadTypeError(
                f"search is {shown(search)}; it must map names to text, numbers or a range, and "
                f"{shown(name)} is {type(value).__name__}"
            )
    if len(ranges) > 1:
        names = " and ".join(shown(each.name) for each in ranges)
        raise BadRequestError(f"search has ranges for {names}; only one attribute may have a range")
    return wanted, ranges[0] if ranges else None


def _terms(search: Mapping[str, SearchTerm] | None) -> Mapping[str, SearchTerm]:
    if search is None:
        return {}
    if not isinstance(search, Mapping):
        raise BadTypeError(
            f"search is {shown(search)}; it must map names to text, numbers or a range"
        )
    return search


def _is_range(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(bound, SearchValue) for name, bound in value.items()
    )


def one_name(workflow_name: str | None, name: str | None) -> str | None:
    """Return the workflow's name, given by one of the two names of this option."""
    if workflow_name is not None and name is not None:
        raise BadRequestError("workflow_name and name are names of one option; give one of them")
    return name if workflow_name is None else workflow_name
