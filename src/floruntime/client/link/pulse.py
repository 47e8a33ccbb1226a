"""Detects a dead peer by its silence.

While an answer is due and nothing arrives, the peer is pinged. If it stays silent, the connection
is given up. An answer stays due until it has arrived, also if its caller gave up. A long poll is
due when its time is up; until then the peer is pinged now and then. While nothing is under way,
this module does not ping. But over TCP the connection itself pings now and then (see
`Connection`), and so learns whether the peer still answers.
"""

from __future__ import annotations

import asyncio
import math
from typing import NamedTuple, Protocol

QUIET_S_MIN = 0.5
PATIENCE_S_MIN = 1.0
QUIET_OF_WAITS_S = 10.0
LATE_S = 0.5
"""A timer that is this late shows that this process stood still; it says nothing of the peer."""


class UnderWay(NamedTuple):
    """What is under way: since when, and from when on an answer is due."""

    since_s: float
    due_s: float


class Patient(Protocol):
    """The connection that is watched."""

    def under_way(self) -> UnderWay | None:
        """What is under way; `None` where nothing is."""
        ...

    def ask(self) -> None:
        """Ask for a sign of life."""
        ...

    def silent(self, silent_s: float) -> None:
        """The peer gave no sign of life: nothing came for `silent_s`."""
        ...


class Pulse:
    """Watches one connection. The client's time-out, `timeout_s`, sets how patient it is."""

    def __init__(self, timeout_s: float, patient: Patient) -> None:
        self._loop = asyncio.get_running_loop()
        self._patient = patient
        self._quiet_s = max(QUIET_S_MIN, timeout_s / 4)
        self._quiet_of_waits_s = max(QUIET_OF_WAITS_S, self._quiet_s)
        self._patience_s = max(PATIENCE_S_MIN, timeout_s / 2)
        self._heard_s = self._loop.time()
        self._judge_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = math.inf

    @property
    def silent_s(self) -> float:
        """For how long nothing came."""
        return self._loop.time() - self._heard_s

    def heard(self) -> None:
        """Note that something arrived."""
        self._heard_s = self._loop.time()
        self._judge_s = None

    def expect(self, due_s: float) -> None:
        """Note that a request is under way, whose answer is due at `due_s`."""
        self._wake_at(self._ask_s(UnderWay(self._loop.time(), due_s)))

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def ask(self) -> None:
        """Ask for a sign of life now, and judge by what comes."""
        if self._judge_s is None:
            self._judge_s = self._loop.time() + self._patience_s
        self._patient.ask()
        self._wake_at(self._judge_s)

    def _ask_s(self, under_way: UnderWay) -> float:
        """When to ask, if nothing comes until then."""
        return min(
            max(self._heard_s, under_way.due_s) + self._quiet_s,
            max(self._heard_s, under_way.since_s) + self._quiet_of_waits_s,
        )

    def _wake_at(self, when_s: float) -> None:
        if when_s < self._timer_s:
            self.stop()
            self._timer_s = when_s
            self._timer = self._loop.call_at(when_s, self._look, when_s)

    def _look(self, planned_s: float) -> None:
        self._timer = None
        self._timer_s = math.inf
        now_s = self._loop.time()
        if self._judge_s is not None:
            self._judge(self._judge_s, now_s, now_s - planned_s > LATE_S)
            return
        under_way = self._patient.under_way()
        if under_way is None:
            return
        ask_s = self._ask_s(under_way)
        if ask_s <= now_s:
            self.ask()
        else:
            self._wake_at(ask_s)

    def _judge(self, judge_s: float, now_s: float, is_late: bool) -> None:
        if now_s < judge_s:
            self._wake_at(judge_s)
        elif is_late:
            self._judge_s = None
            self.ask()
        else:
            self._patient.silent(now_s - self._heard_s)
