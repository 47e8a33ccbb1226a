"""One life of a worker, from `start()` to its end, with all state of that time.

A worker registers, works until it is told to stop, and finishes what it holds. If the time for that
is up, it gives the rest back. Then it ends.
"""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple

from floruntime.client.base import BaseClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.worker.attempts import Attempt, Attempts
from floruntime.client.worker.claim_policy import Pace
from floruntime.client.worker.clock import Clock, LoopClock
from floruntime.client.worker.failures import HandlerFailed, error_text
from floruntime.client.worker.own_client import OwnClient
from floruntime.core.errors import (
    FloError,
    ForbiddenError,
    NotConnectedError,
    UnauthorizedError,
)
from floruntime.core.printable import printable

log = logging.getLogger("floruntime.worker")

CLEAN_UP_S = 5.0
"""How long a stopped handler may take to run its `finally`."""
GOOD_BYE_S = 10.0
"""How long the worker tries to deliver its last results."""
LOST_S = 1.0
"""How long a worker with nothing to deliver tries to reach a lost server when it ends."""
FATAL = (ForbiddenError, NotConnectedError, UnauthorizedError)
"""Errors that waiting cannot heal: they end the worker."""


class Plan(NamedTuple):
    """The settings of one life, as the application gave them."""

    name: str
    namespace: str
    concurrency: int
    timeout_ms: int
    block_ms: int
    auto_touch: bool
    drain_timeout_ms: int


class Setting(NamedTuple):
    """Where a worker lives: at its own endpoint with the loop's clock, or at a test server with its
    clock.
    """

    endpoint: str | BaseClient | None = None
    clock: Clock | None = None
    pace: Pace = Pace()
    on_begin: Callable[[Life], None] = lambda life: None


class Life(ABC):
    """What the lives of all workers have in common."""

    def __init__(self, plan: Plan, client: BaseClient, setting: Setting) -> None:
        self.plan = plan
        self._client = client
        self._clock = setting.clock or LoopClock()
        self._retry: RetryPolicy = setting.pace.retry
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._has_given_up = False
        self._is_drained = False
        self._own = OwnClient(client, plan.namespace)
        self._background: set[asyncio.Task[None]] = set()
        self._attempts = Attempts(
            self,
            self._clock,
            concurrency=plan.concurrency,
            timeout_ms=plan.timeout_ms,
            auto_touch=plan.auto_touch,
        )

    # What a kind of worker does

    @property
    @abstractmethod
    def works_on(self) -> str:
        """What it works on, in words: a worker of actions may serve queues beside them."""

    @abstractmethod
    async def _open(self) -> None:
        """Register with the server."""

    @abstractmethod
    def _lanes(self) -> list[Coroutine[Any, Any, None]]:
        """The loops that run side by side until the worker is drained. Each ends soon after
        `_wake`.
        """

    @abstractmethod
    async def _settle(self) -> None:
        """Deliver the results that are left. It is cancelled after a while."""

    @abstractmethod
    async def _release(self, attempts: Iterable[Attempt]) -> None:
        """Give these deliveries back without counting an attempt."""

    @abstractmethod
    async def _leave(self) -> None:
        """Tell the server that this worker has ended."""

    @abstractmethod
    def _wake(self) -> None:
        """Something changed: let the loops look."""

    @property
    @abstractmethod
    def has_news(self) -> bool:
        """Whether it has something to send to the server, or is sending it."""

    @property
    def at_work(self) -> list[Attempt]:
        """The deliveries whose handlers run."""
        return self._attempts.at_work()

    # From the start to the end

    def stop(self) -> None:
        """Take no new work, finish what is in hand, and let `run` return."""
        if not self._stopped.is_set():
            log.info("worker %s: stopping", self.plan.name)
            self._stopped.set()
            self._wake()

    async def run(self, at_work: Callable[[], None]) -> None:
        """Live from start to end. `at_work` is called once the server knows the worker."""
        try:
            await self._open()
        except BaseException:
            self._attempts.close()
            raise
        log.info("worker %s: at work on %s", self.plan.name, self.works_on)
        at_work()
        lanes = [asyncio.create_task(lane) for lane in self._lanes()]
        try:
            await self._until_stopped(lanes)
            await self._drain(lanes)
        finally:
            await self._end(lanes)
        log.info("worker %s: stopped working on %s", self.plan.name, self.works_on)

    async def _until_stopped(self, lanes: list[asyncio.Task[None]]) -> None:
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait([stopped, *lanes], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        for lane in lanes:
            if lane.done():
                lane.result()  # raises what ended the lane

    async def _drain(self, lanes: list[asyncio.Task[None]]) -> None:
        """Take no new work. What has not begun is given back at once, what runs may finish."""
        until_s = self._loop.time() + self.plan.drain_timeout_ms / 1000
        await self._release(self._take_unbegun())
        while self._attempts.running and self._loop.time() < until_s:
            await self._attempts.finish(until_s - self._loop.time())
        left = await self._give_up()
        try:
            async with asyncio.timeout(self._good_bye_s(bool(left) or self.has_news)):
                await self._hand_over(left, lanes)
        except TimeoutError:
            if left or self.has_news:
                log.error(
                    "worker %s: the results that it still had could not be sent", self.plan.name
                )

    def _take_unbegun(self) -> list[Attempt]:
        """Take out the deliveries that may be given back before all handlers have ended."""
        return self._attempts.take_unbegun()

    async def _give_up(self) -> list[Attempt]:
        """Stop the handlers that still run, and let them clean up before another worker may begin
        the same work.
        """
        if self._attempts.running and not self._has_given_up:
            self._has_given_up = True
            count = self._attempts.running
            log.warning("worker %s: %d handlers did not finish in time", self.plan.name, count)
            self._attempts.give_up()
            await self._attempts.finish(CLEAN_UP_S)
        return self._attempts.take_all()

    def _good_bye_s(self, has_news: bool) -> float:
        """How long to try to say goodbye: a lost server is worth a wait only if there are results
        or runs.
        """
        return GOOD_BYE_S if has_news or self._client.is_connected else LOST_S

    async def _hand_over(self, left: list[Attempt], lanes: list[asyncio.Task[None]]) -> None:
        await self._release(left)
        self._is_drained = True
        self._wake()
        await asyncio.wait(lanes)
        await self._settle()

    async def _end(self, lanes: list[asyncio.Task[None]]) -> None:
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        try:
            await self._release(await self._give_up())  # not empty only if something went wrong
            await asyncio.gather(*self._background)
            async with asyncio.timeout(self._good_bye_s(has_news=False)):
                await self._leave()
        except (FloError, TimeoutError) as error:
            why = error if isinstance(error, FloError) else "no connection"
            log.warning(
                "worker %s: could not tell the server that it stops: %s", self.plan.name, why
            )
        finally:
            self._attempts.close()

    # Going on over trouble

    def _raise_fatal(self, error: FloError) -> None:
        """Raise the error if waiting cannot help. Otherwise log it, so that the caller
        tries again.
        """
        if isinstance(error, FATAL):
            raise error
        log.warning("worker %s: %s; trying again", self.plan.name, error)

    async def _trouble(self, error: FloError, attempt: int) -> None:
        """Wait after `error`, longer each time. Raises it if waiting cannot help."""
        self._raise_fatal(error)
        await self._pause(self._retry.delay_ms(attempt, random.random()) / 1000)

    async def _pause(self, delay_s: float) -> None:
        """Sleep until the time is over or the worker stops."""
        if self._stopped.is_set():
            await asyncio.sleep(delay_s)
            return
        try:
            async with asyncio.timeout(delay_s):
                await self._stopped.wait()
        except TimeoutError:
            pass

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._told(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except FloError as error:
            log.warning("worker %s: %s", self.plan.name, error)

    # What the attempts ask of their owner

    @abstractmethod
    def began(self, attempt: Attempt) -> None:
        """Its handler begins."""

    @abstractmethod
    async def commit(self, attempt: Attempt, result: Any) -> None:
        """The handler returned, and has writes that go with its result: send both."""

    @abstractmethod
    def succeeded(self, attempt: Attempt, result: Any) -> None:
        """The handler returned."""

    @abstractmethod
    def failed(self, attempt: Attempt, error: BaseException) -> None:
        """The handler raised, or its time was up."""

    @abstractmethod
    def ended(self, attempt: Attempt, took_ms: float | None) -> None:
        """Its place is free."""

    @abstractmethod
    def touch_due(self, attempts: list[Attempt]) -> None:
        """A third of the lease has passed."""

    def _tell_failure(self, attempt: Attempt, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.stop()  # somebody pressed Ctrl-C, and the interrupt happened to hit this handler
        raised = error.__cause__ if isinstance(error, HandlerFailed) else error
        is_expected = isinstance(raised, (FloError, TimeoutError, asyncio.CancelledError))
        attempt.context.log.warning(
            "failed: %s", printable(error_text(error)), exc_info=None if is_expected else raised
        )

    def _lost(self, attempt: Attempt, why: str) -> None:
        """The server says that the worker no longer holds the delivery."""
        if not attempt.is_over:
            attempt.context.log.warning("%s: its handler is stopped", why)
            self._attempts.lose(attempt)


async def run_all(lives: list[Life], at_work: Callable[[], None]) -> None:
    """Run them side by side; if one ends, all end. `at_work` is called once all run."""
    if len(lives) == 1:
        await lives[0].run(at_work)
        return
    to_begin = len(lives)

    def begun() -> None:
        nonlocal to_begin
        to_begin -= 1
        if not to_begin:
            at_work()

    tasks = [asyncio.ensure_future(life.run(begun)) for life in lives]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for life in lives:
            life.stop()
        await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


def how_late(now_ms: float, lease_ends_ms: float) -> str:
    """Say why a handler's result did not count, as far as the worker knows."""
    late_ms = round(now_ms - lease_ends_ms)
    if late_ms > 0:
        return f"since it came {late_ms} ms after the end of its lease"
    return "since it was cancelled, or another worker has it by now"
