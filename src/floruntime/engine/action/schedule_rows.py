"""The rows of actions' schedules, and what the end of a run changes in them."""

from __future__ import annotations

from typing import Final

from floruntime.core.schedule import Overlap
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers
from floruntime.engine.system.schedules import StandingSchedules


class ActionScheduleSpec(Value, frozen=True):
    """What was asked for: one of `cron` and `interval`, in ms."""

    cron: str | None
    interval: int | None
    timezone: str
    overlap: Overlap
    max_concurrent: int
    paused: bool
    catch_up_ms: int
    jitter_ms: int


class ActionScheduleRow(Value, frozen=True):
    """As the row of a workflow's schedule. `last_ms`: the last nominal time with a run, and no
    earlier one has another. How many of its runs have not ended is in the action's row.
    """

    spec: ActionScheduleSpec
    anchor_ms: int
    paused: bool
    next_ms: int = 0
    due_ms: int | None = None
    last_ms: int = 0
    last_run: int = 0
    buffered_ms: int = 0
    skipped_total: int = 0


ACTION_SCHEDULE: Final[Table[ActionScheduleRow]] = Table(
    b"as", ActionScheduleRow, action_id="u64", cached=True
)
ACTION_SCHEDULE_PAYLOAD: Final[Table[bytes]] = Table(b"ap", bytes, action_id="u64")
ACTION_SCHEDULE_DUE: Final[Table[bool]] = Table(b"at", bool, due_ms="u64", action_id="u64")


def find_schedule(view: View, action_id: int) -> ActionScheduleRow | None:
    """The action's schedule, if it has one."""
    return view.get(ACTION_SCHEDULE, ACTION_SCHEDULE.key(action_id))


def place_is_free(tx: Tx, action_id: int) -> None:
    """A run of the schedule has ended: the next tick starts the one that waits for that."""
    row = find_schedule(tx, action_id)
    if row is not None and row.buffered_ms:
        timers.set_timer(tx, tx.now_ms, timers.ACTION_SCHEDULE, action_id)


STANDING: Final = StandingSchedules(ACTION_SCHEDULE_DUE, find_schedule)
