"""Delivering messages, and looking at those that are ready.

Messages are delivered by priority (a lower number first, strictly), then due time, then seq. A
delivery leases each message to its receiver for a while. `settle.py` handles how that ends, and
`dead_letters.py` the messages that keep failing.
"""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.queue import DequeueResult, Message, QueueDequeue, QueuePeek
from floruntime.core.system import Delivery
from floruntime.engine.queue.deliveries import open_delivery
from floruntime.engine.queue.messages import drop, note_acked, ready_keys
from floruntime.engine.queue.rows import (
    BODY,
    PRIMITIVE,
    READY_INDEX,
    STATE,
    BodyRow,
    OpenQueue,
    Phase,
    QueueRow,
    StateRow,
    find_queue,
    find_queue_row,
)
from floruntime.engine.state.dispatch import RecallRule, WaitRule
from floruntime.engine.state.leases import extended
from floruntime.engine.state.tx import Topic, Tx, View


def dequeue(tx: Tx, request: QueueDequeue) -> DequeueResult:
    limits.check_range("count", request.count, 1, limits.MANY_MAX)
    limits.check_duration("visibility_timeout_ms", request.visibility_timeout_ms, low=1)
    limits.check_block(request.block_ms)
    queue = find_queue(tx, request.queue)
    if queue is None or not queue.row.ready or queue.row.paused:
        return DequeueResult([])
    taken = _take(queue, request.count)
    queue.row.ready -= len(taken)
    if request.on_delivery:
        messages = _deliver_for_good(queue, taken)
    else:
        until_ms = extended(0, tx.now_ms, request.visibility_timeout_ms)
        messages = _lease(queue, taken, until_ms, to_worker=request.by_worker)
    queue.save()
    return DequeueResult(messages)


Taken = tuple[int, BodyRow, StateRow | None]


def _take(queue: OpenQueue, count: int) -> list[Taken]:
    """Take the next messages out of the order: as many as are asked for and fit into a reply."""
    tx, messages_id = queue.tx, queue.row.messages_id
    wanted = min(count, queue.row.ready)
    bytes_left = limits.REPLY_BYTES_MAX
    taken: list[Taken] = []
    keys = []
    for key, has_state in ready_keys(queue):
        seq = READY_INDEX.unpack(key)[3]
        body = tx.get(BODY, BODY.key(messages_id, seq))
        assert body is not None, "what is ready has a body"
        bytes_left -= len(body.payload)
        if bytes_left < 0 and taken:
            break
        taken.append((seq, body, _stored_state(queue, seq) if has_state else None))
        keys.append(key)
        if len(taken) == wanted:
            break
    for key in keys:
        tx.delete(READY_INDEX, key)
    return taken


def _stored_state(queue: OpenQueue, seq: int) -> StateRow | None:
    return queue.tx.get(STATE, STATE.key(queue.row.messages_id, seq))


def _lease(
    queue: OpenQueue, taken: list[Taken], expires_at_ms: int, *, to_worker: bool
) -> list[Message]:
    tx, row = queue.tx, queue.row
    now_ms, messages_id = tx.now_ms, row.messages_id
    delivery = 0
    messages, seqs, items = [], [], []
    for seq, body, state in taken:
        lease = tx.next_id()
        delivery = delivery or lease
        if state is None:
            state = StateRow(
                Phase.LEASED,
                body.priority,
                body.due_ms,
                1,
                lease,
                delivery,
                expires_at_ms,
                now_ms,
                now_ms,
                group=body.group,
            )
        else:
            state = _leased_again(state, lease, delivery, expires_at_ms, now_ms)
        tx.put(STATE, STATE.key(messages_id, seq), state)
        messages.append(_message(seq, body, state))
        seqs.append(seq)
        items.append([seq, lease])
    row.leased += len(seqs)
    open_delivery(queue, delivery, seqs, expires_at_ms, to_worker=to_worker)
    tx.delivery = Delivery(PRIMITIVE, row.id, items)
    return messages


def _leased_again(
    state: StateRow, lease: int, delivery: int, expires_at_ms: int, now_ms: int
) -> StateRow:
    first_ms = state.first_delivered_at_ms
    return StateRow(
        Phase.LEASED,
        state.priority,
        state.due_ms,
        state.attempt + 1,
        lease,
        delivery,
        expires_at_ms,
        now_ms if first_ms is None else first_ms,
        now_ms,
        state.error,
        state.group,
    )


def _message(seq: int, body: BodyRow, state: StateRow) -> Message:
    return Message(
        seq,
        body.payload,
        state.priority,
        state.attempt,
        state.lease,
        body.enqueued_at_ms,
        state.expires_at_ms,
        None,
        None,
        state.first_delivered_at_ms,
        state.last_delivered_at_ms,
        body.traceparent,
    )


def _deliver_for_good(queue: OpenQueue, taken: list[Taken]) -> list[Message]:
    """Deliver at most once: the messages are acked as they are delivered, and nothing is leased."""
    now_ms = queue.tx.now_ms
    messages = []
    for seq, body, state in taken:
        attempt, first_ms = 1, None
        if state is not None:
            attempt, first_ms = state.attempt + 1, state.first_delivered_at_ms
        first_ms = now_ms if first_ms is None else first_ms
        drop(queue, seq, body.group)
        messages.append(_unleased(seq, body, attempt, first_ms, now_ms))
    note_acked(queue, len(taken))
    return messages


def _unleased(
    seq: int, body: BodyRow, attempt: int, first_ms: int | None, last_ms: int | None
) -> Message:
    return Message(
        seq,
        body.payload,
        body.priority,
        attempt,
        0,
        body.enqueued_at_ms,
        first_delivered_at_ms=first_ms,
        last_delivered_at_ms=last_ms,
        traceparent=body.traceparent,
    )


def _topics(namespace: str, request: QueueDequeue) -> tuple[Topic]:
    return ((namespace, "queue", request.queue),)


def _found(result: DequeueResult) -> bool:
    return bool(result.messages)


DEQUEUE_WAIT: Final = WaitRule(_topics, _found)


def _memo(result: DequeueResult) -> list[tuple[int, int]]:
    return [(message.seq, message.lease) for message in result.messages]


def _recall(tx: Tx, request: QueueDequeue, memo: list[tuple[int, int]]) -> DequeueResult:
    """Of the messages delivered then, those that are still held under the same lease.

    Messages that were acked on delivery are not given again: at most once, by choice.
    """
    queue = find_queue(tx, request.queue)
    if queue is None:
        return DequeueResult([])
    messages = [
        message for seq, lease in memo if (message := _still_held(queue, seq, lease)) is not None
    ]
    if messages:
        items = [[message.seq, message.lease] for message in messages]
        tx.delivery = Delivery(PRIMITIVE, queue.row.id, items)
    return DequeueResult(messages)


def _still_held(queue: OpenQueue, seq: int, lease: int) -> Message | None:
    state = _stored_state(queue, seq)
    if state is None or not state.held.stands_as(lease, queue.tx.now_ms):
        return None
    body = queue.tx.get(BODY, BODY.key(queue.row.messages_id, seq))
    return None if body is None else _message(seq, body, state)


DEQUEUE_RECALL: Final = RecallRule(_memo, _recall)


# Peek


def peek(view: View, request: QueuePeek) -> DequeueResult:
    limits.check_range("count", request.count, 1, limits.MANY_MAX)
    row = find_queue_row(view, request.queue)
    if row is None or not row.ready:
        return DequeueResult([])
    return DequeueResult(_ready_messages(view, row, min(request.count, row.ready)))


def _ready_messages(view: View, row: QueueRow, count: int) -> list[Message]:
    messages: list[Message] = []
    bytes_left = limits.REPLY_BYTES_MAX
    for key, has_state in view.scan(READY_INDEX, *READY_INDEX.range(row.messages_id)):
        seq = READY_INDEX.unpack(key)[3]
        body = view.get(BODY, BODY.key(row.messages_id, seq))
        assert body is not None, "what is ready has a body"
        bytes_left -= len(body.payload)
        if bytes_left < 0 and messages:
            break
        state = view.get(STATE, STATE.key(row.messages_id, seq)) if has_state else None
        state = state or StateRow(Phase.READY, body.priority, body.due_ms)
        messages.append(
            _unleased(
                seq, body, state.attempt, state.first_delivered_at_ms, state.last_delivered_at_ms
            )
        )
        if len(messages) == count:
            break
    return messages
