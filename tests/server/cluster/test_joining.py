"""Nodes that make a cluster at the same moment agree on what its first entries say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime.server.cluster import joining
from floruntime.server.cluster.board.board import BoardSilentError, Entry, RevisionError
from floruntime.server.cluster.board.members import META, SECRET, MetaRow
from floruntime.server.cluster.nats.jetstream import NatsFailedError
from floruntime.server.config import Config, ConfigError
from tests.server.cluster.memory_board import MemoryBoard


class LateBoard(MemoryBoard):
    """Of a node that another was before, and that hears of it late."""

    def __init__(self, silent_reads: int) -> None:
        super().__init__()
        self.entries[SECRET] = Entry(1, b"theirs")
        self.refusals = 0
        self._silent_reads = silent_reads

    async def read(self, name: str) -> Entry | None:
        self._silent_reads -= 1
        return None if self._silent_reads >= 0 else await super().read(name)

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        try:
            return await super().write(name, value, revision)
        except RevisionError:
            self.refusals += 1
            raise


async def test_a_node_waits_to_hear_what_another_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", wait)
    board = LateBoard(3)
    assert await joining._first(board, SECRET, b"ours") == b"theirs"
    assert (board.refusals, waited) == (3, [joining.AGAIN_S] * 3)


async def test_who_is_first_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "AGAIN_S", None)
    assert await joining._first(MemoryBoard(), SECRET, b"ours") == b"ours"


class CountedLog:
    """A log with so many messages."""

    stream = "flo-1"

    def __init__(self, count: int) -> None:
        self._count = count

    async def messages(self) -> int:
        return self._count


async def test_a_log_with_messages_and_no_cluster_is_refused_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joining, "AGAIN_S", 0)
    board = MemoryBoard()
    with pytest.raises(NatsFailedError, match=r"the stream flo-1 .* was lost"):
        await joining._check_unused(board, [CountedLog(0), CountedLog(1)])
    assert board.entries == {}


async def test_a_cluster_that_was_just_made_is_heard_of_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the time that this node counts, the one that made it has written to its log, too."""
    monkeypatch.setattr(joining, "AGAIN_S", 0)
    board = LateBoard(3)
    board.entries[META] = Entry(2, b"theirs")
    await joining._check_unused(board, [CountedLog(1)])
    assert await joining._first(board, META, b"ours") == b"theirs"


async def test_an_unused_log_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "AGAIN_S", None)
    await joining._check_unused(MemoryBoard(), [CountedLog(0)])


async def test_a_node_of_a_cluster_makes_none_where_its_own_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("floruntime.server.cluster.joining.AGAIN_S", 0)
    board = MemoryBoard()
    with pytest.raises(NatsFailedError, match="of the cluster c0ffee, and there is no cluster"):
        await joining.check_there(board, "c0ffee")
    await board.write(META, b"it", 0)
    await joining.check_there(board, "c0ffee")


class SilentBoard(MemoryBoard):
    """Of which each second answer is lost."""

    reads = 0

    async def read(self, name: str) -> Entry | None:
        self.reads += 1
        if self.reads % 2:
            raise BoardSilentError("no answer")
        return await super().read(name)


async def test_a_lost_answer_says_nothing_of_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a node would make another cluster on what is left of one."""
    monkeypatch.setattr(joining, "AGAIN_S", 0)
    board = SilentBoard()
    with pytest.raises(NatsFailedError, match="has messages"):
        await joining._check_unused(board, [CountedLog(1)])
    with pytest.raises(NatsFailedError, match="there is no cluster"):
        await joining.check_there(board, "c0ffee")
    await board.write(META, b"it", 0)
    await joining.check_there(board, "c0ffee")
    await joining._check_unused(board, [CountedLog(1)])


async def test_where_nobody_answers_no_cluster_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "AGAIN_S", 0)
    board = MemoryBoard()
    board.is_cut = True
    with pytest.raises(ConfigError, match="NATS answers nothing about the cluster"):
        await joining.check_there(board, "c0ffee")


@pytest.mark.parametrize(("name", "value"), [("partitions", 4), ("copies", 2)])
def test_what_a_cluster_was_made_with_stays(name: str, value: int) -> None:
    made = MetaRow("id", 8, 3, 3)
    joining._check_fixed(Config(partitions=8, copies=3), made)
    wanted: dict[str, Any] = {"partitions": 8, "copies": 3, name: value}
    config = Config(**wanted)
    with pytest.raises(ConfigError, match=f"{name} is {value}, and the cluster"):
        joining._check_fixed(config, made)
