"""Measures how long answers take: of all requests at a low rate, of a sample at a high rate.

The sample keeps the cost small. A request is timed from its arrival until its answer is sent. The
timer takes the place of the request's sender, so that requests which are not timed need no check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from floruntime.core.wire import Envelope
from floruntime.server.connections.turns import Turns
from floruntime.server.metrics.counts import Counts

TIMED_EVERY_S = 0.002
"""On average one request is timed in this time."""
UNTIMED_S_MAX = 0.2
"""How much time without requests is made up for: 100 requests that arrive together are all timed.

Otherwise, of a get and a put that always follow each other, one would never be timed.
"""


class Sender(Protocol):
    """Who answers."""

    is_closed: bool
    send: Callable[[list[bytes]], None]


class Timing:
    """Times some requests of one connection; `unanswered` holds those without an answer, by id."""

    def __init__(
        self,
        sender: Sender,
        unanswered: Mapping[int, object],
        counts: Counts,
        turns: Turns,
    ) -> None:
        self._sender = sender
        self._send = sender.send
        self._unanswered = unanswered
        self._counts = counts
        self._turns = turns
        #: The timed requests without an answer yet: their kind, and when they arrived.
        self._timed: dict[int, tuple[type[Any], float]] = {}

    def time(self, asked: Envelope | None, came_s: float) -> None:
        """Time a request that arrived at `came_s`; it may be answered already."""
        if asked is None or self._sender.is_closed:
            return  # it was refused before it was asked
        kind, turns = type(asked.request), self._turns
        now_s = turns.now_s()
        turns.timed_from_s = max(turns.timed_from_s, now_s - UNTIMED_S_MAX) + TIMED_EVERY_S
        self._counts.count_if_many()
        if asked.id not in self._unanswered:
            self._counts.took(kind, now_s - came_s)
            return
        self._timed[asked.id] = kind, came_s
        self._sender.send = self._look_and_send

    def look(self) -> None:
        """Record the requests that are answered by now."""
        timed, unanswered = self._timed, self._unanswered
        for request_id in list(timed):
            if request_id not in unanswered:
                kind, came_s = timed.pop(request_id)
                self._counts.took(kind, self._turns.now_s() - came_s)
        if not timed:
            self._sender.send = self._send

    def _look_and_send(self, bodies: list[bytes]) -> None:
        self.look()
        self._send(bodies)
