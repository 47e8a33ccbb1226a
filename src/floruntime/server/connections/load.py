"""How much memory all connections hold together: requests, incomplete frames, answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from floruntime.core.action import ActionCall
from floruntime.core.queue import QueueDequeue
from floruntime.core.stream import GroupClaim, GroupRead
from floruntime.core.types import Query
from floruntime.core.worker import WorkerAwait, WorkerExchange, WorkerTurn
from floruntime.server import limits

DELIVERIES: Final = frozenset(
    (QueueDequeue, GroupRead, GroupClaim, WorkerAwait, WorkerExchange, WorkerTurn, ActionCall)
)
"""The commands whose answers may be large."""


class Load:
    """The bytes of unanswered requests of all connections together, and of unfinished frames."""

    __slots__ = ("bytes_max", "held_bytes", "unfinished_bytes")

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.held_bytes = 0
        #: Of frames that are not complete; they get half of what there is.
        self.unfinished_bytes = 0


class Holder(Protocol):
    """A connection whose answers may lie unread."""

    def recount(self) -> None:
        """Tell what lies unread now."""
        ...


class Owed:
    """What of one connection's answers was made, and is yet to be given."""

    def __init__(self, answers: AnswersLoad) -> None:
        self._answers = answers
        #: By request, how large its answer is.
        self.of: dict[int, int] = {}
        self.bytes = 0

    def add(self, request_id: int, more_bytes: int) -> None:
        """So much more of the answer to that request."""
        self.of[request_id] = self.of.get(request_id, 0) + more_bytes
        self.bytes += more_bytes
        self._answers.held_bytes += more_bytes

    def settle(self, request_id: int) -> None:
        """That answer is given."""
        given_bytes = self.of.pop(request_id, 0)
        self.bytes -= given_bytes
        self._answers.held_bytes -= given_bytes

    def settle_all(self) -> None:
        """None of them will be."""
        self._answers.held_bytes -= self.bytes
        self.of.clear()
        self.bytes = 0


class AnswersLoad:
    """The bytes of answers that were made and lie unread, of all connections together.

    Connections tell what they hold as they write. What was taken since is counted anew only where
    it matters, and not more often than `RECOUNT_S`.
    """

    __slots__ = ("_counted_s", "bytes_max", "held_bytes", "holders", "now_s")

    def __init__(self, bytes_max: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self.bytes_max = bytes_max
        self.held_bytes = 0
        #: The connections that hold any of it.
        self.holders: dict[Holder, None] = {}
        self.now_s = now_s
        self._counted_s = 0.0

    @property
    def room_bytes(self) -> int:
        """How many bytes more may be made."""
        if self.held_bytes >= self.bytes_max:
            self._recount()
        return max(self.bytes_max - self.held_bytes, 0)

    def has_no_room_for(self, request: Any) -> bool:
        """Whether this may answer much, and the unread answers of all leave no room for it."""
        may_be_large = isinstance(request, Query) or type(request) in DELIVERIES
        return may_be_large and not self.room_bytes

    @property
    def is_tight(self) -> bool:
        """Whether more than half is used: readers that take next to nothing are cut then."""
        return self.held_bytes > self.bytes_max // 2

    def _recount(self) -> None:
        now_s = self.now_s()
        if now_s - self._counted_s >= limits.RECOUNT_S:
            self._counted_s = now_s
            for holder in list(self.holders):
                holder.recount()
