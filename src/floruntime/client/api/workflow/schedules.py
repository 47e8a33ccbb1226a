"""The schedules of `client.workflow`: runs that a definition starts at set times."""

from __future__ import annotations

from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.workflow.control import WorkflowControl
from floruntime.core import defaults
from floruntime.core.types import Page
from floruntime.core.workflow import (
    ScheduleInfo,
    WorkflowPauseSchedule,
    WorkflowSchedules,
    WorkflowTriggerSchedule,
)


class ScheduledWorkflows(WorkflowControl):
    """Listing schedules, pausing and resuming them, and starting a run of one now."""

    def schedules(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[ScheduleInfo]]:
        """List the schedules by the name of their workflow, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        request = WorkflowSchedules(limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ScheduleInfo]:
        """Start no more runs by this schedule. Times that pass are not made up for.

        Raises `NotFoundError` if the workflow has no schedule.
        """
        return self._call(WorkflowPauseSchedule(name, True), namespace, timeout_ms)

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ScheduleInfo]:
        """Let the schedule of workflow `name` continue with its next time.

        Raises `NotFoundError` if the workflow has no schedule.
        """
        return self._call(WorkflowPauseSchedule(name, False), namespace, timeout_ms)

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[str]:
        """Start one run by the schedule now, with its input, as an extra. Returns the run's id.

        Raises `NotFoundError` if the workflow has no schedule, `ConflictError` if the workflow is
        disabled.
        """
        return self._call(WorkflowTriggerSchedule(name), namespace, timeout_ms)
