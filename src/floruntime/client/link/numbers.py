"""Gives each write a number that the server can still judge if the write is sent again.

The server remembers a client's writes in a ring of blocks by number. A write that is still
unanswered must not lose its place in the ring to a later one, or it could no longer be sent again
safely. So a block whose place holds an unanswered, older number is skipped: a long poll that waits
for minutes costs a few numbers, and does not delay other writes. Long polls get less than half of
the places; those that begin together share one. Further long polls are sent without a number.
"""

from __future__ import annotations

from floruntime.core.limits import SESSION_BLOCK_WRITES, SESSION_BLOCKS

WAIT_PLACES_MAX = SESSION_BLOCKS // 2 - 1
"""Less than half of the places, because calls of actions wait, too (`CALLS_MAX`), in their own."""


class _Place:
    """What is unanswered at one place of the ring."""

    __slots__ = ("block", "unanswered", "waits")

    def __init__(self) -> None:
        self.block = 0
        self.unanswered = 0
        self.waits = 0


class WriteNumbers:
    """Gives the numbers of one session, each once."""

    def __init__(self) -> None:
        self._next = 1
        self._places = [_Place() for _ in range(SESSION_BLOCKS)]
        self._waits: set[int] = set()
        self._wait_places = 0

    def take(self) -> int | None:
        """The next number whose place in the ring is free or belongs to its own block; `None` while
        every place has an unanswered write.
        """
        number = self._next
        for _ in range(SESSION_BLOCKS):
            block = number // SESSION_BLOCK_WRITES
            place = self._places[block % SESSION_BLOCKS]
            if not place.unanswered or place.block == block:
                place.block = block
                place.unanswered += 1
                self._next = number + 1
                return number
            number = (block + 1) * SESSION_BLOCK_WRITES
        return None

    def take_for_wait(self) -> int | None:
        """A number for a long poll; `None` while long polls hold all places that they may."""
        number = self.take()
        if number is None:
            return None
        place = self._at(number)
        if not place.waits and self._wait_places == WAIT_PLACES_MAX:
            place.unanswered -= 1
            self._next = number
            return None
        self._wait_places += not place.waits
        place.waits += 1
        self._waits.add(number)
        return number

    def release(self, number: int) -> None:
        """`number` was answered, or will not be sent again."""
        place = self._at(number)
        place.unanswered -= 1
        if number in self._waits:
            self._waits.remove(number)
            place.waits -= 1
            self._wait_places -= not place.waits

    def _at(self, number: int) -> _Place:
        return self._places[number // SESSION_BLOCK_WRITES % SESSION_BLOCKS]
