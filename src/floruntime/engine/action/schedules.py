"""Schedules of actions: the engine's part. The server decides when a nominal time has come.

It works as for workflows (`engine/workflow/catalog/schedules.py`), whose schedules are in their
definitions. A schedule is deleted with its action, and starts nothing while the action is disabled.
It never starts a run for a time that is not later than that of its last run.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.action import (
    ActionPauseSchedule,
    ActionSchedule,
    ActionScheduleDue,
    ActionScheduleInfo,
    ActionScheduleListReply,
    ActionSchedules,
    ActionTriggerSchedule,
    ActionUnschedule,
)
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.engine.action.creating import create
from floruntime.engine.action.rows import (
    ACTION,
    ActionRow,
    OpenAction,
    find_action,
    find_action_by_id,
    the_action,
)
from floruntime.engine.action.run_rows import action_run_id
from floruntime.engine.action.schedule_rows import (
    ACTION_SCHEDULE,
    ACTION_SCHEDULE_DUE,
    ACTION_SCHEDULE_PAYLOAD,
    ActionScheduleRow,
    ActionScheduleSpec,
    find_schedule,
)
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.times import cron
from floruntime.engine.state.times.cron_period import shortest_period_ms
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.system.schedules import TOPIC, Turn, due_of, move, turn_of

INTERVAL_MS_MIN = 10
CONCURRENT_MAX = 1_000


def _put(tx: Tx, action_id: int, row: ActionScheduleRow, due_ms: int | None) -> None:
    """Write the row, and where the server finds it."""
    move(tx, ACTION_SCHEDULE_DUE, action_id, row.due_ms, due_ms)
    tx.put(ACTION_SCHEDULE, ACTION_SCHEDULE.key(action_id), replace(row, due_ms=due_ms))


# What is asked for


def schedule(tx: Tx, request: ActionSchedule) -> ActionScheduleInfo:
    """Keep these times from now on, instead of those that the action had."""
    check_schedule(request)
    limits.check_value("payload", request.payload, tx.value_bytes_max)
    action = the_action(tx, request.name)
    keep_schedule(action, request)
    return _info(action.name, action.row, _the_row(action))


def check_schedule(request: ActionSchedule) -> None:
    """Refuse times that there are not."""
    if (request.cron is None) == (request.interval_ms is None):
        given = "neither is" if request.cron is None else "both are"
        raise BadRequestError(f"a schedule needs one of cron and interval_ms; {given} given")
    cron.check_timezone(request.timezone)
    limits.check_range("max_concurrent", request.max_concurrent, 1, CONCURRENT_MAX)
    limits.check_duration("catch_up_ms", request.catch_up_ms)
    limits.check_duration("jitter_ms", request.jitter_ms)
    period_ms = request.interval_ms
    if period_ms is not None:
        limits.check_duration("interval_ms", period_ms, low=INTERVAL_MS_MIN)
    elif request.cron is not None:
        cron.parse_cron(request.cron)
        period_ms = shortest_period_ms(request.cron) if request.jitter_ms else None
    if period_ms is not None and request.jitter_ms >= period_ms:
        raise BadRequestError(
            f"jitter_ms is {request.jitter_ms}; it must be less than the time between two "
            f"runs, {period_ms}, or runs could overtake each other"
        )


def keep_schedule(action: OpenAction, request: ActionSchedule) -> None:
    """Other times begin anew, from now. What a person paused stays so, unless `paused` changes."""
    tx, action_id = action.tx, action.row.id
    spec = ActionScheduleSpec(
        request.cron,
        request.interval_ms,
        request.timezone,
        request.overlap,
        request.max_concurrent,
        request.paused,
        request.catch_up_ms,
        request.jitter_ms,
    )
    row = find_schedule(tx, action_id)
    if row is None:
        row = ActionScheduleRow(spec, tx.now_ms, spec.paused)
    else:
        if _times_of(row.spec) != _times_of(spec):
            row = replace(row, anchor_ms=tx.now_ms, next_ms=0, buffered_ms=0)
        paused = row.paused if spec.paused == row.spec.paused else spec.paused
        row = replace(row, spec=spec, paused=paused)
    tx.put(ACTION_SCHEDULE_PAYLOAD, ACTION_SCHEDULE_PAYLOAD.key(action_id), request.payload)
    _wake(action, row)


def _times_of(spec: ActionScheduleSpec) -> tuple[object, ...]:
    return spec.cron, spec.interval, spec.timezone, spec.jitter_ms


def _wake(action: OpenAction, row: ActionScheduleRow) -> None:
    """Let it be due at its next time, unless it is paused or its action disabled."""
    if row.paused or not action.row.enabled:
        _put(action.tx, action.row.id, replace(row, next_ms=0, buffered_ms=0), None)
    else:
        _put(action.tx, action.row.id, row, _due_of(action.row.id, row))


def _due_of(action_id: int, row: ActionScheduleRow) -> int:
    return due_of(action_id, row.next_ms, row.spec.jitter_ms)


def action_enabled(action: OpenAction) -> None:
    """The action was enabled or disabled: times that passed meanwhile are not made up for."""
    row = find_schedule(action.tx, action.row.id)
    if row is not None:
        _wake(action, row)


def unschedule(tx: Tx, request: ActionUnschedule) -> bool:
    action = find_action(tx, request.name)
    return action is not None and drop_schedule(tx, action.row.id)


def drop_schedule(tx: Tx, action_id: int) -> bool:
    """Forget the action's schedule; whether it had one."""
    row = find_schedule(tx, action_id)
    if row is None:
        return False
    move(tx, ACTION_SCHEDULE_DUE, action_id, row.due_ms, None)
    tx.delete(ACTION_SCHEDULE, ACTION_SCHEDULE.key(action_id))
    tx.delete(ACTION_SCHEDULE_PAYLOAD, ACTION_SCHEDULE_PAYLOAD.key(action_id))
    return True


def pause(tx: Tx, request: ActionPauseSchedule) -> ActionScheduleInfo:
    """Times that pass while it is paused are not made up for."""
    action = the_action(tx, request.name)
    row = _the_row(action)
    if row.paused != request.paused:
        _wake(action, replace(row, paused=request.paused))
    return _info(action.name, action.row, _the_row(action))


def trigger(tx: Tx, request: ActionTriggerSchedule) -> str:
    """Start one of the schedule's runs now, whatever runs; it counts as one of its own."""
    action = the_action(tx, request.name)
    _the_row(action)
    if not action.row.enabled:
        raise ConflictError(f"action {request.name!r} is disabled; enable it to start it")
    return action_run_id(_begin(action))


def _the_row(action: OpenAction) -> ActionScheduleRow:
    row = find_schedule(action.tx, action.row.id)
    if row is None:
        raise NotFoundError(f"action {limits.shown(action.name)} has no schedule")
    return row


# Times that have come


def due(tx: Tx, request: ActionScheduleDue) -> None:
    """A nominal time has come, or was worked out. Nothing, if the schedule has moved on since."""
    action = find_action_by_id(tx, request.action_id)
    row = None if action is None else find_schedule(tx, action.row.id)
    if action is None or row is None:  # gone with its namespace
        tx.delete(ACTION_SCHEDULE_DUE, ACTION_SCHEDULE_DUE.key(request.due_ms, request.action_id))
        tx.touch((tx.namespace, TOPIC, ""))
        return
    if row.due_ms != request.due_ms:
        return
    row = replace(row, next_ms=request.next_ms)
    with tx.within(action.namespace):
        # A schedule without a next time (the 30th of February) sleeps until it is changed.
        _put(tx, action.row.id, row, _due_of(action.row.id, row) if request.next_ms else None)
        if request.nominal_ms > row.last_ms:
            _has_come(action, request.nominal_ms)


def _has_come(action: OpenAction, nominal_ms: int) -> None:
    tx, action_id, row = action.tx, action.row.id, _the_row(action)
    spec = row.spec
    turn = turn_of(spec.overlap, action.row.scheduled, spec.max_concurrent, row.buffered_ms)
    if turn is Turn.RUN:
        _run(action, row, nominal_ms)
    elif turn is Turn.WAIT:
        _put(tx, action_id, replace(row, buffered_ms=nominal_ms), row.due_ms)
    else:
        _put(tx, action_id, replace(row, skipped_total=row.skipped_total + 1), row.due_ms)


def _run(action: OpenAction, row: ActionScheduleRow, nominal_ms: int) -> None:
    number = _begin(action)
    moved = replace(row, last_ms=nominal_ms, last_run=number)
    _put(action.tx, action.row.id, moved, row.due_ms)


def _begin(action: OpenAction) -> int:
    """A run of the schedule, with its payload; its number."""
    tx, number = action.tx, action.tx.next_id()
    payload = tx.get(ACTION_SCHEDULE_PAYLOAD, ACTION_SCHEDULE_PAYLOAD.key(action.row.id))
    assert payload is not None, "a schedule has a payload"
    create(action, number, payload, is_scheduled=True)
    return number


def on_free(tx: Tx, due_ms: int, action_id: int, item: int, data: Any) -> None:
    """A place is free: for the time that waits for one, if one still does."""
    action = find_action_by_id(tx, action_id)
    row = None if action is None else find_schedule(tx, action_id)
    if action is None or row is None or not row.buffered_ms:
        return
    if action.row.scheduled < row.spec.max_concurrent:
        with tx.within(action.namespace):
            _run(action, replace(row, buffered_ms=0), row.buffered_ms)


# Looking


def list_schedules(view: View, request: ActionSchedules) -> ActionScheduleListReply:
    def shown(name: str, action: ActionRow) -> ActionScheduleInfo | None:
        row = find_schedule(view, action.id)
        return None if row is None else _info(name, action, row)

    owner = namespace_id(view)
    return ActionScheduleListReply(
        *page_by_name(view, "action schedules", ACTION, owner, request, shown, primitive="action")
    )


def _info(name: str, action: ActionRow, row: ActionScheduleRow) -> ActionScheduleInfo:
    spec = row.spec
    return ActionScheduleInfo(
        name,
        spec.cron,
        spec.interval,
        spec.timezone,
        row.paused,
        action.enabled,
        row.next_ms or None,
        row.last_ms or None,
        action_run_id(row.last_run) if row.last_run else None,
        action.scheduled,
        row.skipped_total,
        spec.overlap,
        spec.max_concurrent,
        spec.catch_up_ms,
        spec.jitter_ms,
        "" if spec.cron is None else cron.doubt_about(spec.cron),
    )
