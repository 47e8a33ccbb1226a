"""The deliveries that a worker has in hand: which run, which wait, and until when they are its own.

Every delivery ends once: settled (its handler returned or raised, or its time was up), lost (the
server says that it is no longer ours) or taken back by the worker to be released. Whatever its
handler does after that has no effect.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Protocol

from floruntime.client.worker.contexts import Context
from floruntime.client.worker.handlers import Handler, Handlers

TOUCHES_PER_LEASE = 3
NEVER_MS = math.inf


class Timer(Protocol):
    """A scheduled call that can be taken back."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What leases and heartbeats are kept by: the loop's clock, or a test server's."""

    def now_ms(self) -> float:
        """The time, from any beginning."""
        ...

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        """Call back once `when_ms` is reached."""
        ...


class LoopClock:
    """The event loop's own clock."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now_ms(self) -> float:
        return self._loop.time() * 1000

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        return self._loop.call_at(when_ms / 1000, callback)


class Attempt:
    """One delivery in hand. `key`: what it is known by (a run id, a record id)."""

    __slots__ = (
        "begun_ms",
        "context",
        "deadline_ms",
        "handler",
        "is_over",
        "item",
        "key",
        "lease_ms",
        "task",
        "touch_due_ms",
    )

    def __init__(self, key: Hashable, item: Any, handler: Handler, lease_ms: int) -> None:
        self.key = key
        self.item = item
        self.handler = handler
        self.lease_ms = lease_ms
        self.context: Context
        self.task: asyncio.Task[None] | None = None
        self.begun_ms = 0.0
        self.touch_due_ms = 0.0
        self.deadline_ms = NEVER_MS
        self.is_over = False


class Owner(Protocol):
    """Whose attempts these are."""

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        """The handler returned."""
        ...

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        """The handler raised, or its time was up."""
        ...

    def ended(self, attempt: Attempt) -> None:
        """Its handler has returned or raised: a place is free."""
        ...

    def touch_due(self, attempts: list[Attempt]) -> None:
        """A third of the lease has passed."""
        ...


class Attempts:
    """Starts handlers, at most `concurrency` at once, and watches over their time."""

    def __init__(
        self, owner: Owner, clock: Clock, *, concurrency: int, timeout_ms: int, auto_touch: bool
    ) -> None:
        self._owner = owner
        self._clock = clock
        self._concurrency = concurrency
        self._timeout_ms = timeout_ms
        self._auto_touch = auto_touch
        self._handlers = Handlers(concurrency)
        self._held: dict[Hashable, Attempt] = {}
        self._running: set[Attempt] = set()
        self._timer: Timer | None = None
        self._timer_due_ms = 0.0
        #: Deliveries that wait for a place, in order.
        self.waiting: deque[Attempt] = deque()
        #: How long a handler takes, the latest counting most.
        self.mean_ms: float | None = None
        self.begun_total = 0

    @property
    def held(self) -> Iterable[Attempt]:
        """All that are ours and not over."""
        return self._held.values()

    @property
    def running(self) -> int:
        """How many places are taken."""
        return len(self._running)

    @property
    def free(self) -> int:
        """How many places are free."""
        return self._concurrency - len(self._running)

    @property
    def outside(self) -> int:
        """How many handlers run in threads or processes."""
        return self._handlers.outside

    def get(self, key: Hashable) -> Attempt | None:
        """The delivery held under `key`."""
        return self._held.get(key)

    def hold(self, attempt: Attempt) -> None:
        """Take `attempt` in hand: its lease is kept from now on."""
        former = self._held.get(attempt.key)
        if former is not None:
            self.lose(former)  # delivered anew: what we still had of it was lost
        self._held[attempt.key] = attempt
        now_ms = self._clock.now_ms()
        attempt.touch_due_ms = now_ms + attempt.lease_ms / TOUCHES_PER_LEASE
        if self._auto_touch:
            self._wake_at(attempt.touch_due_ms)

    def begin(self, attempt: Attempt) -> None:
        """Start the handler of a held attempt."""
        attempt.begun_ms = self._clock.now_ms()
        attempt.deadline_ms = attempt.begun_ms + self._timeout_ms
        self._running.add(attempt)
        self.begun_total += 1
        attempt.task = asyncio.get_running_loop().create_task(self._run(attempt))
        self._wake_at(attempt.deadline_ms)

    async def _run(self, attempt: Attempt) -> None:
        begun_s = asyncio.get_running_loop().time()
        try:
            result = await self._handlers.run(attempt.handler, attempt.context)
        except asyncio.CancelledError as error:
            self._fail(attempt, error)
        except Exception as error:
            self._fail(attempt, error)
        except BaseException as error:  # SystemExit ends an attempt, not the worker
            self._fail(attempt, error)
            if isinstance(error, GeneratorExit):
                raise
        else:
            if self._end(attempt):
                self._owner.succeeded(attempt, result)
        finally:
            self._running.discard(attempt)
            self._measure((asyncio.get_running_loop().time() - begun_s) * 1000)
            self._owner.ended(attempt)

    def _fail(self, attempt: Attempt, error: BaseException) -> None:
        if self._end(attempt):
            self._owner.failed(attempt, error)

    def _measure(self, took_ms: float) -> None:
        mean_ms = self.mean_ms
        self.mean_ms = took_ms if mean_ms is None else mean_ms + (took_ms - mean_ms) / 8

    def _end(self, attempt: Attempt) -> bool:
        """Whether it was not over yet."""
        if attempt.is_over:
            return False
        attempt.is_over = True
        if self._held.get(attempt.key) is attempt:
            del self._held[attempt.key]
        return True

    def lose(self, attempt: Attempt) -> None:
        """It is no longer ours: stop its handler, drop its result."""
        if self._end(attempt):
            self._stop(attempt)

    def _stop(self, attempt: Attempt) -> None:
        attempt.context.is_cancelled = True
        if attempt.task is None:
            self.waiting = deque(each for each in self.waiting if each is not attempt)
        else:
            attempt.task.cancel()

    def take_waiting(self) -> list[Attempt]:
        """Everything that has not begun, out of hand."""
        waiting = list(self.waiting)
        self.waiting.clear()
        return [attempt for attempt in waiting if self._end(attempt)]

    def take_all(self) -> list[Attempt]:
        """Everything, out of hand; handlers are stopped."""
        taken = list(self._held.values())
        for attempt in taken:
            self.lose(attempt)
        return taken

    async def finish(self, timeout_s: float) -> None:
        """Wait until no handler runs, up to `timeout_s`."""
        tasks = [attempt.task for attempt in self._running if attempt.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)

    def close(self) -> None:
        """End the timer, the threads and the processes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._handlers.close()

    # Time

    def _wake_at(self, due_ms: float) -> None:
        if self._timer is not None:
            if self._timer_due_ms <= due_ms:
                return
            self._timer.cancel()
        self._timer_due_ms = due_ms
        self._timer = self._clock.call_at(int(due_ms) + 1, self._look)

    def _look(self) -> None:
        """Touch what is due, end what took too long, and look again when the next is due."""
        self._timer = None
        now_ms = self._clock.now_ms()
        for attempt in [each for each in self._held.values() if each.task is not None]:
            if attempt.deadline_ms <= now_ms:
                self._time_out(attempt)
        if self._auto_touch:
            due = [each for each in self._held.values() if each.touch_due_ms <= now_ms]
            for attempt in due:
                attempt.touch_due_ms = now_ms + attempt.lease_ms / TOUCHES_PER_LEASE
            if due:
                self._owner.touch_due(due)
        next_due_ms = min(map(self._next_due_ms, self._held.values()), default=NEVER_MS)
        if next_due_ms < NEVER_MS:
            self._wake_at(next_due_ms)

    def _next_due_ms(self, attempt: Attempt) -> float:
        touch_due_ms = attempt.touch_due_ms if self._auto_touch else NEVER_MS
        return min(touch_due_ms, attempt.deadline_ms)

    def _time_out(self, attempt: Attempt) -> None:
        self._end(attempt)
        self._stop(attempt)
        self._owner.failed(attempt, TimeoutError(f"not done within {self._timeout_ms} ms"))
