"""What a group shows of itself."""

from __future__ import annotations

from itertools import islice

from floruntime.core import limits
from floruntime.core.stream import (
    GroupGetInfo,
    GroupInfo,
    GroupList,
    GroupListReply,
    GroupPending,
    PendingEntry,
    PendingReply,
    StreamID,
)
from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.pages import page_by_key, page_by_name
from floruntime.engine.state.tx import View
from floruntime.engine.stream.group.live_members import live_members
from floruntime.engine.stream.group.rows import (
    GROUP,
    PENDING_RECORD,
    RETURNED,
    GroupRow,
    PendingRecordRow,
    group_state,
    the_group,
)
from floruntime.engine.stream.group.trimmed import kept_pending
from floruntime.engine.stream.retention import visible_cut, visible_floor
from floruntime.engine.stream.rows import StreamRow, external, state_of, the_stream


def group_info(view: View, stream: StreamRow, group: GroupRow, name: str) -> GroupInfo:
    """The group as it stands now. `lag` counts what is kept and was never handed out."""
    state = group_state(view, group)
    stream_state = state_of(view, stream)
    return GroupInfo(
        name,
        group.mode,
        list(live_members(view, group)),
        kept_pending(view, group, visible_floor(stream, stream_state, view.now_ms)),
        lag_of(view, stream, group),
        external(state.cursor) if state.has_delivered else None,
        group.ack_timeout_ms,
        group.max_deliver,
        group.consumer_timeout_ms,
        state.dead,
        group.retry_delay_ms,
        group.retry_backoff,
        group.retry_delay_max_ms,
    )


def lag_of(view: View, stream: StreamRow, group: GroupRow) -> int:
    """How many records are kept and were never handed out."""
    state, stream_state = group_state(view, group), state_of(view, stream)
    begins = visible_cut(view, stream, stream_state).ordinal
    return stream_state.next_ordinal - max(begins, state.cursor_ordinal) + state.parked


def returned_due(view: View, group: GroupRow, count_max: int) -> int:
    """How many records are due again, up to `count_max`."""
    if not group_state(view, group).returned:
        return 0
    end = RETURNED.key(group.id, view.now_ms + 1, 0, 0)
    return sum(1 for _ in islice(view.scan(RETURNED, RETURNED.range(group.id)[0], end), count_max))


def get_info(view: View, request: GroupGetInfo) -> GroupInfo:
    return group_info(view, *the_group(view, request.stream, request.group), request.group)


def list_groups(view: View, request: GroupList) -> GroupListReply:
    stream = the_stream(view, request.stream)

    def shown(name: str, row: GroupRow) -> GroupInfo:
        return group_info(view, stream, row, name)

    return GroupListReply(*page_by_name(view, "groups", GROUP, stream.id, request, shown))


def list_pending(view: View, request: GroupPending) -> PendingReply:
    """What was delivered and is neither acked nor dead, in id order."""
    if request.consumer is not None:
        limits.check_name("consumer", request.consumer)
    stream, group = the_group(view, request.stream, request.group)
    floor = visible_floor(stream, state_of(view, stream), view.now_ms)
    span = next_key(PENDING_RECORD.key(group.id, *floor)), PENDING_RECORD.range(group.id)[1]

    def shown(key: bytes, row: PendingRecordRow) -> PendingEntry | None:
        is_wanted = request.consumer is None or row.consumer == request.consumer
        return _pending_entry(key, row) if is_wanted else None

    return PendingReply(
        *page_by_key(view, "pending", PENDING_RECORD, group.id, request, shown, span=span)
    )


def _pending_entry(key: bytes, row: PendingRecordRow) -> PendingEntry:
    _, ms, sequence = PENDING_RECORD.unpack(key)
    return PendingEntry(
        StreamID(ms, sequence),
        row.consumer,
        row.attempt,
        row.lease,
        row.delivered_at_ms,
        row.due_ms,
    )
