"""What an operator asks outlasts an election of NATS, if it does not take too long."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.core.cluster import ClusterDrain, ClusterForget
from floruntime.core.errors import NotFoundError, UnavailableError
from floruntime.server.cluster import operations
from floruntime.server.cluster.board.board import BoardSilentError, Entry
from floruntime.server.cluster.board.members import Members, NodeRow, encode
from tests.client.virtual_time import virtual


class SilentBoard:
    """Says nothing the first few times."""

    def __init__(self, times: int) -> None:
        self._times = times
        self.asked: list[tuple[str, bytes]] = []

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        self.asked.append((name, value))
        if len(self.asked) <= self._times:
            raise BoardSilentError("no answer")
        return 1


async def written(board: SilentBoard) -> None:
    node: Any = SimpleNamespace(board=board)
    await operations.Operations(node)._write("pin.1", b"a")


class DrainBoard:
    """Knows a node that has just started; the drain is heard of when a test says so."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}

    async def read(self, name: str) -> Entry:
        assert name == "node.n1", "and no pattern"
        return Entry(7, encode(NodeRow("n1", "its start now", "n1:9000", "0.1.0", 0, {})))

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        self.written[name] = value
        return 8


class DrainedNode:
    """The node that is asked: it has not seen yet that `n1` has started anew, or leads again."""

    def __init__(self) -> None:
        self.board, self.entries = DrainBoard(), dict[str, Entry]()
        self.meta, self.watches = SimpleNamespace(partitions=1), [None, None]
        self.now_s = 0.0
        self.members = Members(lambda: self.now_s)
        self.looks = 0
        self.see("its last start", is_draining=False)

    def see(self, run: str, *, is_draining: bool) -> None:
        row = NodeRow("n1", run, "n1:9000", "0.1.0", 0, {}, is_draining=is_draining)
        self.members.see({"node.n1": Entry(6 + is_draining, encode(row))})

    def leader_of(self, partition: int) -> str:
        return "n2"

    def hint(self, *told: object) -> None:
        """Nobody else is there."""

    look_soon = hint

    def route(self) -> None:
        self.looks += 1
        if self.looks == 1:  # the other is silent for long
            self.now_s += 60.0
        if self.looks == 3:
            self.see("its start now", is_draining=True)


async def test_a_drain_is_done_once_the_node_itself_has_heard_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "LOOK_S", 0.0)
    node: Any = DrainedNode()
    await operations.Operations(node)._drain(ClusterDrain("n1"))
    assert node.looks == 3
    assert node.board.written == {"drain.n1": b"its start now"}


@pytest.mark.parametrize("name", ["*", "n1 ", "", ">", "n" * 33])
async def test_what_can_be_no_name_is_not_looked_for(name: str) -> None:
    node: Any = DrainedNode()
    with pytest.raises(NotFoundError, match="n1"):
        await operations.Operations(node)._drain(ClusterDrain(name))


@pytest.mark.parametrize("request_", [ClusterDrain("n1"), ClusterForget("n1")])
async def test_a_node_that_is_not_known_here_yet_is_not_missing(request_: Any) -> None:
    node: Any = DrainedNode()
    node.members.see({})
    asked = operations.Operations(node)
    with pytest.raises(UnavailableError, match="node n1 is not known to this node yet"):
        await (asked._drain if isinstance(request_, ClusterDrain) else asked._forget)(request_)
    assert not node.board.written


@virtual
async def test_it_is_written_again_until_the_board_answers() -> None:
    board = SilentBoard(2)
    await written(board)
    assert board.asked == [("pin.1", b"a")] * 3


@virtual
async def test_and_no_longer_than_an_election_takes() -> None:
    begun_s = asyncio.get_running_loop().time()
    with pytest.raises(BoardSilentError):
        await written(SilentBoard(1_000))
    took_s = asyncio.get_running_loop().time() - begun_s
    assert took_s == pytest.approx(operations.ELECTION_S, abs=1.0)
