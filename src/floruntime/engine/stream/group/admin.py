"""Making, moving and deleting groups."""

from __future__ import annotations

from typing import Final

import msgspec

from floruntime.core import limits
from floruntime.core.backoff import check_retry
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.stream import GroupConfigure, GroupCreate, GroupDelete, GroupInfo, GroupSeek
from floruntime.engine.state.dispatch import rules_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.stream.group.info import group_info
from floruntime.engine.stream.group.rows import (
    GROUP,
    GROUP_STATE,
    PARKED,
    PENDING_RECORD,
    RETURNED,
    SLOTS,
    GroupRow,
    GroupStateRow,
    Mode,
    find_group,
    group_state,
    open_the_group,
    put_new_group,
    the_group,
)
from floruntime.engine.stream.positions import parse_start
from floruntime.engine.stream.retention import cut_after
from floruntime.engine.stream.rows import StreamRow, ensure_stream, find_stream, state_of
from floruntime.engine.system import reclaim


def create(tx: Tx, request: GroupCreate) -> GroupInfo:
    """Make the group, and its stream where there is none; with the same settings, once."""
    wanted = _wanted(request)
    stream = ensure_stream(tx, request.stream)
    start = _state_at(tx, stream, request.start)
    group = find_group(tx, stream, request.group)
    if group is None:
        group = msgspec.structs.replace(wanted, id=tx.next_id())
        put_new_group(tx, stream, group, request.stream, request.group)
        tx.put(GROUP_STATE, GROUP_STATE.key(group.id), start)
    elif msgspec.structs.replace(group, id=0) != wanted:
        raise ConflictError(
            f"group {request.group!r} of stream {request.stream!r} exists with other settings: "
            f"start={group.start!r}, mode={group.mode}, ack_timeout_ms={group.ack_timeout_ms}, "
            f"max_deliver={group.max_deliver}, consumer_timeout_ms={group.consumer_timeout_ms}, "
            f"retry_delay_ms={group.retry_delay_ms}, retry_backoff={group.retry_backoff!r}, "
            f"retry_delay_max_ms={group.retry_delay_max_ms}; group_configure() changes those that "
            "may change"
        )
    return group_info(tx, stream, group, request.group)


def _wanted(request: GroupCreate) -> GroupRow:
    if request.mode not in list(Mode):
        raise BadRequestError(
            f"mode is {limits.shown(request.mode)}; it must be one of {', '.join(Mode)}"
        )
    return _checked(
        GroupRow(
            0,
            Mode(request.mode),
            request.ack_timeout_ms,
            request.max_deliver,
            request.consumer_timeout_ms,
            request.start,
            request.retry_delay_ms,
            request.retry_backoff,
            request.retry_delay_max_ms,
        )
    )


def _checked(group: GroupRow) -> GroupRow:
    limits.check_duration("ack_timeout_ms", group.ack_timeout_ms, low=1)
    limits.check_range("max_deliver", group.max_deliver, 1, limits.ATTEMPTS_MAX)
    limits.check_duration("consumer_timeout_ms", group.consumer_timeout_ms, low=1)
    check_retry(group.retry_delay_ms, group.retry_backoff, group.retry_delay_max_ms)
    return group


_CHANGEABLE: Final = (
    *("ack_timeout_ms", "max_deliver", "consumer_timeout_ms"),
    *("retry_delay_ms", "retry_backoff", "retry_delay_max_ms"),
)


def configure(tx: Tx, request: GroupConfigure) -> GroupInfo:
    """Set what is named; it holds for what is delivered, or fails, from now on."""
    stream, group = the_group(tx, request.stream, request.group)
    named = {name: getattr(request, name) for name in _CHANGEABLE}
    given = {name: value for name, value in named.items() if value is not None}
    group = _checked(msgspec.structs.replace(group, **given))
    tx.put(GROUP, GROUP.key(stream.id, tail=request.group.encode()), group)
    return group_info(tx, stream, group, request.group)


def _state_at(tx: Tx, stream: StreamRow, start: str) -> GroupStateRow:
    """The state of a group that has been given nothing and begins at `start`."""
    stream_state = state_of(tx, stream)
    cursor = parse_start(start, stream_state)
    ordinal = cut_after(tx, stream, stream_state, cursor).ordinal
    return GroupStateRow(*cursor, ordinal)


def seek(tx: Tx, request: GroupSeek) -> GroupInfo:
    """Let the group go on at `start`; what is pending is dropped, dead letters stay."""
    opened = open_the_group(tx, request.stream, request.group)
    state = _state_at(tx, opened.stream, request.start)
    before = group_state(tx, opened.group)
    state.dead, state.dead_total = before.dead, before.dead_total
    for table in (PENDING_RECORD, RETURNED, PARKED):
        tx.clear(table, *table.range(opened.group.id))
    tx.delete(SLOTS, SLOTS.key(opened.group.id))
    opened.state = state
    opened.save()
    opened.touch()
    rules_of(tx).records_came(tx, request.stream, request.group)
    return group_info(tx, opened.stream, opened.group, request.group)


def delete(tx: Tx, request: GroupDelete) -> bool:
    """Unlink the group; reads that wait on the stream end, so that none makes it anew unasked."""
    stream = find_stream(tx, request.stream)
    group = find_group(tx, stream, request.group) if stream is not None else None
    if stream is None or group is None:
        return False
    tx.delete(GROUP, GROUP.key(stream.id, tail=request.group.encode()))
    reclaim.owner_gone(tx, reclaim.Owner.GROUP, group.id)
    tx.end_waits((tx.namespace, "stream", request.stream))
    return True
