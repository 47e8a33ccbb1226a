"""The schedules of `client.workflow`: what definitions say is started by the clock."""

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
    """Looking at schedules, and letting them stand still, go on or run now."""

    def schedules(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[ScheduleInfo]]:
        """A page of the schedules, by the name of their workflow.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        request = WorkflowSchedules(limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ScheduleInfo]:
        """Let the schedule of workflow `name` start no runs; times that pass are not made up for.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._call(WorkflowPauseSchedule(name, True), namespace, timeout_ms)

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ScheduleInfo]:
        """Let the schedule of workflow `name` go on with its next time.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._call(WorkflowPauseSchedule(name, False), namespace, timeout_ms)

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[str]:
        """Start one of the schedule's runs now, with its input, beside its times; the run's id.

        Raises `NotFoundError` where it has no schedule, `ConflictError` where the workflow is
        disabled.
        """
        return self._call(WorkflowTriggerSchedule(name), namespace, timeout_ms)
