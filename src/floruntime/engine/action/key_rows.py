"""The rows of keys: everything needed to enforce a key's limits and to give it its turn.

A key has a row while a run of it is due or leased, or while its claims count against a rate limit.
Its due runs stand in *lanes*, one for each set of labels. In the line of a set of labels, each key
that may be served stands once, with its first run: its *front*. A key that a limit blocks has no
front, so claims never pass it. Whatever unblocks the key puts its fronts back.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from struct import Struct
from typing import Any, Final, cast

import msgspec

from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import View

Place = tuple[int, int, int]
"""Priority, due time and number of a run."""


class Blocked(IntEnum):
    """Which limit holds a key up."""

    NO = 0
    RUNNING_PER_KEY = 1
    RATE_PER_KEY = 2


BEHIND_MAX: Final = 16
"""Places behind the first one that a lane keeps at hand, so that few claims look for the next."""


_PLACE: Final = Struct(">HQQ")
"""As in the keys of runs, so packed places are in the order of the runs."""
PLACE_BYTES: Final = _PLACE.size


class LaneRow(msgspec.Struct, array_like=True, gc=False):
    """The due runs of a key with one set of labels. `first`: the place of the first of them.
    `turn`: where the key stands in a fair line; 0: nowhere yet. `front`: where its front lies, if
    it has one. `next_places`: those right behind the first, in order, as far as they are at hand,
    packed: a row of tuples costs more to write than all else of a claim. `behind`: the same, as
    earlier versions wrote them.
    """

    line_id: int
    waiting: int
    first: Place
    turn: int = 0
    front: Place | None = None
    behind: tuple[Place, ...] = ()
    next_places: bytes = b""

    def add(self, place: Place) -> None:
        """One more run stands in the lane."""
        first, behind, packed = self.first, self.next_places, _PLACE.pack(*place)
        if place < first:
            self.first, behind = place, _PLACE.pack(*first) + behind
            if place[0] != first[0]:
                self.turn = 0
        elif self.waiting == 1 + len(behind) // PLACE_BYTES or packed < behind[-PLACE_BYTES:]:
            at = place_of(packed, behind)
            behind = behind[:at] + packed + behind[at:]
        self.next_places = behind[: BEHIND_MAX * PLACE_BYTES]
        self.waiting += 1

    def shift(self) -> None:
        """The first run leaves the lane, and the next one, which is at hand, is the first."""
        behind = self.next_places
        self.first = cast(Place, _PLACE.unpack_from(behind))
        self.next_places = behind[PLACE_BYTES:]
        self.waiting -= 1

    def remove(self, place: Place) -> None:
        """A run leaves the lane, not the last one. Where the first goes, one more is at hand."""
        if place == self.first:
            self.shift()
            if self.first[0] != place[0]:
                self.turn = 0
            return
        self.waiting -= 1
        behind = self.next_places
        packed = _PLACE.pack(*place)
        at = place_of(packed, behind)
        after = at + PLACE_BYTES
        if behind[at:after] == packed:
            self.next_places = behind[:at] + behind[after:]


def place_of(packed: bytes, behind: bytes) -> int:
    """Where among packed places this one stands, or would."""
    for at in range(0, len(behind), PLACE_BYTES):
        if packed <= behind[at : at + PLACE_BYTES]:
            return at
    return len(behind)


class KeyRow(msgspec.Struct, array_like=True, gc=False):
    """A key of an action. `running`: leased runs of it. `lanes`: by the text of their labels.
    Where one run alone blocks it, its front may know better: see `is_freed`.
    `claims`, `first_claim`: its window of claims. `frees_at_ms`: when a timer looks at it again.
    """

    id: int
    running: int = 0
    waiting: int = 0
    blocked: Blocked = Blocked.NO
    lanes: dict[str, LaneRow] = {}
    claims: int = 0
    first_claim: int = 0
    last_claim_ms: int = 0
    frees_at_ms: int = 0


class KeyLineRow(msgspec.Struct, array_like=True, gc=False):
    """The line of keys for one set of labels: how many runs wait, how many keys may be served.
    A command changes its own copy: see `Tx.own`.
    """

    id: int
    labels: dict[str, str]
    waiting: int
    fronts: int


class FrontRow(Value, frozen=True):
    """A key that may be served, and the place of its first run."""

    key: str
    first: Place


KEY: Final[Table[KeyRow]] = Table(b"aq", KeyRow, warm_bytes=512, action_id="u64", tail="key")
KEYED_RUN: Final[Table[bool]] = Table(
    b"ae", bool, line_id="u64", key_id="u64", priority="u16", due_ms="u64", number="u64"
)
#: Fair: by turn and key; else by due time and number of the first run.
FRONT: Final[Table[FrontRow]] = Table(
    b"af", FrontRow, line_id="u64", priority="u16", place="u64", tie="u64"
)
KEY_LINE: Final[Table[KeyLineRow]] = Table(
    b"ai", KeyLineRow, action_id="u64", tail="labels as text", cached=True
)


@lru_cache(maxsize=4096)
def stored_key(action_id: int, key: str) -> bytes:
    """Where the row of a key lies."""
    return KEY.key(action_id, tail=key.encode())


@lru_cache(maxsize=1024)
def stored_line(action_id: int, text: str) -> bytes:
    """Where the row of the line for a set of labels lies."""
    return KEY_LINE.key(action_id, tail=text.encode())


def copy_of_key(row: Any) -> KeyRow:
    """A row of one's own to change, and its lanes."""
    copy: KeyRow = row.__copy__()
    copy.lanes = lanes = {}
    for text, lane in row.lanes.items():
        lanes[text] = own = lane.__copy__()
        if own.behind:
            own.next_places = b"".join(_PLACE.pack(*place) for place in own.behind)
            own.behind = ()
    return copy


def is_freed(view: View, key: str, row: KeyRow) -> bool:
    """Whether a key is free although its row says that its one leased run blocks it.

    Where such a run ends, its key's front is put back, and the row is left as it is: it is written
    with the next claim. A key that is blocked has no front, so a front tells.
    """
    if row.blocked != Blocked.RUNNING_PER_KEY or row.running != 1 or len(row.lanes) != 1:
        return False
    [lane] = row.lanes.values()
    front = view.get(FRONT, FRONT.key(lane.line_id, *lane.first))
    return front is not None and front.key == key


def free(row: KeyRow) -> None:
    """Let the row say what its front says: see `is_freed`."""
    [lane] = row.lanes.values()
    row.running, row.blocked, lane.front = 0, Blocked.NO, lane.first
