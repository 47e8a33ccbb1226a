"""The rows of queues, and how a rule finds a queue.

A queue has a row with its settings and counts, and three numbers. Deliveries and dedup keys are
stored under its own number, its messages under the second, its dead letters under the third. A
purge replaces the number of what it purges. Rows under an old number can no longer be found, and
ticks delete them. Sequence numbers continue after a purge.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import msgspec

from floruntime.core import limits
from floruntime.core.queue import QueueConfig
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.leases import Lease
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import reclaim
from floruntime.engine.system.namespaces import ensure_namespace, namespace_id

PRIMITIVE: Final = "queue"
"""The name of queues' deliveries."""


class Phase(IntEnum):
    """The phase of a message.

    One without a state row is ready and was never delivered. `WAITING`: it waits for earlier
    messages of its group.
    """

    READY = 1
    DELAYED = 2
    LEASED = 3
    WAITING = 4


DEFAULT_CONFIG: Final = QueueConfig()


class QueueRow(msgspec.Struct, array_like=True, gc=False):
    """A queue: its numbers, settings and counts. A command changes a copy and puts that."""

    id: int
    messages_id: int
    dead_id: int
    config: QueueConfig = DEFAULT_CONFIG
    next_seq: int = 1
    #: No message has a lower seq. Raised now and then, so that finding the oldest stays cheap.
    oldest_seq: int = 1
    ready: int = 0
    delayed: int = 0
    leased: int = 0
    dead: int = 0
    enqueued_total: int = 0
    acked_total: int = 0
    dead_evicted_total: int = 0
    #: No dead letter has a lower place.
    dead_floor: int = 0
    #: Nothing is delivered.
    paused: bool = False
    waiting: int = 0


class QueueNameRow(Value, frozen=True):
    """Leads from a queue's number, which timers and hand-backs have, to its name."""

    namespace: str
    name: str


class BodyRow(Value, frozen=True):
    """A message as it was enqueued; written once."""

    payload: bytes
    enqueued_at_ms: int
    priority: int
    due_ms: int
    group: str | None = None
    traceparent: str | None = None


class StateRow(Value, frozen=True):
    """What has happened to a message since. It is absent until the message changes for the first
    time.

    `lease`: of the last delivery, also after it expired; 0 once its holder gave the message back.
    `delivery`: the first lease of the dequeue that gave this lease.
    """

    phase: Phase
    priority: int
    due_ms: int
    attempt: int = 0
    lease: int = 0
    delivery: int = 0
    expires_at_ms: int = 0
    first_delivered_at_ms: int | None = None
    last_delivered_at_ms: int | None = None
    error: str | None = None
    group: str | None = None

    @property
    def held(self) -> Lease:
        return Lease(self.lease, self.expires_at_ms if self.phase == Phase.LEASED else 0)


QUEUE: Final[Table[QueueRow]] = Table(b"qu", QueueRow, namespace_id="u64", tail="name", cached=True)
QUEUE_NAME: Final[Table[QueueNameRow]] = Table(b"qn", QueueNameRow, queue_id="u64", cached=True)
#: The further numbers of a queue; the row repeats the number, for `reclaim`.
QUEUE_PART: Final[Table[int]] = Table(b"qp", int, queue_id="u64", part_id="u64")
BODY: Final[Table[BodyRow]] = Table(b"qb", BodyRow, messages_id="u64", seq="u64")
STATE: Final[Table[StateRow]] = Table(b"qs", StateRow, messages_id="u64", seq="u64")
#: The order of delivery. The row says whether the message has a state row.
READY_INDEX: Final[Table[bool]] = Table(
    b"qr", bool, messages_id="u64", priority="u16", due_ms="u64", seq="u64"
)


def holds_queues(view: View, of_namespace_id: int) -> bool:
    return any(True for _ in view.scan(QUEUE, *QUEUE.range(of_namespace_id)))


class OpenQueue:
    """A queue in the hands of one command: a row of its own to change, and `save`."""

    __slots__ = ("_key", "name", "namespace", "row", "tx")

    def __init__(self, tx: Tx, name: str, key: bytes, row: QueueRow) -> None:
        self.tx = tx
        self.namespace = tx.namespace
        self.name = name
        self._key = key
        self.row = row

    def save(self) -> None:
        """Write the row; once, at the end of the command."""
        row = self.row
        # One negative number makes the whole negative; this is asked with every command.
        assert row.ready | row.delayed | row.leased | row.dead | row.waiting >= 0, (
            "phases are counted right"
        )
        self.tx.put(QUEUE, self._key, row)

    def touch(self) -> None:
        """Tell waiting consumers that there may be something for them."""
        self.tx.touch((self.namespace, PRIMITIVE, self.name))

    def new_part(self, old_id: int) -> int:
        """A fresh number in place of `old_id`, whose rows are reclaimed."""
        tx, queue_id = self.tx, self.row.id
        part_id = _add_part(tx, queue_id)
        tx.delete(QUEUE_PART, QUEUE_PART.key(queue_id, old_id))
        reclaim.owner_gone(tx, reclaim.Owner.QUEUE, old_id)
        return part_id

    def unlink(self) -> None:
        """Delete the queue; its rows are reclaimed."""
        self.tx.delete(QUEUE, self._key)
        reclaim.owner_gone(self.tx, reclaim.Owner.QUEUE, self.row.id)


def find_queue_row(view: View, name: str) -> QueueRow | None:
    """The row of a queue, to read only."""
    return view.get(QUEUE, QUEUE.key(namespace_id(view), tail=limits.check_name("queue", name)))


def find_queue(tx: Tx, name: str) -> OpenQueue | None:
    """The queue `name` of the command's namespace."""
    key = QUEUE.key(namespace_id(tx), tail=limits.check_name("queue", name))
    row = tx.get(QUEUE, key)
    return None if row is None else OpenQueue(tx, name, key, _copy(row))


def ensure_queue(tx: Tx, name: str) -> OpenQueue:
    """The queue `name`, made if it does not exist."""
    data = limits.check_name("queue", name)
    key = QUEUE.key(ensure_namespace(tx).id, tail=data)
    row = tx.get(QUEUE, key)
    return OpenQueue(tx, name, key, _make_row(tx, name) if row is None else _copy(row))


def find_queue_by_id(tx: Tx, queue_id: int) -> OpenQueue | None:
    """The queue with this number, if it still has its name; in whatever namespace."""
    names = tx.get(QUEUE_NAME, QUEUE_NAME.key(queue_id))
    if names is None:
        return None
    with tx.within(names.namespace):
        queue = find_queue(tx, names.name)
    return queue if queue is not None and queue.row.id == queue_id else None


def _make_row(tx: Tx, name: str) -> QueueRow:
    queue_id = tx.next_id()
    tx.put(QUEUE_NAME, QUEUE_NAME.key(queue_id), QueueNameRow(tx.namespace, name))
    return QueueRow(queue_id, _add_part(tx, queue_id), _add_part(tx, queue_id))


def _add_part(tx: Tx, queue_id: int) -> int:
    part_id = tx.next_id()
    tx.put(QUEUE_PART, QUEUE_PART.key(queue_id, part_id), part_id)
    return part_id


def _copy(row: Any) -> QueueRow:
    return row.__copy__()  # type: ignore[no-any-return]  # msgspec gives every struct this
