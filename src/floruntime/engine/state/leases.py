"""A lease: an item belongs to one holder until a deadline, under a unique number.

Messages of queues, records of groups and runs of actions are all delivered by these rules, each
kind in rows of its own:

- A settlement names the lease. If it is not the item's latest lease, another holder may have the
  item by now: the settlement is stale and changes nothing (`is_stale`). A caller that names no
  lease (0) is an operator, and is trusted.
- A lease is *out* until its holder gives the item back, or the item is taken back. It *stands*
  while it is out and its deadline has not come (`Lease`). A timer takes items back, perhaps late.
- A touch makes the lease longer, never shorter (`extended`).
- How it ended is remembered for a while (`Memory`): a holder that did not get the answer asks
  again, and gets the same answer (`Told`).
"""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeVar

from floruntime.core import limits

Item = TypeVar("Item")


class Lease(NamedTuple):
    """The last lease on something. `until_ms`: its deadline; 0 once it is not out any more."""

    number: int
    until_ms: int

    def is_out_as(self, number: int) -> bool:
        """Whether it is this one, and was not taken back yet."""
        return self.number == number and self.until_ms > 0

    def stands(self, now_ms: int) -> bool:
        """Whether somebody holds it."""
        return self.until_ms > now_ms

    def stands_as(self, number: int, now_ms: int) -> bool:
        """Whether it is this one, and its holder still has it."""
        return self.number == number and self.until_ms > now_ms


def is_stale(asked: int, lease: int) -> bool:
    """Whether a caller names another lease than the last one; 0 names none."""
    return asked != lease and asked != 0


def extended(until_ms: int, now_ms: int, for_ms: int, latest_ms: int = 0) -> int:
    """The deadline of a lease that shall last for `for_ms` from now, or longer if it does so
    already (0: it begins); not beyond `latest_ms`, if there is such an end (0: none).
    """
    until_ms = max(until_ms, now_ms + for_ms)
    return min(until_ms, latest_ms) if latest_ms else until_ms


class Memory(NamedTuple):
    """How long it is remembered how a lease ended."""

    lasts_ms: int = limits.SETTLED_MS

    def ends_ms(self, ended_at_ms: int) -> int:
        """When it may be forgotten how a lease ended then."""
        return ended_at_ms + self.lasts_ms

    def has(self, ended_at_ms: int, now_ms: int) -> bool:
        """Whether it is still known how a lease ended then."""
        return ended_at_ms + self.lasts_ms > now_ms


MEMORY: Final = Memory()
"""Five minutes."""


class Told(Generic[Item]):
    """What one command tells of the things that it was to settle."""

    __slots__ = ("done", "stale")

    def __init__(self) -> None:
        self.done: list[Item] = []
        self.stale: list[Item] = []

    def add(self, item: Item, is_done: bool) -> None:
        """It is done (now, or before by the same holder), or was stale."""
        (self.done if is_done else self.stale).append(item)
