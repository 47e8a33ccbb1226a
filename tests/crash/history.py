"""What the clients did and what they were told: the record that is judged at the end.

Every write is noted with what came of it: its answer, `UNKNOWN` (no answer came: it happened whole
or not at all) or `NOT_RUN` (the client said that it certainly did not happen).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from floruntime.core.errors import ConnectionFailedError, FloError, NotConnectedError
from floruntime.core.stream import StreamID

T = TypeVar("T")


class Fate(Enum):
    """What is known of a write that got no answer."""

    UNKNOWN = "unknown"
    NOT_RUN = "not run"


EXPECTED = (ConnectionFailedError, NotConnectedError)
"""What a call may raise when its client is closed under it."""
UNKNOWN, NOT_RUN = Fate.UNKNOWN, Fate.NOT_RUN


class Delivered(NamedTuple):
    """One message or group record, as handed to a consumer."""

    item: Any
    payload: bytes
    attempt: int
    lease: int


class Settled(NamedTuple):
    """One lease that a consumer gave back: acked, or sent to the dead letters."""

    item: Any
    lease: int
    is_ack: bool
    fate: bool | Fate
    """True: done. False: stale."""


@dataclass
class Work:
    """A queue's or a group's deliveries and what became of them."""

    delivered: list[Delivered] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)


@dataclass
class History:
    """Everything that one run of clients did."""

    puts: dict[str, list[tuple[int, int | Fate]]] = field(default_factory=lambda: defaultdict(list))
    """By key, in order: the number written and the version it got."""
    seen: dict[str, int] = field(default_factory=dict)
    """By key: the greatest number that anybody read."""
    incrs: list[int | Fate] = field(default_factory=list)
    enqueued: dict[bytes, int | Fate] = field(default_factory=dict)
    """By payload: its seq."""
    jobs: Work = field(default_factory=Work)
    appended: list[tuple[list[bytes], list[StreamID] | Fate]] = field(default_factory=list)
    """By call, in each task's order: the payloads, and the ids they got."""
    records: Work = field(default_factory=Work)
    followed: list[list[tuple[StreamID, bytes]]] = field(default_factory=list)
    """By follower: what it was shown."""
    batches: dict[str, bool | Fate] = field(default_factory=dict)
    """By name: True done, False refused."""
    moved: dict[bytes, bool | Fate] = field(default_factory=dict)
    """By payload: acked and passed on in one batch."""
    surprises: list[str] = field(default_factory=list)
    """Errors that should not have come."""
    numbers_jump: bool = False
    """Whether the state may have begun a new history."""
    calls: int = 0

    async def told(self, call: Awaitable[T]) -> T | Fate:
        """The call's answer, or what is known without one."""
        self.calls += 1
        try:
            return await call
        except FloError as error:
            if not isinstance(error, EXPECTED):
                self.surprises.append(f"{type(error).__name__}: {error}")
            return UNKNOWN if error.ran == "maybe" else NOT_RUN

    @property
    def unanswered(self) -> int:
        """How many writes nobody knows the outcome of."""
        fates: list[Any] = [fate for puts in self.puts.values() for _, fate in puts]
        fates += [*self.incrs, *self.enqueued.values(), *self.batches.values()]
        fates += [fate for _, fate in self.appended]
        return fates.count(UNKNOWN)
