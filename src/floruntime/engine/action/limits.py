"""The limits of an action as a whole: how many runs at once, how many claims in a window.

A run over a limit stays pending. Anything that frees a place touches the action's topic, so that
waiting claims are tried again at that moment: the end of a run, a window that has advanced, a
changed limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from floruntime.core import limits
from floruntime.core.action import (
    ActionGetLimits,
    ActionRegister,
    KeyLimits,
    Limits,
    LimitsReply,
)
from floruntime.core.errors import BadRequestError
from floruntime.engine.action.due_runs import LINE, due_marker
from floruntime.engine.action.key_rows import (
    KEY,
    KEY_LINE,
    Blocked,
    KeyRow,
    copy_of_key,
    free,
    is_freed,
)
from floruntime.engine.action.rate_window import free_at, note_claim
from floruntime.engine.action.rows import (
    ActionRow,
    OpenAction,
    find_action_by_id,
    find_action_row,
    not_registered,
)
from floruntime.engine.state.json_document import parse_path
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers

_COUNTS = ("running", "running_per_key")
_RATES = ("rate", "rate_per_key")


def check_limits(given: Limits | None) -> None:
    """Refuse limits that can never be right."""
    if given is None:
        return
    for field in _COUNTS:
        limits.check_optional(f"limits.{field}", getattr(given, field), 1, limits.UINT_MAX)
    for field in _RATES:
        limits.check_optional(f"limits.{field}", getattr(given, field), 1, limits.RATE_MAX)
    limits.check_duration("limits.rate_period_ms", given.rate_period_ms, low=1)


def check_key_path(request: ActionRegister) -> None:
    """Refuse a path that does not name one place. An empty one takes the path away."""
    if not request.key_path:
        return
    limits.check_text("key_path", request.key_path)
    try:
        parse_path(request.key_path)
    except BadRequestError as error:
        raise BadRequestError(f"key_{error.message}") from None


def is_limited(row: ActionRow) -> bool:
    """Whether claims of the action's runs are to be looked at one by one."""
    return bool(row.key_lines) or is_held(row)


def is_held(row: ActionRow) -> bool:
    """Whether the action as a whole is held to a limit."""
    held_to = row.settings.limits
    return held_to.running is not None or held_to.rate is not None


def blocked(view: View, row: ActionRow) -> str | None:
    """Which limit holds up the whole action, if one does."""
    held_to = row.settings.limits
    if held_to.running is not None and row.running >= held_to.running:
        return "running"
    return "rate" if held_to.rate is not None and _free_at(view, row) > view.now_ms else None


def _free_at(view: View, row: ActionRow) -> int:
    held_to = row.settings.limits
    if held_to.rate is None:
        return 0
    return free_at(view, row.id, row, held_to.rate, held_to.rate_period_ms)


def claimed(action: OpenAction) -> None:
    """A run of the action, whose rate is limited, was claimed; the caller saves."""
    rate = action.row.settings.limits.rate
    assert rate is not None
    note_claim(action.tx, action.row.id, action.row, rate)
    _wake_when_free(action)


def _wake_when_free(action: OpenAction) -> None:
    row, tx = action.row, action.tx
    until_ms = _free_at(tx, row)
    if until_ms > tx.now_ms and not row.frees_at_ms:
        row.frees_at_ms = until_ms
        timers.set_timer(tx, until_ms, timers.ACTION_FREE, row.id)


def may_be_free(tx: Tx, due_ms: int, action_id: int, item: int, data: Any) -> None:
    action = find_action_by_id(tx, action_id)
    if action is None or action.row.frees_at_ms != due_ms:
        return
    action.row.frees_at_ms = 0
    _wake_when_free(action)
    action.save()
    if not action.row.frees_at_ms:
        tx.touch(due_marker(action))


def place_free(action: OpenAction) -> None:
    """A run is no longer leased, nor counted, of an action of which only so many may be."""
    running_max = action.row.settings.limits.running
    assert running_max is not None
    if action.row.running == running_max - 1:
        action.tx.touch(due_marker(action))


# What a person asks


def get_limits(view: View, request: ActionGetLimits) -> LimitsReply:
    row = find_action_row(view, request.name)
    if row is None:
        raise not_registered(request.name)
    of_all = blocked(view, row)

    def shown(key: str, of_key: KeyRow) -> KeyLimits | None:
        return _shown(view, row, key, of_key, of_all) if key or of_key.waiting else None

    items, cursor = page_by_name(view, "keys", KEY, row.id, request, shown)
    return LimitsReply(row.running, sum(_waiting(view, row)), items, cursor)


def _waiting(view: View, row: ActionRow) -> Iterator[int]:
    """Due runs of the action, by line."""
    yield row.ready
    if row.lines:
        yield from (line.ready for _, line in view.scan(LINE, *LINE.range(row.id)))
    if row.key_lines:
        yield from (line.waiting for _, line in view.scan(KEY_LINE, *KEY_LINE.range(row.id)))


def _shown(view: View, action: ActionRow, key: str, row: KeyRow, of_all: str | None) -> KeyLimits:
    if is_freed(view, key, row):
        row = copy_of_key(row)
        free(row)
    own = _blocked_by(view, action, row)
    return KeyLimits(key, row.running, row.waiting, own or (of_all if row.waiting else None))


def _blocked_by(view: View, action: ActionRow, row: KeyRow) -> str | None:
    """By its own limits. A window may have moved on since its row was written."""
    if row.blocked == Blocked.RATE_PER_KEY:
        held_to = action.settings.limits
        rate, period_ms = held_to.rate_per_key, held_to.rate_period_ms
        if rate is None or free_at(view, row.id, row, rate, period_ms) <= view.now_ms:
            return None
    return None if row.blocked == Blocked.NO else row.blocked.name.lower()
