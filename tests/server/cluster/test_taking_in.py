"""Who takes data in, where two would at once: the claim on the board."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from floruntime.core.errors import ConflictError
from floruntime.server.cluster import taking_in
from floruntime.server.cluster.node import Node


class LateMembers:
    """Node `b` has begun, and is heard of at the second look."""

    def __init__(self) -> None:
        self._looks = 0

    @property
    def names(self) -> list[str]:
        self._looks += 1
        return ["a", "b"] if self._looks > 1 else ["a"]

    def row(self, name: str) -> Any:
        return SimpleNamespace(run=f"run of {name}")

    def is_alive(self, name: str) -> bool:
        return True


class Board:
    """It holds the claim of `b`."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    async def read(self, name: str) -> Any:
        return SimpleNamespace(value=b"run of b", revision=3)

    async def write(self, name: str, value: bytes, revision: int | None) -> None:
        self.written.append(value)


async def test_the_claim_of_a_node_that_is_not_known_yet_stands() -> None:
    board = Board()
    node = SimpleNamespace(name="a", run="run of a", board=board, members=LateMembers())
    with pytest.raises(ConflictError, match="node b is importing data already"):
        await taking_in._claim(cast(Node, node))
    assert not board.written


class Stop(Exception):
    """What ends an import that came this far."""


async def test_of_two_imports_at_once_at_one_node_the_second_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached, may_go_on = asyncio.Event(), asyncio.Event()
    claims: list[object] = []

    async def claim(node: object) -> None:
        claims.append(node)
        reached.set()
        await may_go_on.wait()
        raise Stop

    source = SimpleNamespace(close=lambda: None)
    monkeypatch.setattr(taking_in, "_check_empty", lambda node, number: None)
    monkeypatch.setattr(taking_in, "_open", lambda directory, partitions: source)
    monkeypatch.setattr(taking_in, "_claim", claim)
    meta = SimpleNamespace(partitions=1)
    node = cast(
        Node, SimpleNamespace(name="a", meta=meta, replicas={0: 0, 1: 1}, is_taking_in=False)
    )
    first = asyncio.create_task(taking_in.take_in(node, "old"))
    await reached.wait()
    may_go_on.set()  # whoever comes this far, too, ends there
    with pytest.raises(ConflictError, match="node a is importing data already"):
        await taking_in.take_in(node, "old")
    with pytest.raises(Stop):
        await first
    assert len(claims) == 1
    with pytest.raises(Stop):  # what failed may be tried again
        await taking_in.take_in(node, "old")
