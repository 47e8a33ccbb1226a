"""Two processes with the same node name: the later one is refused, or ends."""

from __future__ import annotations

import asyncio
import time

from floruntime.server.cluster.board.board import Board
from floruntime.server.cluster.board.members import NODES, Members, NodeRow, decode_node

WATCH_S = 3.0
"""How long a node that starts looks for another of its name: each tells of itself once a second."""
LOOK_S = 0.5
TOLD_MIN = 4
"""A node judges by what stands under its name once it has told of itself so often."""


class NameTakenError(Exception):
    """Another process runs as a node of this name."""


class Namesakes:
    """Finds other processes that run under the name of this node.

    `run`: this start of the node. `last_run`: the start that used its data directory before.
    """

    def __init__(self, board: Board, name: str, run: str, last_run: str) -> None:
        self._board = board
        self._name = name
        self._run = run
        self._last_run = last_run
        #: The first and the last revision of the board that this start wrote.
        self.since = self._told_revision = 0

    async def watch(self) -> None:
        """Watch for reports of another process, for about as long as a lease lasts. The start that
        used this directory before has ended, because the directory was locked.

        Raises `NameTakenError`, `BoardSilentError`.
        """
        before = await self._row()
        if before is None or before.is_stopped or before.run == self._last_run:
            return
        until_s = time.monotonic() + WATCH_S
        while time.monotonic() < until_s:
            await asyncio.sleep(LOOK_S)
            now = await self._row()
            if now is None or now.run == self._last_run:
                continue  # a late report of the start before, which has ended
            is_new = (now.run, now.count) != (before.run, before.count)
            if is_new and not now.is_stopped:
                raise NameTakenError(
                    f"node is {self._name!r}, but a node of that name runs at {now.address} "
                    "already; give each node a name of its own"
                )

    async def _row(self) -> NodeRow | None:
        """The report under this node's name, as the board's leader knows it."""
        found = await self._board.read(NODES + self._name)
        return None if found is None or not found.value else decode_node(found.value)

    def told(self, revision: int) -> None:
        """Note that this start's own report has this revision of the board."""
        self._told_revision = revision
        self.since = self.since or revision

    def check(self, members: Members, count: int) -> None:
        """Raise `NameTakenError` if another process began at the same time, and was first.

        `count`: how many reports this start has written, with the one that it is about to write.
        """
        other = members.row(self._name)
        if other is None or other.is_stopped or count <= TOLD_MIN:
            return
        if members.revision(self._name) <= self._told_revision:
            return  # its own report or an older one: not every server of NATS is up to date
        if other.run != self._run and self._is_first(other, count):
            raise NameTakenError(
                f"another process, at {other.address}, also runs as node {self._name!r}; give "
                "each node a name of its own"
            )

    def _is_first(self, other: NodeRow, count: int) -> bool:
        """Whether the other process reported first. Both processes must decide this alike. They see
        each other's counts at different times, so counts decide only if nothing else is known.
        """
        if other.since and self.since:
            return other.since < self.since
        return (other.count, other.run) > (count, self._run)
