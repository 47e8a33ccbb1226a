"""Shares of the event loop: no connection's flood keeps the others waiting.

Whoever has something to do does it at once, for one share. What is left waits, and so does what
comes next from a connection that was last too much for one share: those are served one after the
other, for so long in each turn of the event loop, and between turns the others are heard. So one
that asks for little waits for a turn at most, however many flood.

Shares are time and not requests: requests differ a thousandfold in what they cost.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from floruntime.server.limits import FIRST_SHARE_S, SHARE_S, TURN_S

MODEST_S = TURN_S / 2
"""While less than this was used in a turn, nobody has to look at the others at all."""


class Turn:
    """Where one of those who work stands."""

    __slots__ = ("is_at_work", "is_cut", "is_greedy", "is_waiting")

    def __init__(self) -> None:
        self.is_waiting = False
        #: Whether it is at work now: what it does may find that there is more to do.
        self.is_at_work = False
        #: Whether what it does now was too much for one share.
        self.is_cut = False
        #: Whether what it did last was.
        self.is_greedy = False


class Work(Protocol):
    """Who has something to do."""

    turn: Turn

    def go_on(self, until_s: float, /) -> bool:
        """Do some of it, and begin nothing more from then on; whether more can be done."""
        ...


class Turns:
    """Shares out the loop's time, which `now_s` measures."""

    def __init__(self, now_s: Callable[[], float] = time.perf_counter) -> None:
        self._loop = asyncio.get_running_loop()
        self.now_s = now_s
        #: What was done in this turn of the loop by those who did not have to wait.
        self.used_s = 0.0
        #: What comes from then on is to be timed (`timing.py`).
        self.timed_from_s = 0.0
        self._modest: deque[Work] = deque()
        self._greedy: deque[Work] = deque()
        self._is_due = False

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
        self.used_s += now_s() - begun_s
        if self.used_s > MODEST_S:
            self._run_soon()  # or what modest turns of the loop use would add up to a full one

    def _let_work(self, work: Work, until_s: float) -> bool:
        work.turn.is_at_work = True
        try:
            return work.go_on(until_s)
        finally:
            work.turn.is_at_work = False

    def _wait(self, work: Work) -> None:
        turn = work.turn
        turn.is_waiting = True
        (self._greedy if turn.is_greedy or turn.is_cut else self._modest).append(work)
        self._run_soon()

    def _run_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        """One turn: those who ask for little first; of the others at least one."""
        self._is_due = False
        end_s = self.now_s() + TURN_S
        for waiting in (self._modest, self._greedy):
            for _ in range(len(waiting)):
                self._serve(waiting.popleft())
                if self.now_s() >= end_s:
                    break
        self.used_s = 0.0
        if self._modest or self._greedy:
            self._run_soon()

    def _serve(self, work: Work) -> None:
        turn = work.turn
        turn.is_waiting = False
        is_known = turn.is_greedy or turn.is_cut
        share_s = SHARE_S if is_known else FIRST_SHARE_S
        if self._let_work(work, self.now_s() + share_s):
            turn.is_cut = True
            self._wait(work)
        else:
            turn.is_greedy, turn.is_cut = turn.is_cut, False
