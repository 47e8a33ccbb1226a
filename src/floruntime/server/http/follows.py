"""What can be followed over HTTP: a stream, keys, a run; from which position, and to which end.

Each event has its position, with the name of the history that the position belongs to. A client
that comes back with a position gets everything after it: nothing lost, nothing twice. If the server
cannot promise that any more, it answers `GapError`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from floruntime.client.api.stream.positions import position_text
from floruntime.core.errors import BadRequestError, GapError
from floruntime.core.kv import KvChanges
from floruntime.core.limits import UINT_MAX, shown
from floruntime.core.stream import StreamID, StreamRead
from floruntime.core.workflow import WorkflowHistory
from floruntime.engine.state.tx import View
from floruntime.engine.stream import rows as stream_rows
from floruntime.engine.system import namespaces
from floruntime.engine.workflow.runs.run import find_workflow_run_row
from floruntime.server.http.caller import HttpCaller
from floruntime.server.http.query import Query

RECORDS_PER_READ = 100
NOTHING = ".0"
"""The end of the history of a stream that does not exist."""


class Place(NamedTuple):
    """A position, and the history that it belongs to: the `id` of an event."""

    history: str
    position: str

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read the `id` of an event, or a position alone. Raises `BadRequestError`."""
        history, colon, position = text.rpartition(":")
        if not text or (colon and not history):
            raise BadRequestError(f"{shown(text)} is not the id of an event")
        return cls(history, position)

    def __str__(self) -> str:
        return f"{self.history}:{self.position}"


class Event(NamedTuple):
    """One thing that happened, and the position from which to go on after it."""

    position: str
    value: Any


class Follow(ABC):
    """Follows one thing, on behalf of one request. `view` is the state in its namespace."""

    is_over = False
    """Whether nothing comes after what was taken."""

    @abstractmethod
    async def check_allowed(self, caller: HttpCaller, namespace: str) -> None:
        """Raise what asking would raise. Before this, nothing may be said of what exists."""

    @abstractmethod
    def history(self, store: str, view: View) -> str:
        """The history that positions belong to now."""

    @abstractmethod
    def go_on_at(self, position: str) -> None:
        """Begin after a position. Raises `BadRequestError` if the text is not one."""

    @abstractmethod
    def check_kept(self, view: View) -> None:
        """Raise `GapError` if what comes next is no longer kept, or never existed."""

    @property
    @abstractmethod
    def position(self) -> str | None:
        """The position reached; `None` before it has begun."""

    @abstractmethod
    async def ask(self, caller: HttpCaller, namespace: str, block_ms: int) -> Sequence[Event]:
        """What comes next, if anything does within the time."""


class StreamFollow(Follow):
    """Records of a stream, in the order of their ids."""

    FIELDS = ("stream", "start", "partition")

    def __init__(self, query: Query) -> None:
        start = position_text("start", query.text("start", "$"))
        self._stream = query.needed("stream")
        self._read = StreamRead(
            self._stream, start=start, partition=query.integer("partition"), limit=1
        )
        self._position: StreamID | None = None

    async def check_allowed(self, caller: HttpCaller, namespace: str) -> None:
        await caller.ask(
            StreamRead(self._stream, start="$", partition=self._read.partition, limit=1), namespace
        )

    def history(self, store: str, view: View) -> str:
        row = stream_rows.find_stream(view, self._stream)
        return f"{store}{NOTHING}" if row is None else f"{store}.{row.id}"

    def go_on_at(self, position: str) -> None:
        self._move_to(StreamID.parse(position))

    def _move_to(self, position: StreamID) -> None:
        self._position = position
        self._read = StreamRead(
            self._stream,
            after=str(position),
            partition=self._read.partition,
            limit=RECORDS_PER_READ,
        )

    def check_kept(self, view: View) -> None:
        row = stream_rows.find_stream(view, self._stream)
        if row is None or self._position is None:
            return
        state = stream_rows.state_of(view, row)
        at = (self._position.timestamp_ms, self._position.sequence)
        if at < state.floor:
            raise GapError(f"records of {shown(self._stream)} after {self._position} are not kept")
        if at > max(state.last, state.floor):
            raise GapError(f"{shown(self._stream)} has no position {self._position} yet")

    @property
    def position(self) -> str | None:
        return None if self._position is None else str(self._position)

    async def ask(self, caller: HttpCaller, namespace: str, block_ms: int) -> Sequence[Event]:
        block_ms = 0 if self._position is None else block_ms
        reply = await caller.ask(
            StreamRead(
                self._read.stream,
                start=self._read.start,
                after=self._read.after,
                partition=self._read.partition,
                limit=self._read.limit,
                block_ms=block_ms,
            ),
            namespace,
        )
        self._move_to(reply.next_after or StreamID(0, 0))
        return [Event(str(record.id), record) for record in reply.records]


class KeyFollow(Follow):
    """Changes of a key, or of all keys with a prefix."""

    FIELDS = ("key", "prefix", "from_version")

    def __init__(self, query: Query) -> None:
        self._key = query.needed("key")
        self._prefix = query.flag("prefix")
        self._version = query.integer("from_version")

    async def check_allowed(self, caller: HttpCaller, namespace: str) -> None:
        await caller.ask(KvChanges(self._key, self._prefix), namespace)

    def history(self, store: str, view: View) -> str:  # versions outlive a namespace
        return store

    def go_on_at(self, position: str) -> None:
        self._version = number_in(position)

    def check_kept(self, view: View) -> None:
        version = namespaces.version_of(view)
        if self._version is not None and self._version > version:
            raise GapError(
                f"version {self._version} is yet to come; the namespace is at {version}",
                first_version=version,
            )

    @property
    def position(self) -> str | None:
        return None if self._version is None else str(self._version)

    async def ask(self, caller: HttpCaller, namespace: str, block_ms: int) -> Sequence[Event]:
        block_ms = 0 if self._version is None else block_ms
        asked = KvChanges(self._key, self._prefix, self._version, block_ms)
        reply = await caller.ask(asked, namespace)
        self._version = reply.version
        return [Event(str(change.version), change) for change in reply.changes]


class RunFollow(Follow):
    """The history of a workflow run, to its end."""

    FIELDS = ("run_id",)

    def __init__(self, query: Query) -> None:
        self._run_id = query.needed("run_id")
        self._after = 0

    async def check_allowed(self, caller: HttpCaller, namespace: str) -> None:
        await caller.ask(WorkflowHistory(self._run_id, 1), namespace)

    def history(self, store: str, view: View) -> str:  # no id is given twice
        return store

    def go_on_at(self, position: str) -> None:
        self._after = number_in(position)

    def check_kept(self, view: View) -> None:
        """A run's history is kept whole, or not at all. But it may be shorter than the position."""
        _, row = find_workflow_run_row(view, self._run_id)
        if self._after > row.events:
            raise GapError(f"run {shown(self._run_id)} has no event {self._after} yet")

    @property
    def position(self) -> str | None:
        return str(self._after)

    async def ask(self, caller: HttpCaller, namespace: str, block_ms: int) -> Sequence[Event]:
        asked = WorkflowHistory(self._run_id, RECORDS_PER_READ, None, self._after, block_ms)
        reply = await caller.ask(asked, namespace)
        if reply.items:
            self._after = reply.items[-1].sequence
        self.is_over = reply.is_finished and reply.cursor is None
        return [Event(str(each.sequence), each) for each in reply.items]


def number_in(position: str) -> int:
    """Read a position as a number. Raises `BadRequestError`."""
    is_number = position.isascii() and position.isdigit() and len(position) < 20
    if not is_number or int(position) > UINT_MAX:
        raise BadRequestError(f"{shown(position)} is not a position")
    return int(position)


FOLLOWS: Mapping[str, type[StreamFollow] | type[KeyFollow] | type[RunFollow]] = {
    "stream.follow": StreamFollow,
    "kv.watch": KeyFollow,
    "workflow.follow": RunFollow,
}
