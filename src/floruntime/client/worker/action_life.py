"""One life of an `ActionWorker`: it claims runs, runs their handlers, and sends their results.

The claim policy (`claim_policy.py`) decides the next step, and one of two loops takes it. At most
one poll and one claim are under way at a time. So while a poll stays open, the other loop sends the
results that come up meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, NamedTuple

from floruntime.client.base import BaseClient
from floruntime.client.link.call import Wait
from floruntime.client.worker.attempts import Attempt
from floruntime.client.worker.claim_policy import ClaimPolicy, Do, Hand, Step
from floruntime.client.worker.contexts import ActionContext, ActionResult, to_bytes
from floruntime.client.worker.failures import error_text, may_retry
from floruntime.client.worker.handlers import Handler
from floruntime.client.worker.life import Life, Plan, Setting, how_late
from floruntime.client.worker.pulse import Pulse
from floruntime.client.worker.results import Ended, Results
from floruntime.core.errors import BadRequestError, ConflictError, FloError, NotFoundError
from floruntime.core.limits import VALUE_BYTES_DEFAULT
from floruntime.core.worker import (
    Task,
    TaskBegun,
    TaskResult,
    TurnReply,
    WorkerRelease,
    WorkerTouch,
    WorkerTurn,
)

log = logging.getLogger("floruntime.worker")


PROGRESS_MS = 500
"""How long a progress report waits, so that later reports of the same handler go with it."""


class Work(NamedTuple):
    """What the worker can do, and how its actions are registered."""

    handlers: Mapping[str, Handler]
    options: Mapping[str, Mapping[str, Any]]
    labels: Mapping[str, str]
    metadata: Mapping[str, str]
    heartbeat_ms: int


class News(NamedTuple):
    """What the server does not know yet: which attempts have ended, and which have begun."""

    ended: list[Ended]
    begun: list[Attempt] = []


NOTHING = Step(Do.CLAIM)
"""A step that only sends news."""


class ActionLife(Life):
    """See the head of this module."""

    def __init__(self, plan: Plan, work: Work, client: BaseClient, setting: Setting) -> None:
        super().__init__(plan, client, setting)
        self._work = work
        self._names = list(work.handlers)
        self._results = Results(VALUE_BYTES_DEFAULT)
        #: Attempts that have begun and were not reported to the server yet.
        self._begun: list[Attempt] = []
        self._policy = ClaimPolicy(plan.concurrency, plan.block_ms, setting.pace)
        self._pulse = Pulse(self._clock, work.heartbeat_ms, self._beat)
        self._changed = asyncio.Event()
        #: Results that are on their way to the server.
        self._under_way = 0
        self._pauses = 0
        self._wait = Wait()
        self._progress_due: set[Attempt] = set()

    @property
    def works_on(self) -> str:
        return "actions"

    # Registering

    async def _open(self) -> None:
        info = await self._client.info()
        self._results = Results(info.limits.value_bytes_max)
        await self._register()

    async def _register(self) -> None:
        for name, options in self._work.options.items():
            await self._register_one(name, options)
        await self._client.worker.register(
            self.plan.name,
            self._names,
            concurrency=self.plan.concurrency,
            labels=self._work.labels,
            metadata=self._work.metadata,
            namespace=self.plan.namespace,
        )

    async def _register_one(self, name: str, options: Mapping[str, Any]) -> None:
        """Register one action. A handler without options leaves the action's settings unchanged."""
        if not options:
            with contextlib.suppress(NotFoundError):
                await self._client.action.get(name, namespace=self.plan.namespace)
                return
        await self._client.action.register(name, **options, namespace=self.plan.namespace)

    async def _again(self) -> None:
        """Register again: the server does not know this worker, or one of its actions, any more."""
        log.info("worker %s: registering again", self.plan.name)
        try:
            await self._register()
        except FloError as error:
            self._raise_fatal(error)

    async def _leave(self) -> None:
        await self._client.worker.deregister(self.plan.name, namespace=self.plan.namespace)

    def _lanes(self) -> list[Coroutine[Any, Any, None]]:
        return [self._turns(), self._turns(), self._pulse.run()]

    def _wake(self) -> None:
        if self._stopped.is_set():
            self._policy.stop()
            self._wait.end()
        if self._is_drained:
            self._pulse.end()
        self._changed.set()

    @property
    def has_news(self) -> bool:
        return bool(self._results or self._under_way or self._background)

    # Claiming and handing in

    async def _turns(self) -> None:
        """One of two equal loops: while one has a poll open, the other does what the policy says.

        The loop that takes the next step does all of it itself, so a handler's result never waits
        for another task to begin.
        """
        while not self._is_drained:
            if self._pauses:
                await self._until_changed(None)
            else:
                await self._do(self._policy.next(self._hand(), self._clock.now_ms()))

    def _hand(self) -> Hand:
        attempts = self._attempts
        self._begun = [each for each in self._begun if not each.is_over]
        return Hand(attempts.running, len(attempts.waiting), len(self._results), len(self._begun))

    async def _do(self, step: Step) -> None:
        match step.do:
            case Do.CLAIM:
                await self._take_turn(step, self._take_news())
            case Do.POLL:
                self._wait = Wait()
                await self._take_turn(step, self._take_news(), self._wait)
                await asyncio.sleep(0)  # a handler may end at once: the next step sends its result
            case Do.RELEASE:
                self._in_background(self._release(self._attempts.take_waiting()))
            case Do.WAIT:
                await self._until_changed(step.until_ms)

    async def _until_changed(self, until_ms: float | None) -> None:
        timer = None
        if until_ms is not None:
            timer = self._clock.call_at(int(until_ms) + 1, self._changed.set)
        await self._changed.wait()
        self._changed.clear()
        if timer is not None:
            timer.cancel()

    def _take_news(self) -> News:
        begun, self._begun = self._begun, []
        return News(self._results.take(), begun)

    def _put_back(self, news: News) -> None:
        self._results.put_back(news.ended)
        self._begun[:0] = news.begun

    async def _take_turn(self, step: Step, news: News, wait: Wait | None = None) -> None:
        """Send the news and take runs, as the step says. Meanwhile the other loop may look
        again.
        """
        self._changed.set()
        self._under_way += len(news.ended)
        try:
            pause_ms = await self._hand_in(step, news, wait)
        finally:
            self._under_way -= len(news.ended)
        if pause_ms:
            await self._hold_off(pause_ms)

    async def _hand_in(self, step: Step, news: News, wait: Wait | None) -> float:
        """Send the news and begin the claimed runs. Returns how many milliseconds to pause then."""
        try:
            reply = await self._send(step, news, wait)
        except FloError as error:
            self._put_back(news)
            return await self._failed(step, error)
        except BaseException:
            self._put_back(news)
            raise
        self._take(reply.tasks, step.places)
        # A stale result is answered at once, so a poll that carried one ends early, too.
        was_ended = bool(reply.stale) or (wait is not None and wait.is_ended)
        got, now_ms = len(reply.tasks), self._clock.now_ms()
        pause_ms = self._policy.answered(step, got, now_ms, was_ended=was_ended)
        if pause_ms:
            self._pulse.hurry()  # an early answer without runs: perhaps this worker is drained
        return pause_ms

    async def _hold_off(self, pause_ms: float) -> None:
        """Begin nothing, in both loops, until the pause is over or the worker stops."""
        self._pauses += 1
        try:
            await self._pause(pause_ms / 1000)
        finally:
            self._pauses -= 1
            self._changed.set()

    async def _send(self, step: Step, news: News, wait: Wait | None = None) -> TurnReply:
        request = WorkerTurn(
            self.plan.name,
            self._names,
            [each.result for each in news.ended],
            [TaskBegun(each.item.run_id, each.item.lease) for each in news.begun],
            step.count,
            step.places,
            step.block_ms,
        )
        reply: TurnReply = await self._client.calls.call(
            request,
            namespace=self.plan.namespace,
            block_ms=step.block_ms,
            wait=wait,
            is_alone=True,
        )
        for place in reply.stale:
            self._tell_stale(news.ended[place])
        return reply

    def _tell_stale(self, ended: Ended) -> None:
        log.warning(
            "worker %s: %s: the server did not take its result, %s",
            *(self.plan.name, ended.result.run_id),
            how_late(self._clock.now_ms(), ended.lease_ends_ms),
        )

    async def _failed(self, step: Step, error: FloError) -> float:
        if isinstance(error, NotFoundError):
            await self._again()
        elif isinstance(error, BadRequestError) and self._results:
            log.error("worker %s: results were refused: %s", self.plan.name, error)
            await self._settle_one_by_one(self._results.take())
        else:
            self._raise_fatal(error)
        return self._policy.failed(step, random.random())

    async def _settle_one_by_one(self, ended: list[Ended]) -> None:
        """One of the results is refused: send the others, and fail the run of that one."""
        for each in ended:
            try:
                await self._send(NOTHING, News([each]))
            except BadRequestError as error:
                if each.result.error is None:
                    run_id, lease, text = each.result.run_id, each.result.lease, error_text(error)
                    refused = TaskResult(run_id, lease, error=text, retry=False)
                    self._results.add(each._replace(result=refused))
            except FloError:
                self._results.add(each)

    async def _settle(self) -> None:
        failures = 0
        while self._results:
            news = News(self._results.take())
            try:
                await self._send(NOTHING, news)
                failures = 0
            except FloError as error:
                self._put_back(news)
                await self._trouble(error, failures)
                failures += 1

    def _take(self, tasks: list[Task], places: int) -> None:
        attempts = [self._attempt_of(task) for task in tasks]
        for attempt in attempts[:places]:
            attempt.is_begin_known = True
        now_ms = self._clock.now_ms()
        for attempt in attempts:
            self._attempts.hold(attempt, now_ms)
        self._attempts.waiting.extend(attempts)
        self._begin_waiting()

    def _attempt_of(self, task: Task) -> Attempt:
        attempt = Attempt(task.run_id, task, self._work.handlers[task.action], task.lease_ms)

        async def touch(extend_ms: int) -> None:
            await self._touch(attempt, extend_ms)

        def on_progress() -> None:
            self._loop.call_soon_threadsafe(self._progress_told, attempt)

        attempt.context = ActionContext(
            task, self.plan.namespace, touch, own=self._own, on_progress=on_progress
        )
        return attempt

    # What attempts ask for

    def _begin_waiting(self) -> None:
        attempts = self._attempts
        while attempts.waiting and attempts.free > 0 and not self._stopped.is_set():
            attempts.begin(attempts.waiting.popleft())
        self._changed.set()

    def began(self, attempt: Attempt) -> None:
        self._policy.began()
        if not attempt.is_begin_known:
            self._begun.append(attempt)
        self._changed.set()

    def ended(self, attempt: Attempt, took_ms: float | None) -> None:
        if took_ms is not None:
            self._policy.took(took_ms)
        self._begin_waiting()

    async def commit(self, attempt: Attempt, result: Any) -> None:
        batch = attempt.context.batch()
        outcome, output = self._outcome_of(result)
        batch.worker.complete(self.plan.name, attempt.item, output, outcome=outcome)
        await batch.send()

    def _outcome_of(self, result: Any) -> tuple[str, bytes]:
        """Return the outcome and the output that a handler's result means. Raises if it is
        invalid.
        """
        is_named = isinstance(result, ActionResult)
        outcome, output = result if is_named else ("success", to_bytes(result))
        self._results.check(output)
        return outcome, output

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        if attempt.is_settled:
            return
        task: Task = attempt.item
        try:
            outcome, output = self._outcome_of(result)
        except Exception as error:
            self.failed(attempt, error)
            return
        progress, note = _progress_of(attempt).unknown_progress()
        told = TaskResult(
            task.run_id,
            task.lease,
            output,
            outcome,
            progress=progress,
            progress_note=note,
        )
        self._results.add(Ended(told, attempt.lease_ends_ms))

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        self._tell_failure(attempt, error)
        task: Task = attempt.item
        progress, note = _progress_of(attempt).unknown_progress()
        told = TaskResult(
            task.run_id,
            task.lease,
            error=error_text(error),
            retry=may_retry(error),
            progress=progress,
            progress_note=note,
        )
        self._results.add(Ended(told, attempt.lease_ends_ms))
        self._changed.set()

    # Leases

    def touch_due(self, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            self._in_background(self._touch_by_itself(attempt))

    def _progress_told(self, attempt: Attempt) -> None:
        """A handler reported progress: send it soon, together with what it reports until then."""
        if not (attempt.is_over or attempt in self._progress_due):
            self._progress_due.add(attempt)
            due_ms = int(self._clock.now_ms()) + PROGRESS_MS
            self._clock.call_at(due_ms, lambda: self._send_progress(attempt))

    def _send_progress(self, attempt: Attempt) -> None:
        self._progress_due.discard(attempt)
        if not attempt.is_over:
            extend_ms = int(attempt.lease_ms) if self.plan.auto_touch else 1
            self._in_background(self._touch_by_itself(attempt, extend_ms))

    async def _touch_by_itself(self, attempt: Attempt, extend_ms: int | None = None) -> None:
        with contextlib.suppress(ConflictError):  # the lost lease was handled already
            await self._touch(attempt, extend_ms or int(attempt.lease_ms))

    async def _touch(self, attempt: Attempt, extend_ms: int) -> None:
        task: Task = attempt.item
        context = _progress_of(attempt)
        told, progress = context.told, context.unknown_progress()
        command = WorkerTouch(self.plan.name, task.run_id, task.lease, extend_ms, *progress)
        asked_ms = self._clock.now_ms()
        try:
            goes_on = await self._client.calls.call(command, namespace=self.plan.namespace)
        except ConflictError:
            self._lost(attempt, "the lease is lost")
            raise
        context.known = told
        if goes_on:
            self._attempts.touched(attempt, asked_ms, extend_ms)
        else:
            self._lost(attempt, "the run was cancelled")
            await asyncio.sleep(0)  # lets a handler that called `touch` itself be cancelled here

    async def _release(self, attempts: Iterable[Attempt]) -> None:
        await asyncio.gather(*(self._release_one(attempt.item) for attempt in attempts))

    async def _release_one(self, task: Task) -> None:
        command = WorkerRelease(self.plan.name, task.run_id, task.lease)
        try:
            await self._client.calls.call(command, namespace=self.plan.namespace)
        except FloError as error:
            log.warning(
                "worker %s: %s could not be handed back: %s", self.plan.name, task.run_id, error
            )

    # Heartbeats

    async def _beat(self) -> None:
        """Send a heartbeat; if it fails, once more after a while."""
        try:
            await self._heartbeat()
        except FloError as error:
            await self._trouble(error, 0)
            self._pulse.hurry()

    async def _heartbeat(self) -> None:
        running = [attempt.item.run_id for attempt in self._attempts.held]
        heartbeat = await self._client.worker.heartbeat(
            self.plan.name, running=running, namespace=self.plan.namespace
        )
        if not heartbeat.known and not self._stopped.is_set():
            await self._again()
        if heartbeat.draining and not self._stopped.is_set():
            log.info(
                "worker %s: it was drained, so it finishes what it has and stops", self.plan.name
            )
            self.stop()
        for run_id in heartbeat.cancelled:
            attempt = self._attempts.get(run_id)
            if attempt is not None:
                self._lost(attempt, "the run was cancelled")


def _progress_of(attempt: Attempt) -> ActionContext:
    context = attempt.context
    assert isinstance(context, ActionContext), "attempts at actions have no other"
    return context
