"""The schedules of `client.action`: what is invoked by the clock."""

from __future__ import annotations

from floruntime.client.api.action.writes import ActionWrites
from floruntime.client.api.base.choices import choice
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.base.values import JsonPayload, as_payload
from floruntime.core import defaults
from floruntime.core.action import (
    ActionPauseSchedule,
    ActionSchedule,
    ActionScheduleInfo,
    ActionSchedules,
    ActionTriggerSchedule,
    ActionUnschedule,
)
from floruntime.core.schedule import Overlap
from floruntime.core.types import Page


class ScheduledActions(ActionWrites):
    """Letting actions be invoked by the clock, and no more."""

    def schedule(
        self,
        name: str,
        *,
        cron: str | None = None,
        interval_ms: int | None = None,
        timezone: str = defaults.TIMEZONE,
        payload: JsonPayload = b"",
        overlap: Overlap | str = Overlap.SKIP,
        max_concurrent: int = 1,
        paused: bool = False,
        catch_up_ms: int = defaults.CATCH_UP_MS,
        jitter_ms: int = 0,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[ActionScheduleInfo]:
        """Invoke the action by the clock; it replaces the schedule that the action has.

        One of `cron`, five fields in `timezone` (an IANA name, `"UTC"` unless given), and
        `interval_ms`, from 10 ms to ten years. `payload`: that of each run, empty by default.
        `overlap`: what becomes of a time while `max_concurrent` (1 to 1,000, 1 unless given) of
        the schedule's own runs go on: `"skip"`, the default, lets it pass, `"buffer_one"` lets one
        wait for a run to end, `"allow"` starts a run all the same. `paused`: whether it begins
        paused; off by default. What was paused by hand stays so unless this is other than before.
        `catch_up_ms`: a time missed for no longer than this is made up for, once; 60,000 unless
        given. `jitter_ms`: each run starts up to this much later, less than the time between two
        runs; 0 unless given. Other times than before begin anew, from now. It goes with the action,
        and sleeps while that is disabled.

        Raises `NotFoundError` where there is no such action, `BadRequestError` on neither or both
        of `cron` and `interval_ms`, and on what is out of its limits.
        """
        request = ActionSchedule(
            name,
            cron,
            interval_ms,
            timezone,
            as_payload(payload),
            choice("overlap", overlap, Overlap),
            max_concurrent,
            paused,
            catch_up_ms,
            jitter_ms,
        )
        return self._call(request, namespace, timeout_ms)

    def unschedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Take the schedule of action `name` away. Returns whether it had one. Its runs go on.

        Raises `BadRequestError` on what is no name of an action.
        """
        return self._call(ActionUnschedule(name), namespace, timeout_ms)

    def schedules(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[ActionScheduleInfo]]:
        """A page of the schedules, by the name of their action.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._call_for(as_page, ActionSchedules(limit, cursor), namespace, timeout_ms)

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionScheduleInfo]:
        """Let the schedule of action `name` start no runs; times that pass are not made up for.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._call(ActionPauseSchedule(name, True), namespace, timeout_ms)

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionScheduleInfo]:
        """Let the schedule of action `name` go on with its next time.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._call(ActionPauseSchedule(name, False), namespace, timeout_ms)

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[str]:
        """Start one of the runs of action `name`'s schedule now, beside its times; the run's id.

        Raises `NotFoundError` where it has no schedule, `ConflictError` where the action is
        disabled.
        """
        return self._call(ActionTriggerSchedule(name), namespace, timeout_ms)
