"""A log in a format that this version does not know: it follows, and never leads."""

from __future__ import annotations

from itertools import count

from floruntime.engine.store import Changes
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.cluster.board.board import Entry
from floruntime.server.cluster.board.members import NODES, Members, NodeRow, encode
from floruntime.server.cluster.copies.replica import Replica
from floruntime.server.cluster.log.message import (
    CHAIN_START,
    FORMAT,
    Head,
    Message,
    chained,
    encode_changes,
    encode_message,
)
from tests.server.cluster.memory_log import MemoryLog


async def test_a_newer_format_is_followed() -> None:
    log, store = MemoryLog(), MemoryStore()
    head = Head(1, 1, 1_000, "a", 0, 1, FORMAT + 1)
    content = encode_changes(Changes({b"xxk": b"newer"}, []))
    await log.append(encode_message(Message(head, chained(CHAIN_START, head, content), content)), 0)
    replica = Replica(1, store, log)
    await replica.read_on()
    assert store.get(b"xxk") == b"newer"
    assert replica.position.format == FORMAT + 1


def test_only_those_lead_that_know_the_format_and_it_rises_once_all_do() -> None:
    members, revisions = Members(lambda: 0.0), count(1)

    def see(**formats: int) -> None:
        told = {n: NodeRow(n, "run", "x:1", "1", 0, {}, format=each) for n, each in formats.items()}
        rows = {NODES + name: Entry(next(revisions), encode(row)) for name, row in told.items()}
        members.see(rows)

    see(a=FORMAT, b=FORMAT + 1)
    assert members.may_lead(FORMAT) == ["a", "b"]
    assert members.may_lead(FORMAT + 1) == ["b"]
    assert members.format() == FORMAT
    see(a=FORMAT + 1, b=FORMAT + 1)
    assert members.format() == FORMAT  # what this version knows itself
