"""Groups within a queue: of each group, only the oldest message that is not done is delivered.

A group has a row while it has such a message. Its *head* is an ordinary message, ready, delayed or
leased, and stands in the line by its own priority and due time. All others wait: each has a state,
and a row in the order of seqs, but is in no index. When the head is done, dead or deleted, the next
message takes its place. So the cost of a message does not grow with the number of waiting messages.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.types import Value
from floruntime.engine.queue.rows import BODY, READY_INDEX, STATE, OpenQueue, Phase, StateRow
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tombstones import gaps_of
from floruntime.engine.system import timers


class QueueGroupRow(Value, frozen=True):
    """`head`: the seq that may be delivered. `floor`: no message waits below it."""

    id: int
    head: int
    waiting: int = 0
    floor: int = 0


QUEUE_GROUP: Final[Table[QueueGroupRow]] = Table(
    b"qg", QueueGroupRow, messages_id="u64", tail="group"
)
#: The messages of a group that wait for those before them.
GROUP_WAITING: Final[Table[bool]] = Table(b"qh", bool, messages_id="u64", group_id="u64", seq="u64")


class _OpenGroup:
    def __init__(self, queue: OpenQueue, group: str) -> None:
        self.queue = queue
        self.key = QUEUE_GROUP.key(queue.row.messages_id, tail=limits.check_name("group", group))
        self.row = queue.tx.get(QUEUE_GROUP, self.key)

    def put(self, **changes: Any) -> None:
        assert self.row is not None, "a group has a row while a message of it is undone"
        self.row = replace(self.row, **changes)
        self.queue.tx.put(QUEUE_GROUP, self.key, self.row)

    def waiting_key(self, seq: int) -> bytes:
        assert self.row is not None, "a group has a row while a message of it is undone"
        return GROUP_WAITING.key(self.queue.row.messages_id, self.row.id, seq)


def join(queue: OpenQueue, group: str, seq: int, state: StateRow) -> bool:
    """Whether a new message of the group may be delivered; else it waits, and is counted."""
    opened = _OpenGroup(queue, group)
    if opened.row is None:
        opened.row = QueueGroupRow(queue.tx.next_id(), seq)
        opened.put()
        return True
    _wait(opened, seq, state)
    return False


def _wait(opened: _OpenGroup, seq: int, state: StateRow) -> None:
    """Let a message that is in no phase wait for those before it."""
    queue, row = opened.queue, opened.row
    assert row is not None, "it waits for somebody"
    state = replace(state, phase=Phase.WAITING, expires_at_ms=0)
    queue.tx.put(STATE, STATE.key(queue.row.messages_id, seq), state)
    queue.tx.put(GROUP_WAITING, opened.waiting_key(seq), True)
    floor = seq if not row.waiting else min(row.floor, seq)
    opened.put(waiting=row.waiting + 1, floor=floor)
    queue.row.waiting += 1


def stop_waiting(queue: OpenQueue, seq: int, group: str) -> None:
    """A message that waits is taken out."""
    opened = _OpenGroup(queue, group)
    _unwait(opened, seq)


def _unwait(opened: _OpenGroup, seq: int) -> None:
    row = opened.row
    assert row is not None, "what waits has a group"
    opened.queue.tx.delete(GROUP_WAITING, opened.waiting_key(seq))
    floor = seq + 1 if seq == row.floor else row.floor
    opened.put(waiting=row.waiting - 1, floor=floor)
    opened.queue.row.waiting -= 1


def head_gone(queue: OpenQueue, group: str) -> None:
    """The message of the group that could be delivered is done with: it is the next one's turn."""
    opened = _OpenGroup(queue, group)
    row, tx = opened.row, queue.tx
    assert row is not None, "its head had a group"
    if not row.waiting:
        tx.delete(QUEUE_GROUP, opened.key)
        return
    messages_id = queue.row.messages_id
    start, end = opened.waiting_key(row.floor), GROUP_WAITING.range(messages_id, row.id)[1]
    key, _ = next(iter(tx.scan(GROUP_WAITING, start, end)))
    seq = GROUP_WAITING.unpack(key)[2]
    opened.put(floor=seq)
    _unwait(opened, seq)
    opened.put(head=seq)
    state = tx.get(STATE, STATE.key(messages_id, seq))
    assert state is not None, "what waits has a state"
    stand(queue, seq, state)


def stand(queue: OpenQueue, seq: int, state: StateRow) -> None:
    """Put a head into the line, or let it wait for its time."""
    tx, row = queue.tx, queue.row
    is_delayed = state.due_ms > tx.now_ms
    state = replace(state, phase=Phase.DELAYED if is_delayed else Phase.READY)
    tx.put(STATE, STATE.key(row.messages_id, seq), state)
    if is_delayed:
        row.delayed += 1
        timers.set_timer(tx, state.due_ms, timers.QUEUE_DUE, row.id, seq)
        return
    key = READY_INDEX.key(row.messages_id, state.priority, state.due_ms, seq)
    tx.put(READY_INDEX, key, True)
    gaps_of(tx, row.messages_id).fill(key, key)
    row.ready += 1
    queue.touch()


def back_in_line(queue: OpenQueue, group: str, seq: int, state: StateRow) -> None:
    """A dead letter is a message again: before those that follow it, unless one of them is
    delivered just now.
    """
    opened = _OpenGroup(queue, group)
    tx, messages_id = queue.tx, queue.row.messages_id
    if opened.row is None:
        opened.row = QueueGroupRow(tx.next_id(), seq)
        opened.put()
        stand(queue, seq, state)
        return
    head = opened.row.head
    head_state = tx.get(STATE, STATE.key(messages_id, head))
    if head_state is None:
        body = tx.get(BODY, BODY.key(messages_id, head))
        assert body is not None, "a head is there"
        head_state = StateRow(Phase.READY, body.priority, body.due_ms, group=group)
    if head < seq or head_state.phase == Phase.LEASED:
        _wait(opened, seq, state)
        return
    _take_head_out(queue, head, head_state)
    _wait(opened, head, head_state)
    opened.put(head=seq)
    stand(queue, seq, state)


def _take_head_out(queue: OpenQueue, seq: int, state: StateRow) -> None:
    row = queue.row
    if state.phase == Phase.DELAYED:
        row.delayed -= 1
    else:
        row.ready -= 1
        key = READY_INDEX.key(row.messages_id, state.priority, state.due_ms, seq)
        queue.tx.delete(READY_INDEX, key)
