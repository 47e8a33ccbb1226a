"""What a worker may be given next, of several actions, while limits are kept.

Each action offers the first run of its lines, and the first run of the first key that may be
served in each of its lines of keys. The best of all offers is taken; then only what it changed is
looked at again. A key whose limit was lowered since then is blocked when its turn comes. Fronts of
keys are read several at once, and those that a claim leaves are put among them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from floruntime.engine.action.due_runs import Line, matching_lines, runs_in_line
from floruntime.engine.action.key_rows import FRONT, KEY_LINE, FrontRow, Place
from floruntime.engine.action.keys import OpenKey
from floruntime.engine.action.limits import blocked
from floruntime.engine.action.line_choice import Labels, matching
from floruntime.engine.action.rows import OpenAction
from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.tombstones import gaps_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers

FRONTS_AHEAD_MAX = 32
"""Fronts of keys that are read at once; fewer, where fewer runs are wanted."""
BLOCKED_PER_CLAIM_MAX = 100
"""Keys that one claim finds blocked by a limit that was lowered; the next tick asks again."""


class Offer(NamedTuple):
    """A run that could be handed out now. `key`: what it stands under, if it does."""

    place: Place
    action: OpenAction
    source: Offering
    key: OpenKey | None

    @property
    def number(self) -> int:
        return self.place[2]


class Offers:
    """See the head of this module. `wanted`: so many runs, at most."""

    def __init__(self, tx: Tx, opened: dict[int, OpenAction], labels: Labels, wanted: int) -> None:
        self._tx = tx
        self._sources: list[Offering] = []
        for action in opened.values():
            if blocked(tx, action.row) is None:
                self._sources += _sources_of(tx, action, labels, wanted)

    def best(self) -> Offer | None:
        """The first in order of all offers."""
        found: Offer | None = None
        for source in self._sources:
            offer = source.offer()
            if offer is not None and (found is None or offer.place < found.place):
                found = offer
        return found

    def taken(self, offer: Offer) -> None:
        """The offered run was leased: some of its action may be blocked by that."""
        offer.source.taken(offer)
        if blocked(self._tx, offer.action.row) is not None:
            self._sources = [each for each in self._sources if each.action is not offer.action]
        elif offer.key is not None:
            for source in self._sources:
                if source.action is offer.action and source is not offer.source:
                    source.look_again(offer.key)

    def pass_over(self, offer: Offer) -> None:
        """The offered run is not for this worker, or not now."""
        offer.source.pass_over(offer)


class Offering:
    """One line of one action; offers its first run."""

    def __init__(self, tx: Tx, action: OpenAction) -> None:
        self.tx = tx
        self.action = action

    def offer(self) -> Offer | None:
        """What it has to offer."""
        raise NotImplementedError

    def taken(self, offer: Offer) -> None:
        """Its offer was taken."""
        raise NotImplementedError

    def pass_over(self, offer: Offer) -> None:
        """Its offer is to be offered no more."""
        raise NotImplementedError

    def look_again(self, key: OpenKey) -> None:
        """A run of this key was taken from another line: it may be blocked in this one, too."""


class PlainSource(Offering):
    """Runs that stand under no key, in order."""

    def __init__(self, tx: Tx, action: OpenAction, line: Line) -> None:
        super().__init__(tx, action)
        self._places = runs_in_line(tx, line)
        self._first = next(self._places, None)

    def offer(self) -> Offer | None:
        if self._first is None:
            return None
        return Offer(self._first, self.action, self, None)

    def taken(self, offer: Offer) -> None:
        self._first = next(self._places, None)

    def pass_over(self, offer: Offer) -> None:
        self.taken(offer)


class KeySource(Offering):
    """The keys of one line that may be served, in order.

    `_ahead`: the first of their fronts, as far as they were read. They are where what this claim
    does leaves them; `_has_more`: there may be others behind.
    """

    def __init__(self, tx: Tx, action: OpenAction, line_id: int, wanted: int) -> None:
        super().__init__(tx, action)
        self._line_id = line_id
        self._read_at_once = min(wanted, FRONTS_AHEAD_MAX)
        self._ahead: list[tuple[bytes, FrontRow]] = []
        self._has_more = True
        self._passed: set[str] = set()
        self._offer: Offer | None = None
        self._is_known = False
        self._blocked = 0

    def offer(self) -> Offer | None:
        if not self._is_known:
            self._offer, self._is_known = self._find(), True
        return self._offer

    def _find(self) -> Offer | None:
        while self._ahead or self._read_ahead():
            front = self._ahead[0][1]
            key = OpenKey(self.action, front.key)
            if not key.blocked()[0]:
                return Offer(front.first, self.action, self, key)
            key.close()
            del self._ahead[0]
            self._blocked += 1
            if self._blocked == BLOCKED_PER_CLAIM_MAX:
                timers.set_timer(self.tx, self.tx.now_ms, timers.ACTION_LIMITS, self.action.row.id)
                self.action.save()
                return None
        if self._blocked:
            self.action.save()
        return None

    def _read_ahead(self) -> bool:
        """Read the first fronts that were not passed over; whether there are any."""
        if self._has_more:
            self._ahead = list(islice(self._fronts(), self._read_at_once))
            self._has_more = len(self._ahead) == self._read_at_once
        return bool(self._ahead)

    def _fronts(self) -> Iterator[tuple[bytes, FrontRow]]:
        gaps = gaps_of(self.tx, self._line_id)
        start, end = FRONT.range(self._line_id)
        is_first = True
        for piece in gaps.between(start, end):
            for key, front in self.tx.scan(FRONT, *piece):
                if is_first:
                    gaps.learn(start, key)
                    is_first = False
                if front.key not in self._passed:
                    yield key, front

    def taken(self, offer: Offer) -> None:
        assert offer.key is not None, "its offers stand under keys"
        served, _ = self._ahead.pop(0)
        self._is_known = False
        for lane in offer.key.row.lanes.values():
            if lane.line_id == self._line_id and lane.front is not None:
                self._put_back(FRONT.key(self._line_id, *lane.front), offer.key.key, lane.first)
        if not self._ahead and not self._passed:  # none that it left stands before it
            gaps_of(self.tx, self._line_id).learn(FRONT.range(self._line_id)[0], next_key(served))

    def _put_back(self, key: bytes, name: str, first: Place) -> None:
        """The key that was served may be served again."""
        if not self._has_more or (self._ahead and key < self._ahead[-1][0]):
            insort(self._ahead, (key, FrontRow(name, first)), key=itemgetter(0))

    def look_again(self, key: OpenKey) -> None:
        if self._ahead and self._ahead[0][1].key == key.key:
            self._is_known = False  # the key as its offer has it is no longer how it stands
        if key.row.blocked:
            self._ahead = [each for each in self._ahead if each[1].key != key.key]

    def pass_over(self, offer: Offer) -> None:
        assert offer.key is not None, "its offers stand under keys"
        self._passed.add(offer.key.key)
        del self._ahead[0]
        self._is_known = False


def _sources_of(tx: Tx, action: OpenAction, labels: Labels, wanted: int) -> Iterator[Offering]:
    for line in matching_lines(tx, action.row, labels):
        yield PlainSource(tx, action, line)
    if action.row.fronts:
        row = action.row
        for key_line in matching(tx, KEY_LINE, row.id, row.key_lines, labels):
            if key_line.fronts:
                yield KeySource(tx, action, key_line.id, wanted)
