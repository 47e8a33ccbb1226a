"""Turns time into commands: sleeps until the earliest deadline in the state, then submits a tick.

While commands arrive often, it looks no further ahead than the clock's horizon, and looks again
when that has come. A further look would have to pass the tombstones of all timers that were
cancelled long before their time. While little happens, each look goes further than the last, and
soon no more looks are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from floruntime.core.limits import DURATION_MS_MAX
from floruntime.core.system import TIMERS_PER_TICK_MAX, Tick, TimerPostpone
from floruntime.core.types import Command
from floruntime.engine.machine import Machine, Outcome
from floruntime.engine.store.guarded import TOLD
from floruntime.server.clock import Clock, Handle

QUIET_COMMANDS_MAX = 64
"""Up to this many commands since the last look count as little happening."""
AHEAD_FACTOR = 4
"""How many times further each look goes while little happens."""
FAILED_TIMER_MS = 60_000
"""A timer whose handler failed (a bug) is fired again after this time, not at once and forever."""


class Ticker:
    """`submit_own` applies a command of the server's own; `before_tick` is called ahead of it."""

    def __init__(
        self,
        machine: Machine,
        clock: Clock,
        submit_own: Callable[[Command[Any]], Outcome],
        before_tick: Callable[[], None],
    ) -> None:
        self._machine = machine
        self._clock = clock
        self._submit_own = submit_own
        self._before_tick = before_tick
        self._timer: Handle | None = None
        self._is_stopped = False
        #: When the next tick is due. It runs before any command that is stamped then or later.
        self.next_ms = 0
        self._ahead_ms = clock.horizon_ms
        self._looked_at = machine.index

    def tick_if_due(self) -> None:
        """Submit ticks until nothing is due: one tick handles a limited number of timers."""
        now_ms = self._clock.now_ms()
        if now_ms < self.next_ms or self._is_stopped:
            return
        # Until these ticks are done, nothing may start another one.
        horizon_ms = now_ms + self._look_ahead_ms()
        self.next_ms = horizon_ms
        self._before_tick()
        if self._machine.first_due(now_ms + 1) is not None and self._submit_own(Tick()).error:
            self._fire_one_by_one()
        due_ms = self._machine.first_due(horizon_ms)
        self._machine.take_earliest_set_ms()
        self._tick_at(horizon_ms if due_ms is None else due_ms)

    def _look_ahead_ms(self) -> int:
        """How far to look. The longer little happens, the further, so that an idle server sleeps.

        While much happens it stays near: each look has to pass the tombstones of what happened.
        """
        applied = self._machine.index
        is_quiet = applied - self._looked_at <= QUIET_COMMANDS_MAX
        self._looked_at = applied
        ahead_ms = self._ahead_ms * AHEAD_FACTOR if is_quiet else self._clock.horizon_ms
        self._ahead_ms = min(ahead_ms, DURATION_MS_MAX)
        return self._ahead_ms

    def _wake(self) -> None:
        with TOLD:
            self.tick_if_due()

    def _fire_one_by_one(self) -> None:
        """Fire timers one by one, because one of them failed; postpone that one."""
        for _ in range(TIMERS_PER_TICK_MAX):
            outcome = self._submit_own(Tick(1))
            if outcome.error is not None:
                self._submit_own(TimerPostpone(FAILED_TIMER_MS))
            elif not outcome.result:
                return

    def no_later_than(self, when_ms: int) -> None:
        """Tick at `when_ms` at the latest: a timer was set for then."""
        if when_ms < self.next_ms:
            self._tick_at(when_ms)

    def _tick_at(self, when_ms: int) -> None:
        if self._is_stopped:
            return
        self.next_ms = when_ms
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(when_ms, self._wake)

    def stop(self) -> None:
        """Tick no more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
