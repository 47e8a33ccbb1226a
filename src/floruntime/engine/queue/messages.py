"""Moves one message between its phases: ready, delayed, leased, deleted.

Each function changes the message's rows, and the counts in the queue's row; its caller saves the
queue. Within its priority, a message's place is its due time, then its seq. A message that comes
back without a delay has its old due time, and so its old place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec.structs import replace

from floruntime.engine.queue.groups import head_gone, stop_waiting
from floruntime.engine.queue.rows import (
    BODY,
    READY_INDEX,
    STATE,
    BodyRow,
    OpenQueue,
    Phase,
    StateRow,
    find_queue_by_id,
)
from floruntime.engine.state.tombstones import gaps_of
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers

MESSAGES_PER_TIMER_MAX = 16
"""Messages that one timer moves at most, so that a tick full of timers stays short."""
SEEK_OLDEST_EVERY = 256
"""Acks between two looks for the oldest message."""


def state_of(queue: OpenQueue, seq: int) -> StateRow | None:
    """The state of a message; if it was never delivered, one made from its body."""
    state = queue.tx.get(STATE, STATE.key(queue.row.messages_id, seq))
    if state is not None:
        return state
    body = queue.tx.get(BODY, BODY.key(queue.row.messages_id, seq))
    return (
        None
        if body is None
        else StateRow(Phase.READY, body.priority, body.due_ms, group=body.group)
    )


def put_ready(queue: OpenQueue, priority: int, due_ms: int, seq: int, has_state: bool) -> None:
    """Put a message into the order of delivery, and count it."""
    messages_id = queue.row.messages_id
    key = READY_INDEX.key(messages_id, priority, due_ms, seq)
    queue.tx.put(READY_INDEX, key, has_state)
    gaps_of(queue.tx, messages_id).fill(key, key)
    queue.row.ready += 1


def give_back(
    queue: OpenQueue, seq: int, state: StateRow, *, attempt: int, lease: int, delay_ms: int
) -> None:
    """Make a message that is in no index deliverable again, at its old place or after a delay."""
    due_ms = queue.tx.now_ms + delay_ms if delay_ms else state.due_ms
    phase = Phase.DELAYED if delay_ms else Phase.READY
    _put_state(queue, seq, state, phase, due_ms, attempt=attempt, lease=lease)
    if delay_ms:
        queue.row.delayed += 1
        timers.set_timer(queue.tx, due_ms, timers.QUEUE_DUE, queue.row.id, seq)
    else:
        put_ready(queue, state.priority, due_ms, seq, True)
        queue.touch()


def _put_state(
    queue: OpenQueue,
    seq: int,
    state: StateRow,
    phase: Phase,
    due_ms: int,
    *,
    attempt: int,
    lease: int,
) -> None:
    queue.tx.put(
        STATE,
        STATE.key(queue.row.messages_id, seq),
        StateRow(
            phase,
            state.priority,
            due_ms,
            attempt,
            lease,
            state.delivery,
            0,
            state.first_delivered_at_ms,
            state.last_delivered_at_ms,
            state.error,
            state.group,
        ),
    )


def take_out(queue: OpenQueue, seq: int, state: StateRow) -> None:
    """Take a message out of its phase. A delay's timer will find nothing and do nothing."""
    row = queue.row
    match state.phase:
        case Phase.LEASED:
            row.leased -= 1
        case Phase.READY:
            row.ready -= 1
            queue.tx.delete(
                READY_INDEX, READY_INDEX.key(row.messages_id, state.priority, state.due_ms, seq)
            )
        case Phase.DELAYED:
            row.delayed -= 1
        case Phase.WAITING:
            assert state.group is not None, "what waits has a group"
            stop_waiting(queue, seq, state.group)
        case _:
            assert_never(state.phase)


def drop(queue: OpenQueue, seq: int, head_of: str | None) -> None:
    """Delete a message that was taken out. `head_of`: the group whose head it was, if any."""
    messages_id = queue.row.messages_id
    queue.tx.delete(BODY, BODY.key(messages_id, seq))
    queue.tx.delete(STATE, STATE.key(messages_id, seq))
    if head_of is not None:
        head_gone(queue, head_of)


def head_of(state: StateRow) -> str | None:
    """The group whose head a message is; `None` if it has no group, or waits."""
    return None if state.phase == Phase.WAITING else state.group


def oldest(
    view: View, messages_id: int, from_seq: int, next_seq: int
) -> tuple[int, BodyRow] | None:
    """The lowest existing seq, from `from_seq` on."""
    start, end = BODY.key(messages_id, from_seq), BODY.key(messages_id, next_seq)
    for key, body in view.scan(BODY, start, end):
        return BODY.unpack(key)[1], body
    return None


def note_acked(queue: OpenQueue, count: int) -> None:
    """Count acks; from time to time raise the bound below which there is no message."""
    row = queue.row
    before = row.acked_total
    row.acked_total = before + count
    if before // SEEK_OLDEST_EVERY != row.acked_total // SEEK_OLDEST_EVERY:
        found = oldest(queue.tx, row.messages_id, row.oldest_seq, row.next_seq)
        row.oldest_seq = row.next_seq if found is None else found[0]


def ready_keys(queue: OpenQueue) -> Iterator[tuple[bytes, bool]]:
    """The ready index in order of delivery. Read all that is wanted before writing."""
    tx, messages_id = queue.tx, queue.row.messages_id
    gaps = gaps_of(tx, messages_id)
    start, end = READY_INDEX.range(messages_id)
    is_first = True
    for piece in gaps.between(start, end):
        for key, has_state in tx.scan(READY_INDEX, *piece):
            if is_first:
                gaps.learn(start, key)
                is_first = False
            yield key, has_state


def fall_due(tx: Tx, due_ms: int, queue_id: int, first_seq: int, count: Any) -> None:
    """Make delayed messages ready: `count` of them (none given: one), from `first_seq` on."""
    queue = find_queue_by_id(tx, queue_id)
    if queue is None:
        return
    end = first_seq + (count or 1)
    stop = min(end, first_seq + MESSAGES_PER_TIMER_MAX)
    moved = [seq for seq in range(first_seq, stop) if _fall_due(queue, seq, due_ms)]
    if stop < end:
        timers.set_timer(tx, due_ms, timers.QUEUE_DUE, queue_id, stop, end - stop)
    if moved:
        queue.save()
        queue.touch()


def make_due(queue: OpenQueue, seq: int) -> bool:
    """Make a delayed message ready now. False if it is not delayed."""
    state = queue.tx.get(STATE, STATE.key(queue.row.messages_id, seq))
    if state is None or state.phase not in (Phase.DELAYED, Phase.WAITING):
        return False
    if state.phase == Phase.WAITING:
        return _make_waiting_due(queue, seq, state)
    take_out(queue, seq, state)
    due_ms = queue.tx.now_ms
    _put_state(queue, seq, state, Phase.READY, due_ms, attempt=state.attempt, lease=state.lease)
    put_ready(queue, state.priority, due_ms, seq, True)
    return True


def _make_waiting_due(queue: OpenQueue, seq: int, state: StateRow) -> bool:
    """It still waits for earlier messages of its group, but no longer for its time."""
    tx = queue.tx
    if state.due_ms <= tx.now_ms:
        return False
    key = STATE.key(queue.row.messages_id, seq)
    tx.put(STATE, key, replace(state, due_ms=tx.now_ms))
    return True


def _fall_due(queue: OpenQueue, seq: int, due_ms: int) -> bool:
    state = queue.tx.get(STATE, STATE.key(queue.row.messages_id, seq))
    if state is None or state.phase != Phase.DELAYED or state.due_ms != due_ms:
        return False
    queue.row.delayed -= 1
    _put_state(queue, seq, state, Phase.READY, due_ms, attempt=state.attempt, lease=state.lease)
    put_ready(queue, state.priority, due_ms, seq, True)
    return True
