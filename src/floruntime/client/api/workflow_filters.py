"""Which runs of workflows are meant: their statuses, their search attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floruntime.core.errors import BadTypeError
from floruntime.core.limits import shown
from floruntime.core.workflow import WorkflowStatus

WorkflowStatuses = WorkflowStatus | str | Iterable[WorkflowStatus | str] | None
"""One status, several, or any."""
SearchValue = str | int | float | bool
"""A value of a search attribute."""


def search_of(search: Mapping[str, SearchValue] | None) -> dict[str, SearchValue]:
    """Values of search attributes. Raises `BadTypeError` on another kind of value."""
    wanted = dict(search or {})
    for name, value in wanted.items():
        if not isinstance(name, str) or not isinstance(value, SearchValue):
            raise BadTypeError(
                f"search is {shown(search)}; it must map names to text or numbers, and "
                f"{shown(name)} is {type(value).__name__}"
            )
    return wanted
