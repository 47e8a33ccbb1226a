"""Two processes of one name, and what only looks like that."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from floruntime.server.cluster import namesakes
from floruntime.server.cluster.board import Entry
from floruntime.server.cluster.members import NODES, Members, NodeRow, encode
from floruntime.server.cluster.namesakes import Namesakes, NameTakenError
from tests.server.cluster.memory_board import MemoryBoard

OTHER = NodeRow("a", "other", "other:9000", "1", 0, {}, count=40)
HERE = "mine"


class BusyBoard(MemoryBoard):
    """Whoever has the name tells of itself each time that somebody looks."""

    async def read(self, name: str) -> Entry | None:
        found = await super().read(name)
        if found is not None:
            self._tell(name, found)
        return found

    def _tell(self, name: str, found: Entry) -> None:
        row = msgspec.msgpack.decode(found.value, type=NodeRow)
        told = msgspec.structs.replace(row, count=row.count + 1)
        self.entries[name] = Entry(found.revision + 1, encode(told))


async def watched(board: MemoryBoard, row: NodeRow, last_run: str = "") -> None:
    await board.write(NODES + "a", encode(row), None)
    await Namesakes(board, "a", HERE, last_run).watch()


async def test_one_that_lives_is_seen_before_this_one_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(namesakes, "LOOK_S", 0)
    with pytest.raises(NameTakenError, match="a node of that name runs at other:9000"):
        await watched(BusyBoard(), OTHER)
    monkeypatch.setattr(namesakes, "WATCH_S", 0)
    await watched(MemoryBoard(), OTHER)  # which says nothing any more


async def test_nobody_is_waited_for_who_has_stopped_or_had_this_directory() -> None:
    await watched(BusyBoard(), msgspec.structs.replace(OTHER, is_stopped=True))
    await watched(BusyBoard(), OTHER, last_run="other")


class LateBoard(BusyBoard):
    """What the start before told, and was on its way when it was killed, arrives now."""

    def _tell(self, name: str, found: Entry) -> None:
        row = msgspec.msgpack.decode(found.value, type=NodeRow)
        told = msgspec.structs.replace(row, run="before", count=1)
        self.entries[name] = Entry(found.revision + 1, encode(told))


async def test_what_the_start_before_told_and_comes_late_is_no_other_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(namesakes, "LOOK_S", 0)
    monkeypatch.setattr(namesakes, "WATCH_S", 0.01)
    await watched(LateBoard(), OTHER, last_run="before")


def seen(row: NodeRow, revision: int) -> Members:
    members = Members(lambda: 0.0)
    members.see({NODES + "a": Entry(revision, encode(row))})
    return members


def test_of_two_that_began_together_the_later_one_ends() -> None:
    here = Namesakes(MemoryBoard(), "a", HERE, "")
    with pytest.raises(NameTakenError, match="other:9000"):
        here.check(seen(OTHER, 101), 10, 100)
    here.check(seen(OTHER, 101), 50, 100)  # this one began before
    here.check(seen(OTHER, 101), namesakes.TOLD_MIN, 100)


def test_what_a_server_of_nats_shows_that_lags_behind_is_no_other_process() -> None:
    """As after a machine was lost: the row of the start before, which counted far."""
    here: Any = Namesakes(MemoryBoard(), "a", HERE, "")
    here.check(seen(OTHER, 99), 10, 100)
