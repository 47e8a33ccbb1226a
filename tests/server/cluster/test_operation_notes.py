"""What operators did is written down by whoever leads `system`, and by nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, cast

import msgspec
import pytest

from floruntime.core.stream import StreamRead, StreamRecord
from floruntime.server.cluster import operation_notes
from floruntime.server.cluster.board.board import Entry
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.leads.publishing import OvertakenError
from floruntime.server.cluster.operation_notes import NOTES, OperationNote, OperationNotes, notes_in
from tests.server.cluster.leads.test_lead import Caller, leading
from tests.server.cluster.memory_board import MemoryBoard
from tests.server.cluster.memory_log import MemoryLog
from tests.until import until

MOVE = OperationNote("1", "ada (admin)", "tcp 10.0.0.1", "ClusterMove", {"partition": 2})
DRAIN = OperationNote("2", "ada (admin)", "tcp 10.0.0.1", "ClusterDrain", {"node": "b"})


class Node:
    """A node that leads, or does not."""

    def __init__(self, board: MemoryBoard, lead: Lead | None = None) -> None:
        self.board = board
        self.entries: dict[str, Entry] = {}
        self.lead = lead
        self.leading = self
        self.tasks: list[asyncio.Task[Any]] = []
        self.notes = OperationNotes(cast(operation_notes.Node, self))

    def lead_of(self, partition: int) -> Lead | None:
        return self.lead if partition == 0 else None

    def hint(self, name: str, partition: int, text: str) -> None:
        """Nobody listens."""

    def keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        self.tasks.append(asyncio.ensure_future(work))
        return self.tasks[-1]

    async def look(self) -> None:
        """Look at the board as it is, and do what is to be done."""
        self.entries = await self.board.read_all()
        self.notes.look()
        await asyncio.gather(*self.tasks)


class Reader(Caller):
    """It keeps the records that it is answered."""

    terms = None
    records: list[StreamRecord]

    def add_answer(self, request_id: int, result: Any, error: Any, told: Any = None) -> None:
        self.records = result.records


def written(lead: Lead) -> list[tuple[str, str, str, Any]]:
    """What the audit has."""
    caller = Reader()
    lead.ask(caller, 1, "_system", StreamRead("_audit", start="0"))
    told = [json.loads(record.payload) for record in caller.records]
    return [(each["who"], each["from"], each["what"], each["details"]) for each in told]


async def test_who_leads_writes_down_what_any_node_noted_and_takes_it_off_the_board() -> None:
    board = MemoryBoard()
    asked, leader = Node(board), Node(board, await leading(MemoryLog()))
    for note in (MOVE, DRAIN):
        await asked.notes.note(note, is_waited_for=False)
    await asked.look()
    assert notes_in(await board.read(NOTES)) == [MOVE, DRAIN], "it does not lead"
    assert leader.lead is not None
    for _ in range(2):
        await leader.look()
        assert written(leader.lead) == [
            ("ada (admin)", "tcp 10.0.0.1", "ClusterMove", {"partition": 2}),
            ("ada (admin)", "tcp 10.0.0.1", "ClusterDrain", {"node": "b"}),
        ]
    assert notes_in(await board.read(NOTES)) == []
    leader.lead.end(OvertakenError("the test is over"))


async def test_whoever_is_asked_waits_for_the_record() -> None:
    board = MemoryBoard()
    asked, leader = Node(board), Node(board, await leading(MemoryLog()))
    noting = asyncio.ensure_future(asked.notes.note(MOVE, is_waited_for=True))
    await until(lambda: NOTES in board.entries)
    await leader.look()
    await noting
    assert leader.lead is not None
    assert len(written(leader.lead)) == 1
    leader.lead.end(OvertakenError("the test is over"))


async def test_where_nobody_leads_it_stays_and_nobody_waits_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operation_notes, "WRITTEN_S", 0.0)
    board = MemoryBoard()
    asked = Node(board)
    await asked.notes.note(MOVE, is_waited_for=True)
    assert notes_in(await board.read(NOTES)) == [MOVE]


async def test_the_oldest_are_dropped_where_too_many_wait() -> None:
    board = MemoryBoard()
    many = [msgspec.structs.replace(MOVE, id=str(number)) for number in range(102)]
    await board.write(NOTES, msgspec.msgpack.encode(many[:100]), 0)
    for note in many[100:]:
        await Node(board).notes.note(note, is_waited_for=False)
    assert notes_in(await board.read(NOTES)) == many[2:]


def test_what_cannot_be_read_says_nothing() -> None:
    assert notes_in(None) == notes_in(Entry(1, b"")) == notes_in(Entry(1, b"\xc1")) == []
