"""The rows of consumer groups, and a group opened for one command.

A record that was delivered and not settled has one PENDING_RECORD row, whoever holds it. While
nobody holds it (its lease expired, or it was nacked or given back), a RETURNED row says from when
it may be delivered. Everything that one read delivers has one lease number and one timer.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, Protocol

import msgspec

from floruntime.core import defaults, limits
from floruntime.core.errors import NotFoundError
from floruntime.core.types import Value
from floruntime.engine.state.dispatch import rules_of
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.leases import Lease
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.rows import (
    Id,
    StreamRow,
    ensure_stream,
    find_stream,
    the_stream,
)

PRIMITIVE: Final = "group"
"""What deliveries of groups are called."""


class Standing(IntEnum):
    """How a pending record stands; all but `HELD` wait for their next delivery."""

    HELD = 0
    EXPIRED = 1
    NACKED = 2
    RELEASED = 3


class Mode(StrEnum):
    """Who of a group's members gets what."""

    SHARED = "shared"
    EXCLUSIVE = "exclusive"
    KEY_SHARED = "key_shared"


class GroupRow(Value, frozen=True):
    """What a group was told to be."""

    id: int
    mode: Mode = Mode.SHARED
    ack_timeout_ms: int = 30_000
    max_deliver: int = 10
    consumer_timeout_ms: int = 30_000
    start: str = "0"
    retry_delay_ms: int = 0
    retry_backoff: str = defaults.RETRY_BACKOFF
    retry_delay_max_ms: int = defaults.RETRY_DELAY_MAX_MS


class GroupStateRow(msgspec.Struct, array_like=True):
    """How a group stands. Copied before it is changed.

    `cursor`: records up to it were looked at; `cursor_ordinal` records came before its end.
    `pending` counts PENDING_RECORD rows, `returned` those of them that nobody holds. `dead_found`:
    so many of the `dead` letters have a DEAD_ID row; no letter has a number below `dead_floor`.
    """

    cursor_ms: int = 0
    cursor_sequence: int = 0
    cursor_ordinal: int = 0
    has_delivered: bool = False
    pending: int = 0
    returned: int = 0
    parked: int = 0
    dead: int = 0
    dead_total: int = 0
    dead_found: int = 0
    dead_floor: int = 0

    @property
    def cursor(self) -> Id:
        """The last id looked at."""
        return self.cursor_ms, self.cursor_sequence


class GroupNamesRow(Value, frozen=True):
    """How timers find the way back from a group's number."""

    namespace: str
    stream: str
    group: str


class Member(Value, frozen=True):
    """`joined`: its turn among those who joined."""

    joined: int
    last_seen_ms: int


class MembersRow(Value, frozen=True):
    members: dict[str, Member] = {}
    joined_total: int = 0
    due_ms: int = 0


class Slot(Value, frozen=True):
    """Who has a slot of keys. `held`: records of it that this owner holds; `epoch`: how often it
    moved, so that what an earlier owner settles is not taken for this one's.
    """

    owner: str
    epoch: int = 0
    held: int = 0
    parked: int = 0


class SlotsRow(Value, frozen=True):
    slots: dict[int, Slot] = {}


class PendingRecordRow(Value, frozen=True):
    """One delivery of one record. `timer` is shared by `timer_count` records. `is_workers`: to a
    worker, which handles the records of a key one after the other.
    """

    consumer: str
    lease: int
    attempt: int
    first_delivered_at_ms: int
    delivered_at_ms: int
    due_ms: int
    standing: Standing
    timer: int
    timer_count: int
    slot: int = 0
    epoch: int = 0
    error: str | None = None
    is_workers: bool = False

    @property
    def held(self) -> Lease:
        return Lease(self.lease, self.due_ms if self.standing == Standing.HELD else 0)


class SettledRow(Value, frozen=True):
    """What was settled under one lease, and when last."""

    at_ms: int
    ids: list[Id]


class DeadRecordRow(Value, frozen=True):
    ms: int
    sequence: int
    partition: int
    offset: int
    payload: bytes
    headers: dict[str, str]
    partition_key: str | None
    attempt: int
    reason: str
    error: str | None
    first_delivered_at_ms: int
    last_delivered_at_ms: int
    traceparent: str | None = None


GROUP: Final[Table[GroupRow]] = Table(b"gr", GroupRow, tail="name", cached=True, stream_id="u64")
GROUP_STATE: Final[Table[GroupStateRow]] = Table(b"gs", GroupStateRow, cached=True, group_id="u64")
GROUP_NAMES: Final[Table[GroupNamesRow]] = Table(b"gn", GroupNamesRow, cached=True, group_id="u64")
MEMBERS: Final[Table[MembersRow]] = Table(b"gm", MembersRow, cached=True, group_id="u64")
SLOTS: Final[Table[SlotsRow]] = Table(b"gl", SlotsRow, cached=True, group_id="u64")
PENDING_RECORD: Final[Table[PendingRecordRow]] = Table(
    b"gp", PendingRecordRow, group_id="u64", ms="u64", sequence="u64"
)
RETURNED: Final[Table[int]] = Table(
    b"gt", int, group_id="u64", due_ms="u64", ms="u64", sequence="u64"
)
PARKED: Final[Table[int]] = Table(b"gk", int, group_id="u64", slot="u8", ms="u64", sequence="u64")
DEAD_RECORD: Final[Table[DeadRecordRow]] = Table(b"gd", DeadRecordRow, group_id="u64", number="u64")
#: By record, the number of its dead letter.
DEAD_ID: Final[Table[int]] = Table(b"ag", int, group_id="u64", ms="u64", sequence="u64")
SETTLED: Final[Table[SettledRow]] = Table(b"gf", SettledRow, group_id="u64", lease="u64")


class Saves(Protocol):
    """Something opened with the group and saved with it."""

    def save(self) -> None: ...


class OpenGroup:
    """A group as one command finds it and changes it; `save` writes what changed."""

    __slots__ = (
        "_stored",
        "group",
        "name",
        "namespace",
        "slots",
        "state",
        "stream",
        "stream_name",
        "tx",
    )

    def __init__(
        self, tx: Tx, stream: StreamRow, group: GroupRow, stream_name: str, name: str
    ) -> None:
        self.tx = tx
        self.namespace = tx.namespace
        self.stream = stream
        self.group = group
        self.stream_name = stream_name
        self.name = name
        self.slots: Saves | None = None
        self._stored = group_state(tx, group)
        self.state: GroupStateRow = self._stored.__copy__()  # type: ignore[attr-defined]  # msgspec's own

    def save(self) -> None:
        """Write the group's state, and its slots, where they changed."""
        if self.slots is not None:
            self.slots.save()
        state = self.state
        assert 0 <= state.returned <= state.pending, "what waits to return is pending"
        assert 0 <= state.dead <= state.dead_total, "dead letters are counted right"
        assert state.parked >= 0, "what is taken from the parked was parked"
        if self.state != self._stored:
            self.tx.put(GROUP_STATE, GROUP_STATE.key(self.group.id), self.state)

    def touch(self) -> None:
        """Tell those who wait for records of this group, its trigger too."""
        self.tx.touch((self.namespace, "stream", self.stream_name))
        with self.tx.within(self.namespace):
            rules_of(self.tx).records_came(self.tx, self.stream_name, self.name)

    def pending_key(self, id: Id) -> bytes:
        """Where the record's delivery lies."""
        return PENDING_RECORD.key(self.group.id, *id)


def group_state(view: View, group: GroupRow) -> GroupStateRow:
    """How the group stands. Shared: copy it to change it."""
    return view.get(GROUP_STATE, GROUP_STATE.key(group.id)) or GroupStateRow()


def find_group(view: View, stream: StreamRow, name: str) -> GroupRow | None:
    """The stream's group of that name, if it exists."""
    return view.get(GROUP, GROUP.key(stream.id, tail=limits.check_name("group", name)))


def the_group(view: View, stream_name: str, name: str) -> tuple[StreamRow, GroupRow]:
    """The stream and its group. Raises `NotFoundError`."""
    stream = the_stream(view, stream_name)
    group = find_group(view, stream, name)
    if group is None:
        raise NotFoundError(
            f"group {limits.shown(name)} of stream {limits.shown(stream_name)} does not exist"
        )
    return stream, group


def open_the_group(tx: Tx, stream_name: str, name: str) -> OpenGroup:
    """The group, to be changed. Raises `NotFoundError`."""
    stream, group = the_group(tx, stream_name, name)
    return OpenGroup(tx, stream, group, stream_name, name)


def ensure_group(tx: Tx, stream_name: str, name: str) -> OpenGroup:
    """The group; made (and its stream) if it does not exist, to read everything kept."""
    stream = ensure_stream(tx, stream_name)
    group = find_group(tx, stream, name)
    if group is None:
        group = GroupRow(tx.next_id())
        put_new_group(tx, stream, group, stream_name, name)
    return OpenGroup(tx, stream, group, stream_name, name)


def put_new_group(tx: Tx, stream: StreamRow, group: GroupRow, stream_name: str, name: str) -> None:
    """Write the directory rows of a group."""
    tx.put(GROUP, GROUP.key(stream.id, tail=name.encode()), group)
    names = GroupNamesRow(tx.namespace, stream_name, name)
    tx.put(GROUP_NAMES, GROUP_NAMES.key(group.id), names)


def open_by_id(tx: Tx, group_id: int) -> OpenGroup | None:
    """The group with this number, `None` if it is gone; in whatever namespace."""
    names = tx.get(GROUP_NAMES, GROUP_NAMES.key(group_id))
    if names is None:
        return None
    with tx.within(names.namespace):
        stream = find_stream(tx, names.stream)
        group = find_group(tx, stream, names.group) if stream is not None else None
        if stream is None or group is None or group.id != group_id:
            return None
        return OpenGroup(tx, stream, group, names.stream, names.group)


def put_dead(opened: OpenGroup, row: DeadRecordRow) -> None:
    """Keep a dead letter; beyond the limit of a group the oldest goes."""
    tx, state, group_id = opened.tx, opened.state, opened.group.id
    number = state.dead_total
    tx.put(DEAD_RECORD, DEAD_RECORD.key(group_id, number), row)
    key = DEAD_ID.key(group_id, row.ms, row.sequence)
    if tx.get(DEAD_ID, key) is None:
        state.dead_found += 1
    tx.put(DEAD_ID, key, number)
    state.dead_total += 1
    state.dead += 1
    if state.dead > limits.GROUP_DEAD_MAX:
        start, end = DEAD_RECORD.key(group_id, state.dead_floor), DEAD_RECORD.range(group_id)[1]
        oldest, letter = next(iter(tx.scan(DEAD_RECORD, start, end)))
        state.dead_floor = DEAD_RECORD.unpack(oldest)[1]  # those before it may have gone singly
        remove_dead(opened, state.dead_floor, letter)


def remove_dead(opened: OpenGroup, number: int, row: DeadRecordRow) -> None:
    """Take a dead letter out."""
    tx, state, group_id = opened.tx, opened.state, opened.group.id
    tx.delete(DEAD_RECORD, DEAD_RECORD.key(group_id, number))
    key = DEAD_ID.key(group_id, row.ms, row.sequence)
    if tx.get(DEAD_ID, key) == number:
        tx.delete(DEAD_ID, key)
        state.dead_found -= 1
    state.dead -= 1
    if not state.dead:
        state.dead_floor = state.dead_total
    elif number == state.dead_floor:
        state.dead_floor += 1
