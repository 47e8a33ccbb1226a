"""The deliveries that a worker holds: which of them run, which wait, and until when it holds each.

Every delivery ends once. It is settled (its handler returned or raised, or its time was up), lost
(the server says that the worker no longer holds it), or taken back by the worker to be released.
Whatever its handler does after that has no effect.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Any, Protocol

from floruntime.client.link.tracing import Tracing, the_tracing
from floruntime.client.link.waits import WAITS, Waits
from floruntime.client.worker.clock import Clock, Timer
from floruntime.client.worker.contexts import Context
from floruntime.client.worker.handlers import Handler, Handlers
from floruntime.client.worker.traced import delivered_by

TOUCHES_PER_LEASE = 3
NEVER_MS = math.inf


class Attempt:
    """One delivery that the worker holds. `key` identifies it: a run id, or a record id."""

    __slots__ = (
        "begun_s",
        "context",
        "deadline_ms",
        "handler",
        "is_begin_known",
        "is_begun",
        "is_entered",
        "is_given_up",
        "is_over",
        "is_settled",
        "item",
        "key",
        "lease_ends_ms",
        "lease_ms",
        "task",
        "touch_due_ms",
        "waits",
    )

    def __init__(self, key: Hashable, item: Any, handler: Handler, lease_ms: float) -> None:
        self.key = key
        self.item = item
        self.handler = handler
        self.lease_ms = lease_ms
        self.context: Context
        self.task: asyncio.Task[None] | None = None
        self.waits = Waits()
        self.is_entered = False
        #: The claim itself has told the server that the handler begins.
        self.is_begin_known = False
        self.is_begun = False
        #: Its handler is stopped, and its result is not reported; the delivery will be released.
        self.is_given_up = False
        self.is_over = False
        #: Its success was already reported to the server, together with the handler's writes.
        self.is_settled = False
        self.begun_s = 0.0
        self.lease_ends_ms = 0.0
        self.touch_due_ms = NEVER_MS
        self.deadline_ms = NEVER_MS

    @property
    def awaits_server(self) -> bool:
        """Whether its handler is waiting until the server has something for it."""
        return self.waits.count > 0

    def keep_until(self, ends_ms: float) -> None:
        """Extend the lease to that time; a touch never shortens a lease."""
        self.lease_ends_ms = max(self.lease_ends_ms, ends_ms)
        left_over_ms = self.lease_ms * (TOUCHES_PER_LEASE - 1) / TOUCHES_PER_LEASE
        self.touch_due_ms = self.lease_ends_ms - left_over_ms


class Owner(Protocol):
    """The worker that these attempts belong to."""

    def began(self, attempt: Attempt) -> None:
        """Its handler begins."""
        ...

    async def commit(self, attempt: Attempt, result: Any) -> None:
        """The handler returned, and has writes that go with its result: send both."""
        ...

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        """The handler returned; report the result unless the attempt is settled."""
        ...

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        """The handler raised, or its time was up."""
        ...

    def ended(self, attempt: Attempt, took_ms: float | None) -> None:
        """Its place is free. `took_ms`: how long its handler ran; `None` if it never began."""
        ...

    def touch_due(self, attempts: list[Attempt]) -> None:
        """A third of the lease has passed."""
        ...


class Attempts:
    """Starts handlers, at most `concurrency` at once, and enforces their time limits."""

    def __init__(
        self, owner: Owner, clock: Clock, *, concurrency: int, timeout_ms: int, auto_touch: bool
    ) -> None:
        self._owner = owner
        self._clock = clock
        self._concurrency = concurrency
        self._timeout_ms = timeout_ms
        self._auto_touch = auto_touch
        self._handlers = Handlers(concurrency)
        #: The context variables that each handler begins with; it sees no other handler's changes.
        self._context = contextvars.copy_context()
        self._held: dict[Hashable, Attempt] = {}
        self._running: dict[Attempt, None] = {}
        self._timer: Timer | None = None
        self._timer_due_ms = NEVER_MS
        #: Deliveries that wait for a place, in order.
        self.waiting: deque[Attempt] = deque()

    @property
    def held(self) -> Iterable[Attempt]:
        """All deliveries that are held and not over."""
        return self._held.values()

    @property
    def running(self) -> int:
        """How many places are taken."""
        return len(self._running)

    @property
    def free(self) -> int:
        """How many places are free."""
        return self._concurrency - len(self._running)

    def get(self, key: Hashable) -> Attempt | None:
        """Return the delivery that is held under `key`."""
        return self._held.get(key)

    def at_work(self) -> list[Attempt]:
        """The deliveries that take a place."""
        return list(self._running)

    def hold(self, attempt: Attempt, now_ms: float) -> None:
        """Hold `attempt`: its lease is kept from now on."""
        former = self._held.get(attempt.key)
        if former is not None:
            self.lose(former)  # delivered again, so the former delivery was lost
        self._held[attempt.key] = attempt
        self.touched(attempt, now_ms, attempt.lease_ms)

    def touched(self, attempt: Attempt, asked_ms: float, extend_ms: float) -> None:
        """Extend the lease to `asked_ms` + `extend_ms`, unless it lasts longer already."""
        attempt.keep_until(asked_ms + extend_ms)
        if self._auto_touch and attempt.touch_due_ms < self._timer_due_ms:
            self._wake_at(attempt.touch_due_ms)

    def begin(self, attempt: Attempt) -> None:
        """Give a held attempt a place."""
        self._running[attempt] = None
        context = self._context.copy()
        context.run(WAITS.set, attempt.waits)
        loop = asyncio.get_running_loop()
        attempt.task = loop.create_task(self._run(attempt), context=context)

    def _began(self, attempt: Attempt) -> None:
        """Its handler begins, now or because a process is free. Its time counts from now on."""
        if attempt.is_over:
            return
        attempt.is_begun = True
        attempt.begun_s = asyncio.get_running_loop().time()
        attempt.deadline_ms = self._clock.now_ms() + self._timeout_ms
        if attempt.deadline_ms < self._timer_due_ms:
            self._wake_at(attempt.deadline_ms)
        self._owner.began(attempt)

    async def _run(self, attempt: Attempt) -> None:
        attempt.is_entered = True
        try:
            tracing = the_tracing()
            if tracing is None:
                result = await self._done(attempt)
            else:
                result = await self._traced(attempt, tracing)
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
            self._left(attempt)

    async def _traced(self, attempt: Attempt, tracing: Tracing) -> Any:
        context = attempt.context
        with tracing.handling(delivered_by(context)) as traceparent:
            context.traceparent = traceparent or context.traceparent
            return await self._done(attempt)

    async def _done(self, attempt: Attempt) -> Any:
        """What the handler returns, together with all its writes."""
        began = partial(self._began, attempt)
        result = await self._handlers.run(attempt.handler, attempt.context, began)
        if attempt.context.has_writes:
            await self._owner.commit(attempt, result)
            attempt.is_settled = True
        return result

    def _left(self, attempt: Attempt) -> None:
        self._running.pop(attempt, None)
        took_ms = None
        if attempt.is_begun:
            took_ms = (asyncio.get_running_loop().time() - attempt.begun_s) * 1000
        self._owner.ended(attempt, took_ms)

    def _fail(self, attempt: Attempt, error: BaseException) -> None:
        if self._end(attempt):
            self._owner.failed(attempt, error)

    def _end(self, attempt: Attempt) -> bool:
        """Whether its result should be reported: the attempt was neither over nor given up."""
        if attempt.is_over or attempt.is_given_up:
            return False
        self._drop(attempt)
        return True

    def _drop(self, attempt: Attempt) -> None:
        attempt.is_over = True
        if self._held.get(attempt.key) is attempt:
            del self._held[attempt.key]

    def lose(self, attempt: Attempt) -> None:
        """The worker no longer holds it: stop its handler and drop its result."""
        if not attempt.is_over:
            self._drop(attempt)
            self._stop(attempt)

    def _stop(self, attempt: Attempt) -> None:
        attempt.context.is_cancelled = True
        if attempt.task is None:
            self.waiting = deque(each for each in self.waiting if each is not attempt)
            return
        attempt.task.cancel()
        if not attempt.is_entered:  # nothing of the handler will run then, not even its `finally`
            attempt.is_entered = True
            attempt.task.add_done_callback(lambda _: self._left(attempt))

    def take_unbegun(
        self, may_go: Callable[[Attempt], bool] = lambda attempt: True
    ) -> list[Attempt]:
        """Take out and return all deliveries that have not begun and may be released."""
        unbegun = [each for each in self._held.values() if not each.is_begun and may_go(each)]
        for attempt in unbegun:
            self.lose(attempt)
        return unbegun

    def take_waiting(self) -> list[Attempt]:
        """Take out and return all deliveries without a place."""
        waiting = list(self.waiting)
        for attempt in waiting:
            self._drop(attempt)
        self.waiting.clear()
        return waiting

    def give_up(self) -> None:
        """Stop every handler. They may use their time for `finally`; leases are kept meanwhile."""
        for attempt in self._held.values():
            attempt.is_given_up = True
            self._stop(attempt)

    def take_all(self) -> list[Attempt]:
        """Take out and return all deliveries; handlers that still run are stopped."""
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
        """End the timer and the processes, and each thread as it becomes free."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for attempt in self._running:
            self._stop(attempt)  # a second stop ends a task that is still waiting for a thread
        self._handlers.close()

    # Time

    def _wake_at(self, due_ms: float) -> None:
        """Look again at `due_ms`, which is earlier than any planned look."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due_ms = due_ms
        self._timer = self._clock.call_at(int(due_ms) + 1, self._look)

    def _look(self) -> None:
        """Touch what is due, end what took too long, and look again when the next is due."""
        self._timer, self._timer_due_ms = None, NEVER_MS
        now_ms = self._clock.now_ms()
        for attempt in [each for each in self._held.values() if each.deadline_ms <= now_ms]:
            self._time_out(attempt)
        if self._auto_touch:
            due = [each for each in self._held.values() if each.touch_due_ms <= now_ms]
            for attempt in due:  # touch again after another third, if this touch is not answered
                attempt.touch_due_ms = now_ms + attempt.lease_ms / TOUCHES_PER_LEASE
            if due:
                self._owner.touch_due(due)
        next_due_ms = min(map(self._next_due_ms, self._held.values()), default=NEVER_MS)
        if next_due_ms < self._timer_due_ms:
            self._wake_at(next_due_ms)

    def _next_due_ms(self, attempt: Attempt) -> float:
        touch_due_ms = attempt.touch_due_ms if self._auto_touch else NEVER_MS
        return min(touch_due_ms, attempt.deadline_ms)

    def _time_out(self, attempt: Attempt) -> None:
        self._drop(attempt)
        self._stop(attempt)
        self._owner.failed(attempt, TimeoutError(f"not done within {self._timeout_ms} ms"))
