"""Administration of actions: registering, enabling, listing, deleting.

Changed settings apply from now on, also to runs that were invoked before. Only the end of a whole
run (`run_timeout_ms`) is fixed when the run is invoked. A disabled action takes no new runs; its
existing runs continue.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.core import defaults, limits
from floruntime.core.action import (
    ActionDelete,
    ActionEnable,
    ActionGet,
    ActionInfo,
    ActionList,
    ActionListReply,
    ActionRegister,
    ActionSchedule,
    ActionType,
)
from floruntime.core.errors import ConflictError
from floruntime.engine.action.keys import limits_changed
from floruntime.engine.action.limits import check_key_path, check_limits
from floruntime.engine.action.rows import (
    ACTION,
    ACTION_NAME,
    ActionNameRow,
    ActionRow,
    OpenAction,
    Settings,
    action_info,
    action_key,
    copy_of,
    find_action,
    find_action_by_id,
    find_action_row,
    not_registered,
    the_action,
)
from floruntime.engine.action.run_rows import ActionRunStatus, unfinished_numbers
from floruntime.engine.action.run_state import ACTION_DELETED, end_run, find_action_run
from floruntime.engine.action.schedules import (
    action_enabled,
    check_schedule,
    drop_schedule,
    keep_schedule,
)
from floruntime.engine.state.dispatch import rules_of
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import ensure_namespace, namespace_id

DEFAULT_SETTINGS: Final = Settings(
    ActionType.USER,
    defaults.ATTEMPT_TIMEOUT_MS,
    defaults.MAX_RETRIES,
    defaults.RUN_RETRY_DELAY_MS,
    None,
    None,
    defaults.RUN_RETENTION_MS,
)
CANCELLED_PER_STEP_MAX = 500
"""Runs of a deleted action that one command or tick cancels; the next tick goes on at once."""


def register(tx: Tx, request: ActionRegister) -> ActionInfo:
    """Register the action, and keep its schedule, if one is named."""
    _check(request)
    times = ActionSchedule(request.name, request.schedule, timezone=request.timezone)
    if request.schedule is not None:
        check_schedule(times)
    info = _register(tx, request)
    if request.schedule is not None:
        keep_schedule(the_action(tx, request.name), times)
    return info


def _register(tx: Tx, request: ActionRegister) -> ActionInfo:
    of_namespace_id = ensure_namespace(tx).id
    key = action_key(tx, request.name)
    old = tx.get(ACTION, key)
    settings = _settings(request, None if old is None or not old.is_registered else old.settings)
    if old is None:
        row = _new_row(tx, request.name, settings)
    elif not old.is_registered:
        row = _registered_again(tx, request.name, old)
    elif old.settings == settings:
        return action_info(request.name, old)
    else:
        row = copy_of(old)
        row.version += 1
        row.updated_at_ms = tx.now_ms
    row.settings = settings
    action = OpenAction(tx, tx.namespace, of_namespace_id, request.name, key, row)
    if old is not None and old.settings.limits != settings.limits:
        limits_changed(action)
    action.save()
    if old is None or not old.is_registered:
        rules_of(tx).action_registered(tx, request.name)
    return action_info(request.name, row)


def _check(request: ActionRegister) -> None:
    limits.check_name("action", request.name)
    limits.check_duration("timeout_ms", request.timeout_ms, low=1)
    limits.check_optional("max_retries", request.max_retries, 0, limits.ATTEMPTS_MAX)
    if request.retry_delay_ms is not None:
        limits.check_duration("retry_delay_ms", request.retry_delay_ms)
    limits.check_duration("retention_ms", request.retention_ms, low=limits.IDEMPOTENCY_MS)
    if request.run_timeout_ms is not None:
        limits.check_duration("run_timeout_ms", request.run_timeout_ms, low=1)
    limits.check_text("description", request.description)
    check_limits(request.limits)
    check_key_path(request)


def _settings(request: ActionRegister, old: Settings | None) -> Settings:
    """What is registered: of limits, key path and retries, what is not named stays as it is."""
    kept = DEFAULT_SETTINGS if old is None else old
    return Settings(
        request.type,
        request.timeout_ms,
        kept.max_retries if request.max_retries is None else request.max_retries,
        kept.retry_delay_ms if request.retry_delay_ms is None else request.retry_delay_ms,
        request.run_timeout_ms,
        request.description,
        request.retention_ms,
        kept.limits if request.limits is None else request.limits,
        kept.key_path if request.key_path is None else request.key_path or None,
    )


def _new_row(tx: Tx, name: str, settings: Settings) -> ActionRow:
    row = ActionRow(tx.next_id(), settings, tx.now_ms, tx.now_ms, is_indexed=True)
    tx.put(ACTION_NAME, ACTION_NAME.key(row.id), ActionNameRow(tx.namespace, name))
    return row


def _registered_again(tx: Tx, name: str, old: ActionRow) -> ActionRow:
    if old.unfinished:
        raise ConflictError(
            f"action {name!r} is being deleted: {old.unfinished} of its runs are yet to be "
            "cancelled; register it again in a moment"
        )
    row = ActionRow(old.id, old.settings, tx.now_ms, tx.now_ms)
    row.runs, row.ended, row.is_indexed = old.runs, old.ended, old.is_indexed
    row.claims, row.first_claim = old.claims, old.first_claim
    return row


def enable(tx: Tx, request: ActionEnable) -> ActionInfo:
    action = the_action(tx, request.name)
    if action.row.enabled != request.enabled:
        action.row.enabled = request.enabled
        action.row.updated_at_ms = tx.now_ms
        action.save()
        action_enabled(action)
    return action_info(request.name, action.row)


def delete(tx: Tx, request: ActionDelete) -> bool:
    """Take the registration away; runs that have ended stay for as long as they are kept."""
    action = find_action(tx, request.name)
    if action is None:
        return False
    unfinished = action.row.unfinished
    if unfinished and not request.force:
        raise ConflictError(
            f"action {request.name!r} has unfinished runs ({unfinished}); "
            "force=True cancels them and deletes it"
        )
    drop_schedule(tx, action.row.id)
    action.row.is_registered = False
    action.save()
    if unfinished:
        _cancel_runs(tx, action.row, 0)
    return True


def go_on_deleting(tx: Tx, due_ms: int, action_id: int, from_number: int, data: Any) -> None:
    action = find_action_by_id(tx, action_id)
    if action is not None and not action.row.is_registered:
        with tx.within(action.namespace):
            _cancel_runs(tx, action.row, from_number)


def _cancel_runs(tx: Tx, row: ActionRow, from_number: int) -> None:
    """Cancel a bounded number of the runs of a deleted action, from that number on."""
    numbers = unfinished_numbers(tx, row, from_number, CANCELLED_PER_STEP_MAX)
    for number in numbers:
        run = find_action_run(tx, namespace_id(tx), number)
        assert run is not None, "what the index names is there"
        end_run(run, ActionRunStatus.CANCELLED, reason=ACTION_DELETED)
    if len(numbers) == CANCELLED_PER_STEP_MAX:
        timers.set_timer(tx, tx.now_ms, timers.ACTION_DELETE, row.id, numbers[-1] + 1)


def get(view: View, request: ActionGet) -> ActionInfo:
    row = find_action_row(view, request.name)
    if row is None:
        raise not_registered(request.name)
    return action_info(request.name, row)


def list_actions(view: View, request: ActionList) -> ActionListReply:
    """The registered actions whose names begin with `prefix`, in byte order."""

    def shown(name: str, row: ActionRow) -> ActionInfo | None:
        return action_info(name, row) if row.is_registered else None

    owner, prefix = namespace_id(view), limits.utf8("prefix", request.prefix)
    listing = f"actions {request.prefix}"
    return ActionListReply(
        *page_by_name(
            view, listing, ACTION, owner, request, shown, prefix=prefix, primitive="action"
        )
    )
