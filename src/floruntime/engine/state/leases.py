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
    """The latest lease on an item. `until_ms`: its deadline; 0 if it is no longer out."""

    number: int
    until_ms: int

    def is_out_as(self, number: int) -> bool:
        """Whether it is the lease of this number, and was not taken back yet."""
        return self.number == number and self.until_ms > 0

    def stands(self, now_ms: int) -> bool:
        """Whether a holder has the item."""
        return self.until_ms > now_ms

    def stands_as(self, number: int, now_ms: int) -> bool:
        """Whether it is the lease of this number, and its holder still has the item."""
        return self.number == number and self.until_ms > now_ms


def is_stale(asked: int, lease: int) -> bool:
    """Whether a caller names a lease other than the latest one; 0 names none."""
    return asked != lease and asked != 0


def extended(until_ms: int, now_ms: int, for_ms: int, latest_ms: int = 0) -> int:
    """The deadline of a lease that should last for `for_ms` from now, or longer if it does already.

    0 as the present deadline: it begins. The deadline is not after `latest_ms`, unless that is 0.
    """
    until_ms = max(until_ms, now_ms + for_ms)
    return min(until_ms, latest_ms) if latest_ms else until_ms


class Memory(NamedTuple):
    """How long the end of a lease is remembered."""

    lasts_ms: int = limits.SETTLED_MS

    def ends_ms(self, ended_at_ms: int) -> int:
        """When the end of a lease at that time may be forgotten."""
        return ended_at_ms + self.lasts_ms

    def has(self, ended_at_ms: int, now_ms: int) -> bool:
        """Whether the end of a lease at that time is still remembered."""
        return ended_at_ms + self.lasts_ms > now_ms


MEMORY: Final = Memory()
"""Five minutes."""


class Told(Generic[Item]):
    """What one command answers for each item that it should settle."""

    __slots__ = ("done", "stale")

    def __init__(self) -> None:
        self.done: list[Item] = []
        self.stale: list[Item] = []

    def add(self, item: Item, is_done: bool) -> None:
        """Note one item: done (now, or before by the same holder), or stale."""
        (self.done if is_done else self.stale).append(item)
