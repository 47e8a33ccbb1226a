"""The lease of a partition: which node tries to lead it. The log fences leaders, not the lease.

A lease is an entry of the board, and no time in it matters to other nodes. A node that has seen no
new revision for a whole lease, on its own monotonic clock, may take it. The holder counts from the
moment when it *sent* the accepted entry, and stops a tenth earlier. So it has stopped before
another can begin.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from floruntime.core.types import Value
from floruntime.server.cluster.board.board import Board, Entry, RevisionError

LEASE_S = 3.0
"""How long a lease is good."""
RENEW_S = 1.0
"""How often its holder renews it."""
RENEWALS_KEPT = 64
HELD_S = 0.9 * LEASE_S
"""How long the holder goes by it: linearizable reads hold for so long."""


class LeaseRow(Value, frozen=True):
    """The entry of a lease on the board.

    `run`: which start of the node holds it. `time_ms`: command time when it was written; 0: its
    holder knows none yet. `handed_to`: the node that may take it at once; empty if there is none.
    `count` makes two entries of one holder differ. `pinned`: whether an operator moved the lead
    there. `sequence`: how far the log had come when it was written; 0: unknown.
    """

    node: str
    run: str
    term: int
    time_ms: int
    handed_to: str = ""
    count: int = 0
    pinned: bool = False
    sequence: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(LeaseRow).decode


def name_of(partition: int) -> str:
    """The entry of a partition's lease."""
    return f"lease.{partition}"


class LeaseWatch:
    """What a node has seen of a partition's lease."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.revision = 0
        self.row: LeaseRow | None = None
        #: When this revision was first seen.
        self.seen_s = now_s()
        #: Command time as a living holder reported it, and when; `None` if none did.
        self._told: tuple[int, float] | None = None
        #: How far the log had come at each renewal, and when the renewal was seen; newest last.
        self._came_to: deque[tuple[int, float]] = deque(maxlen=RENEWALS_KEPT)
        self._has_looked = False

    def see(self, entry: Entry | None) -> None:
        """Take in the entry as it was read."""
        had_looked, self._has_looked = self._has_looked, True
        if entry is None or entry.revision <= self.revision:
            return
        now_s = self._now_s()
        self.revision, self.seen_s = entry.revision, now_s
        self.row = _decode(entry.value)
        if had_looked and self.row.time_ms:
            self._told = self.row.time_ms, now_s
        if self.row.sequence:
            self._came_to.append((self.row.sequence, now_s))

    def staleness_ms(self, sequence: int) -> int | None:
        """How old the state of a copy at `sequence` is at most, in milliseconds: the time since the
        last renewal that it has caught up with was seen. `None` if that is not known.
        """
        for came_to, heard_s in reversed(self._came_to):
            if came_to <= sequence:
                return int((self._now_s() - heard_s) * 1000)
        return None

    async def still_stands(self, board: Board, partition: int) -> bool:
        """Whether the board still shows what this node saw before this call. A board that was set
        back can reach the same revision again with another holder, so the holder is compared too.
        """
        revision, row = self.revision, self.row  # both may change before the answer is here
        entry = await board.read(name_of(partition))
        if entry is None:
            return row is None
        return entry.revision == revision and _decode(entry.value) == row

    @property
    def silent_s(self) -> float:
        """For how long no new revision was seen."""
        return self._now_s() - self.seen_s

    def may_take(self, node: str, late_s: float) -> bool:
        """Whether `node` may try to take the lease, from `late_s` after it has run out."""
        row = self.row
        if row is not None and row.handed_to == node:
            return True
        if row is None:  # nobody ever held it
            return self.silent_s > late_s
        return self.silent_s > LEASE_S + late_s

    def time_ms(self) -> int | None:
        """Present command time, reckoned from a living holder's report; `None` without a report."""
        if self._told is None:
            return None
        told_ms, seen_s = self._told
        return told_ms + int((self._now_s() - seen_s) * 1000)


class HeldLease:
    """A lease that this node holds."""

    def __init__(
        self, board: Board, partition: int, now_s: Callable[[], float], row: LeaseRow
    ) -> None:
        self._board = board
        self._now_s = now_s
        self.name = name_of(partition)
        self.row = row
        self.revision = 0
        self._good_until_s = 0.0
        self.is_over = False

    @property
    def is_good(self) -> bool:
        """Whether no other node can have begun to lead."""
        return not self.is_over and self._now_s() < self._good_until_s

    async def take(self, revision: int) -> bool:
        """Try to take the lease; False if another node was faster."""
        self.revision = revision
        return await self._write(self.row)

    async def renew(
        self, time_ms: int, handed_to: str = "", *, pinned: bool = False, sequence: int = 0
    ) -> bool:
        """Renew the lease, or hand it to another node; False if it is lost.

        `sequence`: how far the log has come.
        """
        row = self.row
        row = LeaseRow(
            *(row.node, row.run, row.term, time_ms, handed_to),
            *(row.count + 1, pinned or row.pinned, sequence),
        )
        return await self._write(row)

    async def _write(self, row: LeaseRow) -> bool:
        sent_s = self._now_s()
        try:
            self.revision = await self._board.write(self.name, _encode(row), self.revision)
        except RevisionError:
            if not await self._is_own():
                self.is_over = True
                return False
            return True  # an earlier write of this holder, whose answer was lost, has taken effect
        self.row = row
        self._good_until_s = sent_s + HELD_S
        return True

    async def _is_own(self) -> bool:
        """Whether the entry on the board was written by this holder, in this term."""
        entry = await self._board.read(self.name)
        if entry is None:
            return False
        row = _decode(entry.value)
        if (row.node, row.run, row.term) != (self.row.node, self.row.run, self.row.term):
            return False
        self.revision, self.row = entry.revision, row
        return True
