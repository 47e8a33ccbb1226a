"""The schedules of `client.action`: actions that are invoked at set times."""

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
    """The methods that make, change and delete schedules of actions."""

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
        """Invoke the action at set times. This replaces the schedule that the action has.

        Give either `cron` or `interval_ms`.

        - `cron`: five fields, read in `timezone` (an IANA name; default `"UTC"`).
        - `interval_ms`: the time between two runs, from 10 ms to ten years.
        - `payload`: the payload of each run; empty by default.
        - `max_concurrent`: how many of the schedule's own runs may be unfinished at once, 1 to
          1,000; default 1.
        - `overlap`: what happens at a scheduled time while that many are unfinished. `"skip"`, the
          default, skips this time. `"buffer_one"` lets one run wait until another ends. `"allow"`
          starts a run anyway.
        - `paused`: whether the schedule begins paused; off by default. A schedule that somebody has
          paused stays paused, unless this value differs from the one given before.
        - `catch_up_ms`: a time that was missed by no more than this is made up for, once; default
          60,000.
        - `jitter_ms`: each run starts up to this much later; default 0. It must be less than the
          time between two runs.

        If the times differ from before, the schedule begins again from now. It is deleted with its
        action, and starts nothing while the action is disabled.

        Raises `NotFoundError` if there is no such action, `BadRequestError` if neither or both of
        `cron` and `interval_ms` are given, or if a value is out of its limits.
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
        """Delete the schedule of action `name`. Returns whether it had one. Its runs continue.

        Raises `BadRequestError` if `name` is not a valid name.
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
        """List the schedules by the name of their action, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._call_for(as_page, ActionSchedules(limit, cursor), namespace, timeout_ms)

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionScheduleInfo]:
        """Start no more runs by this schedule. Times that pass are not made up for.

        Raises `NotFoundError` if the action has no schedule.
        """
        return self._call(ActionPauseSchedule(name, True), namespace, timeout_ms)

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionScheduleInfo]:
        """Let the schedule of action `name` continue with its next time.

        Raises `NotFoundError` if the action has no schedule.
        """
        return self._call(ActionPauseSchedule(name, False), namespace, timeout_ms)

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[str]:
        """Start one run by the schedule of action `name` now, as an extra. Returns the run's id.

        Raises `NotFoundError` if the action has no schedule, `ConflictError` if the action is
        disabled.
        """
        return self._call(ActionTriggerSchedule(name), namespace, timeout_ms)
