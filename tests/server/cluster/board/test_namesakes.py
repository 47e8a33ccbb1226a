"""Two processes of one name, and what only looks like that."""

from __future__ import annotations

import msgspec
import pytest

from floruntime.server.cluster.board import namesakes
from floruntime.server.cluster.board.board import Entry
from floruntime.server.cluster.board.members import NODES, Members, NodeRow, encode
from floruntime.server.cluster.board.namesakes import Namesakes, NameTakenError
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


class StartedBoard(MemoryBoard):
    """The one that had the name before begins once more, and has told of itself as often."""

    async def read(self, name: str) -> Entry | None:
        found = await super().read(name)
        if found is not None:
            row = msgspec.msgpack.decode(found.value, type=NodeRow)
            told = msgspec.structs.replace(row, run="again")
            self.entries[name] = Entry(found.revision + 1, encode(told))
        return found


async def test_one_that_begins_meanwhile_is_seen_whatever_it_has_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(namesakes, "LOOK_S", 0)
    with pytest.raises(NameTakenError, match="a node of that name runs at other:9000"):
        await watched(StartedBoard(), msgspec.structs.replace(OTHER, count=1))


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


def at_work(since: int, told: int) -> Namesakes:
    here = Namesakes(MemoryBoard(), "a", HERE, "")
    here.told(since)
    here.told(told)
    return here


def test_of_two_that_began_together_the_later_one_ends() -> None:
    here = at_work(50, 100)
    with pytest.raises(NameTakenError, match="other:9000"):
        here.check(seen(msgspec.structs.replace(OTHER, since=49), 101), 10)
    here.check(seen(msgspec.structs.replace(OTHER, since=51), 101), 10)
    here.check(seen(msgspec.structs.replace(OTHER, since=49), 101), namesakes.TOLD_MIN)


def test_who_tells_no_first_time_is_judged_by_how_often_he_told() -> None:
    here = at_work(50, 100)
    with pytest.raises(NameTakenError, match="other:9000"):
        here.check(seen(OTHER, 101), 10)
    here.check(seen(OTHER, 101), 50)  # this one began before


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_one_of_two_that_tell_by_turns_ends(names: tuple[str, str]) -> None:
    """Each sees the other as it was a moment ago."""
    rows: dict[str, tuple[NodeRow, int]] = {}
    pair = {run: Namesakes(MemoryBoard(), "n", run, "") for run in names}
    ended: list[str] = []
    for revision in range(1, 40):
        run, other = names[revision % 2], names[1 - revision % 2]
        if run in ended:
            continue
        count = 1 if run not in rows else rows[run][0].count + 1
        row = NodeRow("n", run, f"{run}:9000", "1", 0, {}, count=count, since=pair[run].since)
        if other in rows and other not in ended:
            members = Members(lambda: 0.0)
            members.see({NODES + "n": Entry(rows[other][1], encode(rows[other][0]))})
            try:
                pair[run].check(members, count)
            except NameTakenError:
                ended.append(run)
                continue
        rows[run] = row, revision
        pair[run].told(revision)
    assert ended == [names[0]]  # the second to tell of itself


def test_what_a_server_of_nats_shows_that_lags_behind_is_no_other_process() -> None:
    """As after a machine was lost: the row of the start before, which counted far."""
    at_work(50, 100).check(seen(OTHER, 99), 10)
