"""Watches the wall clock for schedules: calculates their times, and reports those that come.

The engine decides what happens then (`engine/workflow/catalog/schedules.py`,
`engine/action/schedules.py`). After downtime, the last nominal time that passed is made up for if
it is no older than `catch_up_ms`; earlier ones are not.
"""

from __future__ import annotations

import logging
from itertools import islice

from floruntime.core.action import ActionScheduleDue
from floruntime.core.workflow import ScheduleDue
from floruntime.engine.action.schedule_rows import STANDING as ACTIONS
from floruntime.engine.store.guarded import TOLD
from floruntime.engine.system.schedules import TOPIC, Due
from floruntime.engine.workflow.catalog.schedules import STANDING as WORKFLOWS
from floruntime.server.calendar import calendar_of
from floruntime.server.clock import Clock, Handle
from floruntime.server.commit.commit import Commit

log = logging.getLogger("floruntime.scheduler")

LATE_MS = 1_000
"""A time that is no older than this has just come, and does not count as caught up."""
AGAIN_MS = 1_000
"""When to look again after the engine refused: the disk may be nearly full."""
PER_LOOK_MAX = 1_000
"""Schedules of a kind that one look deals with; the next look follows their commit."""
Told = type[ScheduleDue] | type[ActionScheduleDue]
_KINDS = ((WORKFLOWS, ScheduleDue), (ACTIONS, ActionScheduleDue))


class Scheduler:
    """Wakes at the next due time, when a schedule changes, and where the wall clock is set."""

    def __init__(self, commit: Commit, clock: Clock) -> None:
        self._commit = commit
        self._clock = clock
        self._timer: Handle | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Begin to look."""
        self._commit.listeners[TOPIC] = self._wake
        self._look()

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self) -> None:
        with TOLD:
            self._look()

    def _look(self) -> None:
        if self._is_stopped:
            return
        wall_ms = self._clock.wall_ms()
        view = self._commit.queries.view()
        found = [
            self._judged(told, due, wall_ms)
            for standing, told in _KINDS
            for due in islice(standing.due_by(view, wall_ms), PER_LOOK_MAX)
        ]
        outcomes = [self._commit.submit_own(request) for request in found]
        times = [standing.first_due_after(view, wall_ms) for standing, _ in _KINDS]
        next_ms = min((time for time in times if time is not None), default=None)
        if any(outcome.error is not None for outcome in outcomes):
            next_ms = wall_ms + AGAIN_MS
        self._look_again(next_ms)

    def _look_again(self, next_ms: int | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if next_ms is not None:
            self._timer = self._clock.call_at_wall(next_ms, self._wake)

    def _judged(self, told: Told, due: Due, wall_ms: int) -> ScheduleDue | ActionScheduleDue:
        """What to tell the engine of a schedule that is due. One that is broken holds up no other:
        it sleeps until it is changed.
        """
        try:
            nominal_ms, next_ms = _times(due, wall_ms)
        except Exception:
            log.exception(
                "the times of a schedule cannot be computed, so it stands still until it is "
                "changed: %s",
                due.row,
            )
            nominal_ms = next_ms = 0
        return told(due.owner_id, due.due_ms, nominal_ms, next_ms)


def _times(due: Due, wall_ms: int) -> tuple[int, int]:
    """The nominal time that has come, 0 if none has, and the next one, 0 if there is none."""
    row = due.row
    if row is None:
        return 0, 0
    calendar = calendar_of(row.spec, row.anchor_ms)
    if not row.next_ms:
        return 0, calendar.after(wall_ms) or 0
    # Without its jitter: what the wall shows to this schedule.
    seen_ms = wall_ms - (due.due_ms - row.next_ms)
    last_ms = max(row.next_ms, calendar.last_by(seen_ms) or 0)
    next_ms = calendar.after(max(last_ms, seen_ms)) or 0
    late_ms = seen_ms - last_ms
    if late_ms > max(row.spec.catch_up_ms, LATE_MS):
        log.warning("a scheduled run is not made up for: it is %d ms late", late_ms)
        return 0, next_ms
    return last_ms, next_ms
