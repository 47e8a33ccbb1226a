"""How leases end: ack, nack, touch, hand-back, and expiry.

A holder is checked by its lease (`engine/state/leases.py`):
- still held: done;
- expired, but nobody else has the message (it is ready again, delayed or even dead): only `ack`;
- the same settlement repeated by the same holder within five minutes: done, nothing changes;
- delivered again since, given back before, or unknown: stale, nothing changes.
A caller without a lease (0) is an operator and is trusted, whatever the message's phase is. `ack`
deletes the message. `nack` moves it, and counts an attempt only if it ends somebody's lease.
`touch` needs a lease that it can extend.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.backoff import lost_delay_ms, retry_delay_ms
from floruntime.core.errors import BadRequestError
from floruntime.core.queue import QueueAck, QueueNack, QueueTouch
from floruntime.core.system import Delivery
from floruntime.core.types import AckResult
from floruntime.engine.queue.dead_letters import (
    DeathReason,
    bury,
    evict,
    evict_soon,
    find_dead,
    remove_dead,
)
from floruntime.engine.queue.deliveries import (
    DELIVERY,
    DeliveryRow,
    LeaseEnd,
    Settlements,
    how_ended,
    write_ends,
)
from floruntime.engine.queue.messages import (
    MESSAGES_PER_TIMER_MAX,
    drop,
    give_back,
    head_of,
    note_acked,
    state_of,
    take_out,
)
from floruntime.engine.queue.rows import (
    STATE,
    OpenQueue,
    Phase,
    StateRow,
    find_queue,
    find_queue_by_id,
)
from floruntime.engine.state.leases import Told, extended, is_stale
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers

Held = Iterable[tuple[int, int]]
"""Seqs with their leases; a repeated pair is handled and answered once."""


def _pairs(request: QueueAck | QueueNack | QueueTouch) -> Held:
    seqs, leases = request.seqs, request.leases
    if len(seqs) != len(leases):
        raise BadRequestError(f"{len(seqs)} seqs with {len(leases)} leases; each seq has one")
    limits.check_numbers("seqs", seqs, 1)
    limits.check_numbers("leases", leases, 0)
    return dict.fromkeys(zip(seqs, leases, strict=True))


# Ack


def ack(tx: Tx, request: QueueAck) -> AckResult:
    pairs = _pairs(request)
    queue = find_queue(tx, request.queue)
    if queue is None:
        return AckResult([], [seq for seq, _ in pairs])
    settled = Settlements(queue)
    told = Told[int]()
    acked = 0
    for seq, lease in pairs:
        is_done = _ack(queue, seq, lease, settled)
        acked += is_done
        told.add(seq, is_done or how_ended(queue, seq, lease) == LeaseEnd.ACKED)
    if acked:
        settled.save(LeaseEnd.ACKED)
        note_acked(queue, acked)
        queue.save()
    return AckResult(told.done, told.stale)


def _ack(queue: OpenQueue, seq: int, lease: int, settled: Settlements) -> bool:
    tx = queue.tx
    state = tx.get(STATE, STATE.key(queue.row.messages_id, seq)) if lease else state_of(queue, seq)
    if state is None:
        return bool(lease) and _ack_dead(queue, seq, lease, settled)
    if is_stale(lease, state.lease):
        return False
    if state.lease:
        settled.add(state.delivery, state.lease, seq, state.expires_at_ms)
    take_out(queue, seq, state)
    drop(queue, seq, head_of(state))
    return True


def _ack_dead(queue: OpenQueue, seq: int, lease: int, settled: Settlements) -> bool:
    """The lease of the last permitted delivery expired, and its holder finished after that."""
    letter = find_dead(queue, seq)
    if letter is None or letter.lease != lease:
        return False
    settled.add(letter.delivery, lease, seq, 0)
    remove_dead(queue, seq)
    return True


# Nack


def nack(tx: Tx, request: QueueNack) -> AckResult:
    pairs = _pairs(request)
    _check_nack(request)
    queue = find_queue(tx, request.queue)
    if queue is None:
        return AckResult([], [seq for seq, _ in pairs])
    end = (
        LeaseEnd.RELEASED
        if request.release
        else LeaseEnd.BURIED
        if request.to_dlq
        else LeaseEnd.NACKED
    )
    settled = Settlements(queue)
    told = Told[int]()
    changed = False
    for seq, lease in pairs:
        state = _held_state(queue, seq, lease)
        if state is not None:
            _nack(queue, seq, state, request, settled)
            changed = True
        told.add(seq, state is not None or how_ended(queue, seq, lease) == end)
    if changed:
        settled.save(end)
        evict(queue)
        queue.save()
    return AckResult(told.done, told.stale)


def _check_nack(request: QueueNack) -> None:
    limits.check_duration("delay_ms", request.delay_ms)
    limits.check_error_text(request.error)
    if request.to_dlq and request.release:
        raise BadRequestError("to_dlq=True and release=True exclude each other")
    if request.to_dlq and request.delay_ms:
        raise BadRequestError(
            f"delay_ms={request.delay_ms} has no meaning with to_dlq=True: "
            "a dead letter is not delivered"
        )


def _held_state(queue: OpenQueue, seq: int, lease: int) -> StateRow | None:
    """The message's state if this lease still holds it, or if an operator asks; otherwise
    `None`.
    """
    if not lease:
        return state_of(queue, seq)
    state = queue.tx.get(STATE, STATE.key(queue.row.messages_id, seq))
    is_held = state is not None and state.held.stands_as(lease, queue.tx.now_ms)
    return state if is_held else None


def _nack(
    queue: OpenQueue, seq: int, state: StateRow, request: QueueNack, settled: Settlements
) -> None:
    was_leased = state.phase == Phase.LEASED
    if was_leased:
        settled.add(state.delivery, state.lease, seq, state.expires_at_ms)
    if request.error is not None:
        state = replace(state, error=request.error)
    if state.phase == Phase.WAITING and not request.to_dlq:
        _delay_waiting(queue, seq, state, request.delay_ms)
        return
    take_out(queue, seq, state)
    attempt = state.attempt
    if request.to_dlq:
        bury(queue, seq, state, DeathReason.NACKED)
    elif not was_leased:
        give_back(queue, seq, state, attempt=attempt, lease=0, delay_ms=request.delay_ms)
    elif request.release:
        give_back(queue, seq, state, attempt=attempt - 1, lease=0, delay_ms=request.delay_ms)
    else:
        _count_failure(queue, seq, state, lease=0, delay_ms=request.delay_ms)


def _delay_waiting(queue: OpenQueue, seq: int, state: StateRow, delay_ms: int) -> None:
    """It keeps its place among the messages of its group; the delay applies after that."""
    due_ms = queue.tx.now_ms + delay_ms if delay_ms else state.due_ms
    queue.tx.put(STATE, STATE.key(queue.row.messages_id, seq), replace(state, due_ms=due_ms))


def _count_failure(
    queue: OpenQueue, seq: int, state: StateRow, *, lease: int, delay_ms: int
) -> None:
    """A delivery failed: deliver again, after `delay_ms` or else as the queue says, or never."""
    config = queue.row.config
    if state.attempt >= config.max_attempts:
        bury(queue, seq, state, DeathReason.MAX_ATTEMPTS, lease=lease)
    else:
        delay_ms = delay_ms or retry_delay_ms(
            config.retry_delay_ms,
            config.retry_backoff,
            config.retry_delay_max_ms,
            state.attempt,
            seq,
        )
        give_back(queue, seq, state, attempt=state.attempt, lease=lease, delay_ms=delay_ms)


# Touch


def touch(tx: Tx, request: QueueTouch) -> AckResult:
    """Extend the leases to `extend_ms` from now, unless they last longer already."""
    pairs = _pairs(request)
    limits.check_duration("extend_ms", request.extend_ms, low=1)
    queue = find_queue(tx, request.queue)
    if queue is None:
        return AckResult([], [seq for seq, _ in pairs])
    told = Told[int]()
    for seq, lease in pairs:
        told.add(seq, _touch(queue, seq, lease, request.extend_ms))
    return AckResult(told.done, told.stale)


def _touch(queue: OpenQueue, seq: int, lease: int, extend_ms: int) -> bool:
    tx = queue.tx
    state = _held_state(queue, seq, lease)
    if state is None or not state.held.stands(tx.now_ms):
        return False
    expires_at_ms = extended(state.expires_at_ms, tx.now_ms, extend_ms)
    if expires_at_ms > state.expires_at_ms:
        # There is a timer at the old time or earlier; when it fires, it moves to the new time.
        key = STATE.key(queue.row.messages_id, seq)
        tx.put(STATE, key, replace(state, expires_at_ms=expires_at_ms))
    return True


# Running out, and handing back


def run_out(tx: Tx, due_ms: int, queue_id: int, delivery: int, data: Any) -> None:
    """Take back what a delivery's holders let expire; return later for the leases they extended."""
    queue = find_queue_by_id(tx, queue_id)
    row = tx.get(DELIVERY, DELIVERY.key(queue_id, delivery))
    if queue is None or row is None:
        return
    ends = bytearray(row.ends)
    next_ms = _take_back(queue, delivery, row, ends)
    if next_ms:
        timers.set_timer(tx, next_ms, timers.QUEUE_LEASE, queue_id, delivery)
    if ends != row.ends:
        write_ends(tx, queue_id, delivery, row, bytes(ends))
        evict_soon(queue)
        queue.save()


def _take_back(queue: OpenQueue, delivery: int, row: DeliveryRow, ends: bytearray) -> int:
    """Returns when to look again; 0: never."""
    tx, messages_id = queue.tx, queue.row.messages_id
    next_ms = 0
    moved = 0
    config = queue.row.config
    for offset, seq in enumerate(row.seqs):
        if ends[offset] != LeaseEnd.OPEN:
            continue
        state = tx.get(STATE, STATE.key(messages_id, seq))
        lease = delivery + offset
        if state is None or not state.held.is_out_as(lease):
            ends[offset] = LeaseEnd.RAN_OUT  # purged
        elif state.held.stands(tx.now_ms):
            next_ms = min(next_ms or state.expires_at_ms, state.expires_at_ms)
        elif moved == MESSAGES_PER_TIMER_MAX:
            return tx.now_ms
        else:
            ends[offset] = LeaseEnd.RAN_OUT
            moved += 1
            take_out(queue, seq, state)
            delay_ms = 0
            if row.is_workers:
                delays = config.retry_delay_ms, config.retry_delay_max_ms
                delay_ms = lost_delay_ms(*delays, state.attempt, seq)
            _count_failure(queue, seq, state, lease=lease, delay_ms=delay_ms)
    return next_ms


def hand_back(tx: Tx, delivery: Delivery) -> None:
    """Release what was delivered to a closed connection; no attempt is counted."""
    queue = find_queue_by_id(tx, delivery.owner_id)
    if queue is None:
        return
    settled = Settlements(queue)
    released = False
    for seq, lease in delivery.items:
        state = tx.get(STATE, STATE.key(queue.row.messages_id, seq))
        if state is not None and state.held.is_out_as(lease):
            settled.add(state.delivery, lease, seq, state.expires_at_ms)
            take_out(queue, seq, state)
            give_back(queue, seq, state, attempt=state.attempt - 1, lease=0, delay_ms=0)
            released = True
    if released:
        settled.save(LeaseEnd.RELEASED)
        queue.save()
