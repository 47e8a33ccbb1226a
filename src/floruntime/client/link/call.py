"""One request on its way to a server, and a handle that ends a long poll early."""

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
"""Requests that change nothing, so the client may always send them again."""

DELIVERIES = (QueueDequeue, GroupRead, WorkerAwait, WorkerExchange, WorkerTurn)
"""Requests that may wait without a write number. If an answer is lost, what it delivered is
delivered again when the lease ends.
"""


OnLate = Callable[[Any], bool]
"""Takes an answer that came late; returns whether it accepts the answer."""


class Call:
    """One request, and the future that its caller awaits (`None`: no caller waits for it)."""

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
        #: The route it was last sent on; `None`: the first link.
        self.route: Route | None = None
        #: When it was sent last, when it was sent first, and when its answer is due.
        self.sent_s = 0.0
        self.first_sent_s = 0.0
        self.due_s = 0.0
        self.was_sent = self.was_sent_again = False
        self.is_abandoned = False
        #: Is offered an answer that comes after its caller has given up.
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
        """Whether the server may hold a delivery for it, and would answer with that again."""
        return self.number != 0 and isinstance(self.request, (*DELIVERIES, GroupClaim))

    def may_be_forgotten(self, now_s: float) -> bool:
        """Whether it is a write that was first sent so long ago that the cluster may have forgotten
        it: the leader may have heard nothing from this client since.
        """
        if not self.was_sent:
            self.first_sent_s = now_s
        return self.number != 0 and now_s - self.first_sent_s > SESSION_AGE_MS_MAX / 1000

    @property
    def ran(self) -> Ran:
        """Whether the call may have taken effect although no answer came."""
        return "maybe" if self.was_sent and not isinstance(self.request, READS) else "no"

    def goes_out(self) -> None:
        """Note that it is being sent, for the first time or again."""
        self.was_sent_again = self.was_sent
        self.was_sent = True

    def as_known(self, error: FloError) -> FloError:
        """Return `error`, the server's answer to this sending, with what is known about the write.

        Servers do not remember refusals. A copy that was sent before, by a link that was lost, may
        still arrive and run. So the write may run although this copy was refused.
        """
        if self.was_sent_again and self.number:
            error.ran = self.ran
        return error

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller was cancelled. It calls `abandon` only one turn of the loop later."""
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
    """A handle for one long poll: `end()` asks the server to answer now.

    The caller still gets that answer. `on_late` is called with an answer that comes after the
    caller has given up. If it returns false, what the answer delivered is handed back.
    """

    def __init__(self, on_late: OnLate | None = None) -> None:
        self.on_late = on_late
        self._end: Callable[[], None] | None = None
        self.is_ended = False

    def attach(self, end: Callable[[], None]) -> None:
        """Note that the poll was sent, or sent again; `end` ends it."""
        self._end = end
        if self.is_ended:
            end()

    def end(self) -> None:
        """Ask the server to answer now. Calling it again does nothing."""
        if not self.is_ended:
            self.is_ended = True
            if self._end is not None:
                self._end()
