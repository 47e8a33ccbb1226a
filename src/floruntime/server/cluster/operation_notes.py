"""What operators did to the cluster goes into the audit of `_system`.

They act on the board, at whichever node. So what they did is noted there as well, and whoever leads
`system` writes it down, and takes it off the board once that is durable. A leader that dies between
the two is followed by one that writes it down again: it may stand there twice, but is not lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from floruntime.core.cluster import ClusterNoted
from floruntime.core.limits import SYSTEM_NAMESPACE
from floruntime.core.types import Request
from floruntime.engine.state.audit_note import AuditNote
from floruntime.server.cluster.board.board import Board, BoardSilentError, Entry, RevisionError
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.leads.lead import Lead

NOTES = "operations"
"""The board's entry with what is still to be written down."""
NOTES_MAX = 100
"""So many wait at most; beyond, the oldest are dropped."""
TRIES_MAX = 10
WRITTEN_S = 1.0
"""How long an operation waits for its record, before it is answered."""
LOOK_S = 0.02


class OperationNote(msgspec.Struct, array_like=True, frozen=True):
    """One operation: what was asked, and by whom."""

    id: str
    who: str
    where: str
    operation: str
    details: dict[str, str | int]


class Node(Protocol):
    """What of the node is needed."""

    board: Board
    entries: dict[str, Entry]

    def lead_of(self, partition: int) -> Lead | None: ...
    def hint(self, name: str, partition: int, text: str) -> None: ...
    @property
    def leading(self) -> Any: ...


def notes_in(entry: Entry | None) -> list[OperationNote]:
    """What an entry says; what cannot be read says nothing."""
    if entry is None or not entry.value:
        return []
    try:
        return msgspec.msgpack.decode(entry.value, type=list[OperationNote])
    except msgspec.MsgspecError:
        return []


class OperationNotes:
    """Of one node: it notes what it was asked, and writes down what any was while it leads."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._writing: asyncio.Task[Any] | None = None
        #: What it has written down, but perhaps not taken off the board yet.
        self._done: set[str] = set()

    async def note(self, note: OperationNote, *, is_waited_for: bool) -> None:
        """Put it on the board, and wait a moment for its record if asked to.

        Raises `BoardSilentError`.
        """
        await self._change(lambda notes: [*notes, note][-NOTES_MAX:])
        self._node.hint("lease", SYSTEM, note.id)
        until_s = time.monotonic() + (WRITTEN_S if is_waited_for else 0.0)
        while time.monotonic() < until_s:
            entry = await self._node.board.read(NOTES)
            if all(each.id != note.id for each in notes_in(entry)):
                return
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Write down what there is, if this node leads `system`."""
        notes = notes_in(self._node.entries.get(NOTES))
        lead = self._node.lead_of(SYSTEM)
        is_idle = self._writing is None or self._writing.done()
        if notes and is_idle and lead is not None and lead.may_answer:
            self._writing = self._node.leading.keep(self._write_down(lead, notes))

    async def _write_down(self, lead: Lead, notes: list[OperationNote]) -> None:
        fresh = [note for note in notes if note.id not in self._done]
        for note in fresh:
            lead.commit.submit_own(
                ClusterNoted(note.operation, note.details),
                AuditNote(note.who, note.where, SYSTEM_NAMESPACE, [0]),
            )
        await lead.commit.settle()
        if lead.is_over:
            return
        self._done = {note.id for note in notes}
        try:
            await self._change(lambda found: [each for each in found if each.id not in self._done])
        except BoardSilentError:
            return  # the next look goes on

    async def _change(self, change: Callable[[list[OperationNote]], list[OperationNote]]) -> None:
        for _ in range(TRIES_MAX):
            found = await self._node.board.read(NOTES)
            value = msgspec.msgpack.encode(change(notes_in(found)))
            try:
                await self._node.board.write(NOTES, value, 0 if found is None else found.revision)
            except RevisionError:  # another node changed it meanwhile
                continue
            return
        raise BoardSilentError("too many change it at once")


def details_of(request: Request[Any]) -> dict[str, str | int]:
    """The fields of a request about the cluster."""
    details: dict[str, str | int] = msgspec.structs.asdict(request)
    return details
