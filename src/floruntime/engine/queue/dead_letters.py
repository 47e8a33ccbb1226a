"""Dead letters: messages that were delivered too often, or that a consumer gave up.

They are ordered by the time of their death. Beyond the queue's `dlq_limit` the oldest are deleted
and counted. A dead letter holds its whole message, so purging the queue does not affect it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from floruntime.core import limits
from floruntime.core.queue import (
    DequeueResult,
    Message,
    QueueDlqDelete,
    QueueDlqList,
    QueueDlqPurge,
    QueueDlqRequeue,
)
from floruntime.core.types import Value
from floruntime.engine.queue.groups import back_in_line
from floruntime.engine.queue.messages import drop, head_of, put_ready
from floruntime.engine.queue.rows import (
    BODY,
    BodyRow,
    OpenQueue,
    Phase,
    StateRow,
    find_queue,
    find_queue_by_id,
    find_queue_row,
)
from floruntime.engine.state.cursors import open_cursor
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.pages import page_by_key
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers


class DeathReason(StrEnum):
    """Why a message became a dead letter."""

    MAX_ATTEMPTS = "max_attempts"
    NACKED = "nacked"


EVICTED_PER_COMMAND_MAX = 1000
"""Dead letters that one command evicts at most; a timer goes on with the rest."""


class DeadLetterRow(Value, frozen=True):
    """`place`: in the order of deaths. `lease`: of a holder who may still ack it, or 0."""

    place: int
    payload: bytes
    priority: int
    attempt: int
    enqueued_at_ms: int
    lease: int
    delivery: int
    reason: DeathReason
    error: str | None
    first_delivered_at_ms: int | None
    last_delivered_at_ms: int | None
    group: str | None = None
    traceparent: str | None = None


DEAD_LETTER: Final[Table[DeadLetterRow]] = Table(b"qx", DeadLetterRow, dead_id="u64", seq="u64")
#: The order of deaths; the row is the seq.
DEAD_ORDER: Final[Table[int]] = Table(b"qo", int, dead_id="u64", place="u64")


def bury(
    queue: OpenQueue, seq: int, state: StateRow, reason: DeathReason, *, lease: int = 0
) -> None:
    """Make a message that was taken out a dead letter. `evict` follows, once per command."""
    tx, row = queue.tx, queue.row
    body = tx.get(BODY, BODY.key(row.messages_id, seq))
    assert body is not None, "a message has a body for as long as it lives"
    place = tx.next_id()
    letter = DeadLetterRow(
        place,
        body.payload,
        state.priority,
        state.attempt,
        body.enqueued_at_ms,
        lease,
        state.delivery,
        reason,
        state.error,
        state.first_delivered_at_ms,
        state.last_delivered_at_ms,
        state.group,
        body.traceparent,
    )
    drop(queue, seq, head_of(state))
    tx.put(DEAD_LETTER, DEAD_LETTER.key(row.dead_id, seq), letter)
    tx.put(DEAD_ORDER, DEAD_ORDER.key(row.dead_id, place), seq)
    row.dead += 1


def evict(queue: OpenQueue) -> None:
    """Evict the oldest dead letters beyond the limit, or begin to. The caller saves the queue."""
    row = queue.row
    surplus = row.dead - row.config.dlq_limit
    if surplus <= 0:
        return
    tx, count = queue.tx, min(surplus, EVICTED_PER_COMMAND_MAX)
    oldest = []
    for key, seq in tx.scan(DEAD_ORDER, *_order_span(row.dead_id, row.dead_floor)):
        oldest.append((key, seq))
        if len(oldest) == count:
            break
    for key, seq in oldest:
        tx.delete(DEAD_ORDER, key)
        tx.delete(DEAD_LETTER, DEAD_LETTER.key(row.dead_id, seq))
    row.dead_floor = DEAD_ORDER.unpack(oldest[-1][0])[1] + 1
    row.dead -= count
    row.dead_evicted_total += count
    evict_soon(queue)


def evict_soon(queue: OpenQueue) -> None:
    """Evict with the next tick; for a tick that moves much, where looking costs much."""
    if queue.row.dead > queue.row.config.dlq_limit:
        timers.set_timer(queue.tx, queue.tx.now_ms, timers.QUEUE_TRIM_DEAD, queue.row.id)


def evict_more(tx: Tx, due_ms: int, queue_id: int, item: int, data: Any) -> None:
    queue = find_queue_by_id(tx, queue_id)
    if queue is not None and queue.row.dead > queue.row.config.dlq_limit:
        evict(queue)
        queue.save()


def remove_dead(queue: OpenQueue, seq: int) -> DeadLetterRow | None:
    """Take a dead letter out; `None` if there is no such."""
    tx, dead_id = queue.tx, queue.row.dead_id
    key = DEAD_LETTER.key(dead_id, seq)
    letter = tx.get(DEAD_LETTER, key)
    if letter is not None:
        tx.delete(DEAD_LETTER, key)
        tx.delete(DEAD_ORDER, DEAD_ORDER.key(dead_id, letter.place))
        queue.row.dead -= 1
        if not queue.row.dead:
            queue.row.dead_floor = tx.last_id() + 1  # nobody walks over what they left
    return letter


def find_dead(queue: OpenQueue, seq: int) -> DeadLetterRow | None:
    """The dead letter of this seq."""
    return queue.tx.get(DEAD_LETTER, DEAD_LETTER.key(queue.row.dead_id, seq))


def list_dead(view: View, request: QueueDlqList) -> DequeueResult:
    limits.check_limit(request.limit)
    row = find_queue_row(view, request.queue)
    if row is None:
        open_cursor("dead letters", 0, request.cursor)
        return DequeueResult([])
    dead_id = row.dead_id

    def shown(key: bytes, seq: int) -> Message:
        return _message(view, dead_id, seq)

    span = _order_span(dead_id, row.dead_floor)
    page = page_by_key(
        view,
        "dead letters",
        DEAD_ORDER,
        row.id,
        request,
        shown,
        span=span,
        size_of=_payload_bytes,
    )
    return DequeueResult(*page)


def _order_span(dead_id: int, floor: int) -> tuple[bytes, bytes]:
    return DEAD_ORDER.key(dead_id, floor), DEAD_ORDER.range(dead_id)[1]


def _payload_bytes(message: Message) -> int:
    return len(message.payload)


def _message(view: View, dead_id: int, seq: int) -> Message:
    letter = view.get(DEAD_LETTER, DEAD_LETTER.key(dead_id, seq))
    assert letter is not None, "the order of deaths names only what is there"
    return Message(
        seq,
        letter.payload,
        letter.priority,
        letter.attempt,
        0,
        letter.enqueued_at_ms,
        None,
        letter.reason,
        letter.error,
        letter.first_delivered_at_ms,
        letter.last_delivered_at_ms,
        letter.traceparent,
    )


def requeue(tx: Tx, request: QueueDlqRequeue) -> int:
    """Dead letters become fresh messages of the same seq: attempts at 0, due now."""
    limits.check_numbers("seqs", request.seqs, 1)
    queue = find_queue(tx, request.queue)
    if queue is None:
        return 0
    moved = sum([requeue_one(queue, seq) for seq in dict.fromkeys(request.seqs)])
    if moved:
        queue.save()
        queue.touch()
    return moved


def requeue_one(queue: OpenQueue, seq: int) -> bool:
    """Make one dead letter a fresh message. The caller saves the queue, and touches it."""
    letter = remove_dead(queue, seq)
    if letter is None:
        return False
    tx, row = queue.tx, queue.row
    body = BodyRow(
        letter.payload,
        letter.enqueued_at_ms,
        letter.priority,
        tx.now_ms,
        letter.group,
        letter.traceparent,
    )
    tx.put(BODY, BODY.key(row.messages_id, seq), body)
    if letter.group is None:
        put_ready(queue, letter.priority, tx.now_ms, seq, False)
    else:
        state = StateRow(Phase.READY, letter.priority, tx.now_ms, group=letter.group)
        back_in_line(queue, letter.group, seq, state)
    row.oldest_seq = min(row.oldest_seq, seq)
    return True


def delete_dead(tx: Tx, request: QueueDlqDelete) -> int:
    limits.check_numbers("seqs", request.seqs, 1)
    queue = find_queue(tx, request.queue)
    if queue is None:
        return 0
    deleted = sum([remove_dead(queue, seq) is not None for seq in dict.fromkeys(request.seqs)])
    if deleted:
        queue.save()
    return deleted


def purge_dead(tx: Tx, request: QueueDlqPurge) -> int:
    queue = find_queue(tx, request.queue)
    if queue is None or not queue.row.dead:
        return 0
    row = queue.row
    purged, row.dead = row.dead, 0
    row.dead_id = queue.new_part(row.dead_id)
    row.dead_floor = 0
    queue.save()
    return purged
