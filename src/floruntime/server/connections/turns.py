"""Divides the event loop's time among connections, so that no flood delays the others.

A connection that has work does it at once, for one share of time. The rest waits. So does what
arrives next on a connection whose last work was too much for one share. Waiting connections are
served one after the other, for a limited time in each turn of the event loop; between turns all
other connections are served. So a connection that asks for little waits for one turn at most,
however many flood.

Shares are time and not a number of requests, because the cost of requests differs a thousandfold. A
connection whose single requests take longer than a share also counts as too much, if that happens
again and again. The more connections wait, the lower this bound is: of a hundred with half a
millisecond each, the last would wait long. But it never falls below half of the time that waiting
requests take on average, because on a slow machine all requests take longer.

The turn of flooding connections is short while others ask for something. It ends early if a batch
has become durable in which one of those waits. Once floods have filled the open batch
(`commit/fill.py`), they wait for a new one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from floruntime.core.wire import is_command
from floruntime.server.commit.fill import Fill
from floruntime.server.limits import (
    COUNTED_BYTES_MIN,
    FIRST_SHARE_S,
    FLOODED_S,
    SHARE_S,
    TURN_S,
    WRITTEN_S_PER_BYTE,
)

HEARD_S = 0.1
"""So long after others were heard the turns of those who flood stay short."""
SLOW, GREEDY, SLOWEST = 2, 3, 4
"""What one that took too long counts; from when on it is too much; and the most that is counted."""
LATEST = 1 / 16
"""How much the latest counts in what is usual."""
LITTLE_S = 0.0001
"""What is never too much."""
MODEST_S = TURN_S / 2
"""While less than this was used in a turn, nobody has to look at the others at all."""


class Turn:
    """Where one of those who work stands."""

    __slots__ = (
        "beside_s",
        "command_s",
        "held_by",
        "is_at_work",
        "is_cut",
        "is_waiting",
        "slowness",
    )

    def __init__(self) -> None:
        self.is_waiting = False
        #: Time that counts in addition to its work now: its bytes must still be written.
        self.beside_s = 0.0
        #: How long each command took that it last put into a batch.
        self.command_s = 0.0
        #: Whether it is working now: its work may find that there is more to do.
        self.is_at_work = False
        #: Whether what it does now was too much for one share.
        self.is_cut = False
        #: How often its work took too long lately. Once is not yet too much, because the delay may
        #: have come from elsewhere.
        self.slowness = 0
        #: The open batch that had no room for its next command, if there is one.
        self.held_by: Fill | None = None

    @property
    def is_greedy(self) -> bool:
        """Whether its work lately was too much."""
        return self.slowness >= GREEDY

    @property
    def is_flooding(self) -> bool:
        """Whether it is one of the connections that take turns."""
        return self.is_greedy or self.is_cut

    def weigh(self, body: bytes) -> None:
        """Count the bytes of a large body, too, because they must be written."""
        if (size_bytes := len(body)) > COUNTED_BYTES_MIN:
            self.beside_s += size_bytes * WRITTEN_S_PER_BYTE

    def may_put(self, body: bytes, fill: Fill) -> bool:
        """Whether its next request may run now: a command needs room in the open batch."""
        is_held = not fill.has_room_for(self.command_s) and is_command(body)
        self.held_by = fill if is_held else None
        return not is_held

    @property
    def is_held(self) -> bool:
        """Whether the batch that it waits for is still full."""
        return self.held_by is not None and self.held_by.is_full

    def put(self, commands: int, spent_s: float, fill: Fill) -> None:
        """It has put so many commands into the open batch, in this time."""
        if commands:
            self.command_s = spent_s / commands
            fill.add(commands, spent_s)

    def took(self, used_s: float, share_s: float) -> None:
        """Its work took `used_s`, of `share_s` that it was allowed."""
        if self.is_cut:
            self.slowness = max(self.slowness, GREEDY)
        elif used_s > share_s:
            self.slowness = min(self.slowness + SLOW, SLOWEST)
        elif self.slowness:
            self.slowness -= 1
        self.is_cut = False


class Work(Protocol):
    """Who has something to do."""

    turn: Turn

    def go_on(self, until_s: float, /) -> bool:
        """Do some of it, and begin nothing more after `until_s`. Returns whether more can
        be done.
        """
        ...


class Turns:
    """Shares out the loop's time, which `now_s` measures. `has_news`: whether a batch has become
    durable, and nobody in it was told.
    """

    def __init__(
        self,
        has_news: Callable[[], bool] = lambda: False,
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.now_s = now_s
        #: What was done in this turn of the loop by those who did not have to wait.
        self.used_s = 0.0
        #: What comes from then on is to be timed (`timing.py`).
        self.timed_from_s = 0.0
        self._has_news = has_news
        self._modest: deque[Work] = deque()
        self._greedy: deque[Work] = deque()
        #: Those who wait for the next batch.
        self._held: deque[Work] = deque()
        self._is_due = False
        #: What those who wait take of late, when it is their turn.
        self._usual_s = 0.0
        #: When somebody was last heard who did not have to wait.
        self._heard_s = 0.0

    def begin(self, work: Work) -> None:
        """There is something to do for `work`: now, or when its turn comes."""
        turn = work.turn
        if turn.is_waiting or turn.is_at_work:
            return  # it has its turn, and tells at the end whether there is more
        if turn.is_greedy or self.used_s >= TURN_S:
            self._wait(work)
            return
        now_s = self.now_s
        begun_s = now_s()
        if self._let_work(work, begun_s + SHARE_S):
            turn.is_cut = True
            self._wait(work)
        used_s = now_s() - begun_s + turn.beside_s
        if (used_s > LITTLE_S or turn.slowness) and not turn.is_cut:
            turn.took(used_s, self._share_s)
        self.used_s += used_s
        if self.used_s > MODEST_S:
            self._run_soon()  # or what modest turns of the loop use would add up to a full one

    @property
    def _share_s(self) -> float:
        """What one may take that is not too much: the more wait, the less."""
        waiting = len(self._modest) + len(self._greedy) + len(self._held)
        if not waiting:
            return SHARE_S
        return min(SHARE_S, max(TURN_S / waiting, LITTLE_S, self._usual_s / 2))

    def _let_work(self, work: Work, until_s: float) -> bool:
        work.turn.is_at_work = True
        work.turn.beside_s = 0.0
        try:
            return work.go_on(until_s)
        finally:
            work.turn.is_at_work = False

    def _wait(self, work: Work) -> None:
        turn = work.turn
        turn.is_waiting = True
        if turn.is_held:
            self._held.append(work)
            return
        (self._greedy if turn.is_flooding else self._modest).append(work)
        self._run_soon()

    def let_go_on(self) -> None:
        """There is a new batch: those who wait for one come first."""
        held = self._held
        held.extend(self._greedy)
        self._greedy, self._held = held, deque()
        if held:
            self._run_soon()

    def _run_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        """One turn: those who ask for little first; of the others at least one."""
        self._is_due = False
        begun_s = now_s = self.now_s()
        end_s = begun_s + TURN_S
        waiting = self._modest
        for _ in range(len(waiting)):
            now_s = self._serve(waiting.popleft(), now_s, FIRST_SHARE_S)
            if now_s >= end_s:
                break
        if self.used_s:
            self._heard_s = begun_s
        is_alone = begun_s - self._heard_s > HEARD_S
        end_s = min(begun_s + TURN_S - self.used_s, now_s + (TURN_S if is_alone else FLOODED_S))
        waiting = self._greedy
        for _ in range(len(waiting)):
            work = waiting.popleft()
            if work.turn.is_held:
                self._held.append(work)
                continue
            now_s = self._serve(work, now_s, SHARE_S)
            if now_s >= end_s or self._has_news():
                break
        self.used_s = 0.0
        if self._modest or self._greedy:
            self._run_soon()

    def _serve(self, work: Work, now_s: float, share_s: float) -> float:
        """Let it have its share; answers the time at the end."""
        turn = work.turn
        turn.is_waiting, turn.held_by = False, None
        has_more = self._let_work(work, now_s + share_s)
        end_s = self.now_s()
        self._usual_s += (end_s - now_s - self._usual_s) * LATEST
        if has_more:
            turn.is_cut = True
            self._wait(work)
        else:
            turn.took(end_s - now_s + turn.beside_s, self._share_s)
        return end_s
