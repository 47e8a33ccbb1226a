"""What one dequeue delivered, and how each of its leases ended.

The messages of one dequeue get consecutive leases, so one row, under the first lease, describes all
of them. While they are leased, the row tells the lease timer which messages they are. Afterwards it
remembers for five minutes how each lease ended, so that a holder that repeats its request gets the
same answer.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.types import Value
from floruntime.engine.queue.rows import OpenQueue
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.leases import Memory
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers


class LeaseEnd(IntEnum):
    """How a lease ended; `OPEN`: it has not."""

    OPEN = 0
    ACKED = 1
    NACKED = 2
    RELEASED = 3
    BURIED = 4
    RAN_OUT = 5


class DeliveryRow(Value, frozen=True):
    """`ends`: a byte for each message, how its lease ended. `forgets`: a timer will delete it.
    `is_workers`: it went to a worker.
    """

    seqs: list[int]
    ends: bytes
    settled_at_ms: int = 0
    forgets: bool = False
    is_workers: bool = False


MEMORY: Final = Memory(limits.SETTLED_MS + 1)
"""Five minutes, the last millisecond included."""

DELIVERY: Final[Table[DeliveryRow]] = Table(b"qd", DeliveryRow, queue_id="u64", delivery="u64")


def open_delivery(
    queue: OpenQueue, delivery: int, seqs: list[int], expires_at_ms: int, *, to_worker: bool
) -> None:
    """Remember what a dequeue hands out, and when its leases run out."""
    tx, queue_id = queue.tx, queue.row.id
    row = DeliveryRow(seqs, bytes(len(seqs)), is_workers=to_worker)
    tx.put(DELIVERY, DELIVERY.key(queue_id, delivery), row)
    timers.set_timer(tx, expires_at_ms, timers.QUEUE_LEASE, queue_id, delivery)


class Settlements:
    """The leases that one command ends, collected so that each delivery is written once."""

    __slots__ = ("_ended", "_queue")

    def __init__(self, queue: OpenQueue) -> None:
        self._queue = queue
        #: Per delivery: lease, seq, and when the lease would have run out.
        self._ended: dict[int, list[tuple[int, int, int]]] = {}

    def add(self, delivery: int, lease: int, seq: int, expires_at_ms: int) -> None:
        """This lease has ended."""
        ended = self._ended.get(delivery)
        if ended is None:
            self._ended[delivery] = [(lease, seq, expires_at_ms)]
        else:
            ended.append((lease, seq, expires_at_ms))

    def save(self, end: LeaseEnd) -> None:
        """Write that all of them ended as `end`."""
        tx, queue_id = self._queue.tx, self._queue.row.id
        for delivery, ended in self._ended.items():
            row = tx.get(DELIVERY, DELIVERY.key(queue_id, delivery))
            if row is None:
                for lease, seq, _ in ended:
                    write_ends(tx, queue_id, lease, DeliveryRow([seq], b""), bytes([end]))
                continue
            ends = bytearray(row.ends)
            for lease, seq, _ in ended:
                assert row.seqs[lease - delivery] == seq, "leases of a delivery follow each other"
                ends[lease - delivery] = end
            write_ends(tx, queue_id, delivery, row, bytes(ends))
            if LeaseEnd.OPEN not in ends and ended[-1][2]:  # most often the one timer of all
                timers.cancel_timer(tx, ended[-1][2], timers.QUEUE_LEASE, queue_id, delivery)


def write_ends(tx: Tx, queue_id: int, delivery: int, row: DeliveryRow, ends: bytes) -> None:
    """Write how leases ended, and see to it that this is forgotten in time."""
    if not row.forgets:
        _forget_later(tx, queue_id, delivery, tx.now_ms)
    row = replace(row, ends=ends, settled_at_ms=tx.now_ms, forgets=True)
    tx.put(DELIVERY, DELIVERY.key(queue_id, delivery), row)


def _forget_later(tx: Tx, queue_id: int, delivery: int, settled_at_ms: int) -> None:
    due_ms = MEMORY.ends_ms(settled_at_ms)
    timers.set_timer(tx, due_ms, timers.QUEUE_FORGET, queue_id, delivery)


def forget(tx: Tx, due_ms: int, queue_id: int, delivery: int, data: Any) -> None:
    """Delete what is remembered of a delivery, unless a lease ended since or is still open."""
    key = DELIVERY.key(queue_id, delivery)
    row = tx.get(DELIVERY, key)
    if row is None:
        return
    if MEMORY.has(row.settled_at_ms, tx.now_ms):
        _forget_later(tx, queue_id, delivery, row.settled_at_ms)
    elif LeaseEnd.OPEN in row.ends:
        tx.put(DELIVERY, key, replace(row, forgets=False))
    else:
        tx.delete(DELIVERY, key)


def how_ended(queue: OpenQueue, seq: int, lease: int) -> LeaseEnd:
    """How this lease ended in the last five minutes; `OPEN` if that is not known."""
    tx, queue_id = queue.tx, queue.row.id
    earliest = max(0, lease - limits.MANY_MAX + 1)
    span = DELIVERY.key(queue_id, earliest), DELIVERY.key(queue_id, lease + 1)
    found = tx.last(DELIVERY, *span)
    if found is None:
        return LeaseEnd.OPEN
    key, row = found
    offset = lease - DELIVERY.unpack(key)[1]
    if offset >= len(row.seqs) or row.seqs[offset] != seq:
        return LeaseEnd.OPEN
    is_remembered = MEMORY.has(row.settled_at_ms, tx.now_ms)
    return LeaseEnd(row.ends[offset]) if is_remembered else LeaseEnd.OPEN
