"""Adding messages to queues; with a dedup key, each only once."""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.queue import QueueEnqueue
from floruntime.core.types import Value
from floruntime.engine.queue.groups import join, stand
from floruntime.engine.queue.rows import (
    BODY,
    READY_INDEX,
    STATE,
    BodyRow,
    OpenQueue,
    Phase,
    StateRow,
    ensure_queue,
)
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tombstones import gaps_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import eras, timers


class DedupRow(Value, frozen=True):
    seq: int
    expires_at_ms: int


DEDUP: Final[Table[DedupRow]] = Table(b"qk", DedupRow, queue_id="u64", tail="dedup key")


def enqueue(tx: Tx, request: QueueEnqueue) -> list[int]:
    payloads = request.payloads
    _check_enqueue(tx, request)
    if not payloads:
        return []
    queue = ensure_queue(tx, request.queue)
    row = queue.row
    if request.dedup_key is not None:
        known = _known_seq(queue, request.dedup_key)
        if known is not None:
            return [known]
    first_seq = max(row.next_seq, eras.floor_in(tx) + 1)
    row.next_seq = end_seq = first_seq + len(payloads)
    row.enqueued_total += len(payloads)
    due_ms = tx.now_ms + request.delay_ms
    messages_id = row.messages_id
    for seq, payload in enumerate(payloads, first_seq):
        body = BodyRow(
            payload, tx.now_ms, request.priority, due_ms, request.group, request.traceparent
        )
        tx.put(BODY, BODY.key(messages_id, seq), body)
    if request.group is not None:
        _put_grouped(queue, range(first_seq, end_seq), request, due_ms)
    elif request.delay_ms:
        _put_delayed(queue, range(first_seq, end_seq), request.priority, due_ms)
    else:
        _put_fresh(queue, range(first_seq, end_seq), request.priority, due_ms)
    queue.save()
    return list(range(first_seq, end_seq))


def _check_enqueue(tx: Tx, request: QueueEnqueue) -> None:
    limits.check_range("priority", request.priority, 0, limits.PRIORITY_MAX)
    limits.check_duration("delay_ms", request.delay_ms)
    if len(request.payloads) > limits.MANY_MAX:
        raise BadRequestError(
            f"payloads has {len(request.payloads)} items; at most {limits.MANY_MAX} are allowed"
        )
    for payload in request.payloads:
        limits.check_value("payload", payload, tx.value_bytes_max)
    if request.group is not None:
        limits.check_name("group", request.group)
    limits.check_traceparent(request.traceparent)
    if request.dedup_key is not None:
        limits.check_name("dedup_key", request.dedup_key)
        if len(request.payloads) != 1:
            raise BadRequestError(
                f"dedup_key {request.dedup_key!r} is for one payload, and "
                f"{len(request.payloads)} are given; enqueue them one by one, or without it"
            )


def _known_seq(queue: OpenQueue, dedup_key: str) -> int | None:
    """The seq that this key stands for; a new key stands for the next seq, for the window."""
    tx, row = queue.tx, queue.row
    tail = limits.check_name("dedup_key", dedup_key)
    key = DEDUP.key(row.id, tail=tail)
    known = tx.get(DEDUP, key)
    if known is not None and tx.now_ms < known.expires_at_ms:
        return known.seq
    window_ms = row.config.dedup_window_ms
    if window_ms:
        expires_at_ms = tx.now_ms + window_ms
        tx.put(DEDUP, key, DedupRow(row.next_seq, expires_at_ms))
        timers.set_timer(tx, expires_at_ms, timers.QUEUE_DEDUP, row.id, row.next_seq, tail)
    return None


def forget_dedup_key(tx: Tx, due_ms: int, queue_id: int, seq: int, tail: bytes) -> None:
    key = DEDUP.key(queue_id, tail=tail)
    row = tx.get(DEDUP, key)
    if row is not None and row.expires_at_ms <= tx.now_ms:
        tx.delete(DEDUP, key)


def _put_grouped(queue: OpenQueue, seqs: range, request: QueueEnqueue, due_ms: int) -> None:
    """Of the group the first message may be delivered; the others wait for it."""
    group = request.group
    assert group is not None, "it has a group"
    state = StateRow(Phase.READY, request.priority, due_ms, group=group)
    for seq in seqs:
        if not join(queue, group, seq, state):
            continue
        if request.delay_ms:
            stand(queue, seq, state)
        else:
            _put_fresh(queue, range(seq, seq + 1), request.priority, due_ms)


def _put_fresh(queue: OpenQueue, seqs: range, priority: int, due_ms: int) -> None:
    tx, messages_id = queue.tx, queue.row.messages_id
    keys = [READY_INDEX.key(messages_id, priority, due_ms, seq) for seq in seqs]
    for key in keys:
        tx.put(READY_INDEX, key, False)
    gaps_of(tx, messages_id).fill(keys[0], keys[-1])
    queue.row.ready += len(keys)
    queue.touch()


def _put_delayed(queue: OpenQueue, seqs: range, priority: int, due_ms: int) -> None:
    tx, messages_id = queue.tx, queue.row.messages_id
    state = StateRow(Phase.DELAYED, priority, due_ms)
    for seq in seqs:
        tx.put(STATE, STATE.key(messages_id, seq), state)
    timers.set_timer(tx, due_ms, timers.QUEUE_DUE, queue.row.id, seqs[0], len(seqs))
    queue.row.delayed += len(seqs)
