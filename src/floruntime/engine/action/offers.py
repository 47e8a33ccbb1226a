"""Chooses what a worker gets next, among several actions, within their limits.

Each action offers the first run of each of its lines, and in each of its lines of keys the first
run of the first key that may be served. The best offer is taken. After that, only what it changed
is looked at again. A key whose limit was lowered meanwhile is blocked when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from floruntime.engine.action.due_runs import Line, matching_lines, runs_in_line
from floruntime.engine.action.fronts import first_front
from floruntime.engine.action.key_rows import KEY_LINE, Place
from floruntime.engine.action.keys import OpenKey
from floruntime.engine.action.limits import blocked, is_held
from floruntime.engine.action.line_choice import Labels, matching
from floruntime.engine.action.rows import OpenAction
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers

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
    """The offers of all lines that a worker may take from: see the head of this module."""

    def __init__(self, tx: Tx, opened: dict[int, OpenAction], labels: Labels) -> None:
        self._tx = tx
        self._sources: list[Offering] = []
        for action in opened.values():
            if blocked(tx, action.row) is None:
                self._sources += _sources_of(tx, action, labels)

    def best(self) -> Offer | None:
        """The first in order of all offers."""
        if len(self._sources) == 1:
            return self._sources[0].offer()
        found: Offer | None = None
        for source in self._sources:
            offer = source.offer()
            if offer is not None and (found is None or offer.place < found.place):
                found = offer
        return found

    def taken(self, offer: Offer) -> None:
        """Go on after the offered run was leased: its action's limits may now block others."""
        offer.source.taken(offer)
        if is_held(offer.action.row) and blocked(self._tx, offer.action.row) is not None:
            self._sources = [each for each in self._sources if each.action is not offer.action]
        elif offer.key is not None and len(self._sources) > 1:
            for source in self._sources:
                if source.action is offer.action and source is not offer.source:
                    source.look_again()

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

    def look_again(self) -> None:
        """A run of a key was taken from another line: it may be blocked in this one, too."""


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
    """The keys of one line that may be served, in order."""

    def __init__(self, tx: Tx, action: OpenAction, line_id: int) -> None:
        super().__init__(tx, action)
        self._line_id = line_id
        self._passed: set[str] = set()
        self._offer: Offer | None = None
        self._is_known = False
        self._blocked = 0

    def offer(self) -> Offer | None:
        if not self._is_known:
            self._offer, self._is_known = self._find(), True
        return self._offer

    def _find(self) -> Offer | None:
        while (front := first_front(self.tx, self._line_id, self._passed)) is not None:
            key = OpenKey(self.action, front.key, is_shown=True)
            if not key.is_blocked():
                return Offer(front.first, self.action, self, key)
            key.close()
            self._blocked += 1
            if self._blocked == BLOCKED_PER_CLAIM_MAX:
                timers.set_timer(self.tx, self.tx.now_ms, timers.ACTION_LIMITS, self.action.row.id)
                self.action.save()
                return None
        if self._blocked:
            self.action.save()
        return None

    def taken(self, offer: Offer) -> None:
        self._is_known = False

    def look_again(self) -> None:
        self._is_known = False

    def pass_over(self, offer: Offer) -> None:
        assert offer.key is not None, "its offers stand under keys"
        self._passed.add(offer.key.key)
        self._is_known = False


def _sources_of(tx: Tx, action: OpenAction, labels: Labels) -> Iterator[Offering]:
    for line in matching_lines(tx, action.row, labels):
        yield PlainSource(tx, action, line)
    if action.row.fronts:
        row = action.row
        for key_line in matching(tx, KEY_LINE, row.id, row.key_lines, labels):
            if key_line.fronts:
                yield KeySource(tx, action, key_line.id)
