"""One request on its way to a server, and a hold on one that waits there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from floruntime.client.link.routes.route import Route
from floruntime.core.errors import FloError, Ran
from floruntime.core.limits import SESSION_AGE_MS_MAX
from floruntime.core.queue import QueueDequeue
from floruntime.core.stream import GroupClaim, GroupRead
from floruntime.core.system import GetServerInfo, Ping
from floruntime.core.types import Query, Request
from floruntime.core.worker import WorkerAwait, WorkerExchange, WorkerTurn

READS = (Query, Ping, GetServerInfo)
"""What takes no effect, so that asking it again is always right."""

DELIVERIES = (QueueDequeue, GroupRead, WorkerAwait, WorkerExchange, WorkerTurn)
"""What may go without a write number while it waits: what an answer that got lost delivered comes
again when its lease is over.
"""


OnLate = Callable[[Any], bool]
"""Whether it takes an answer that came late."""


class Call:
    """One request on its way, and the future that its caller awaits (`None`: nobody does)."""

    __slots__ = (
        "block_ms",
        "block_until_s",
        "deadline_s",
        "due_s",
        "first_sent_s",
        "future",
        "id",
        "is_abandoned",
        "namespace",
        "number",
        "on_late",
        "request",
        "route",
        "sent_s",
        "was_sent",
        "was_sent_again",
    )

    def __init__(
        self,
        request: Request[Any],
        namespace: str,
        block_ms: int = 0,
        future: asyncio.Future[Any] | None = None,
    ) -> None:
        self.request = request
        self.namespace = namespace
        self.block_ms = block_ms
        self.block_until_s: float | None = None
        self.future = future
        #: When its caller gives up; 0: never.
        self.deadline_s = 0.0
        self.id = 0
        self.number = 0
        #: By which route it went last; `None`: by the first link.
        self.route: Route | None = None
        #: When it was sent last, and from when on its answer is due.
        self.sent_s = 0.0
        self.first_sent_s = 0.0
        self.due_s = 0.0
        self.was_sent = self.was_sent_again = False
        self.is_abandoned = False
        #: Takes what comes once its caller has given up, if it wants that.
        self.on_late: OnLate | None = None

    @property
    def is_wait(self) -> bool:
        """Whether the server may keep it waiting."""
        return self.block_ms > 0

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again after its link broke."""
        return (
            self.number != 0
            or isinstance(self.request, READS)
            or (self.is_wait and isinstance(self.request, DELIVERIES))
        )

    @property
    def may_have_delivered(self) -> bool:
        """Whether the server may hold a delivery for it, of which it would tell again."""
        return self.number != 0 and isinstance(self.request, (*DELIVERIES, GroupClaim))

    def may_be_forgotten(self, now_s: float) -> bool:
        """Whether it is a write that went out so long ago that a leader of a cluster, who may have
        heard nothing of this client since, may not remember it any more.
        """
        if not self.was_sent:
            self.first_sent_s = now_s
        return self.number != 0 and now_s - self.first_sent_s > SESSION_AGE_MS_MAX / 1000

    @property
    def ran(self) -> Ran:
        """Whether the call may have taken effect although no answer came."""
        return "maybe" if self.was_sent and not isinstance(self.request, READS) else "no"

    def goes_out(self) -> None:
        """It is sent now, for the first time or once more."""
        self.was_sent_again = self.was_sent
        self.was_sent = True

    def as_known(self, error: FloError) -> FloError:
        """What a server told of this sending. A refusal is not remembered: one that was sent before
        may still be on its way, by the link that was lost, and be judged anew when it comes.
        """
        if self.was_sent_again and self.number:
            error.ran = self.ran
        return error

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller was cancelled; it says so itself (`abandon`) only a turn later."""
        return self.future is not None and self.future.cancelled()

    def succeed(self, result: Any) -> None:
        """Give the caller the result."""
        if self.future is not None and not self.future.done():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Give the caller the error."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(error)


class Wait:
    """A hold on one long poll: `end()` asks for its answer now, which its caller still gets.

    `on_late` takes an answer that comes once its caller has given up; what it does not take is
    handed back.
    """

    def __init__(self, on_late: OnLate | None = None) -> None:
        self.on_late = on_late
        self._end: Callable[[], None] | None = None
        self.is_ended = False

    def attach(self, end: Callable[[], None]) -> None:
        """The poll is on its way, or on it again; `end` ends it."""
        self._end = end
        if self.is_ended:
            end()

    def end(self) -> None:
        """Wait no longer. Doing it twice does nothing."""
        if not self.is_ended:
            self.is_ended = True
            if self._end is not None:
                self._end()
