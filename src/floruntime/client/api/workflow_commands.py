"""From arguments to requests: what `client.workflow` and `b.workflow` of a batch have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from floruntime.client.api.json_text import text_or_json
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.limits import shown
from floruntime.core.workflow import (
    WorkflowCancel,
    WorkflowSignal,
    WorkflowStart,
    WorkflowStatus,
)

SearchValue = str | int | float | bool


class WorkflowCommands:
    """The commands of workflow runs, by the names and arguments of `client.workflow`."""

    def start(
        self,
        name: str,
        input: Any = None,
        *,
        version: str | None = None,
        idempotency_key: str | None = None,
        run_id: str | None = None,
    ) -> WorkflowStart:
        """See `Workflow.start`."""
        return WorkflowStart(name, text_or_json("input", input), version, idempotency_key, run_id)

    def signal(self, run_id: str, type: str, data: Any = None) -> WorkflowSignal:
        """See `Workflow.signal`."""
        return WorkflowSignal(run_id, type, b"" if data is None else text_or_json("data", data))

    def cancel(self, run_id: str, reason: str | None = None) -> WorkflowCancel:
        """See `Workflow.cancel`."""
        return WorkflowCancel(run_id, reason)


def status_of(status: WorkflowStatus | str | None) -> WorkflowStatus | None:
    """The status that a listing asks for. Raises `BadRequestError` where there is no such one."""
    try:
        return None if status is None else WorkflowStatus(status)
    except ValueError:
        known = ", ".join(WorkflowStatus)
        raise BadRequestError(f"status is {status!r}; it must be one of: {known}") from None


def search_of(search: Mapping[str, SearchValue] | None) -> dict[str, SearchValue]:
    """The attributes that a listing asks for. Raises `BadTypeError` on what is no value of one."""
    wanted = dict(search or {})
    for name, value in wanted.items():
        if not isinstance(name, str) or not isinstance(value, SearchValue):
            raise BadTypeError(
                f"search is {shown(search)}; it must map names to text or numbers, and "
                f"{shown(name)} is {type(value).__name__}"
            )
    return wanted
