"""What an operator asks outlasts an election of NATS, if it does not take too long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.server.cluster import operations
from floruntime.server.cluster.board import BoardSilentError


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


async def test_it_is_written_again_until_the_board_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "AGAIN_S", 0.0)
    board = SilentBoard(2)
    await written(board)
    assert board.asked == [("pin.1", b"a")] * 3


async def test_and_no_longer_than_an_election_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "ELECTION_S", -1.0)
    with pytest.raises(BoardSilentError):
        await written(SilentBoard(2))
