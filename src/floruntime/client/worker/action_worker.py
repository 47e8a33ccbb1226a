"""`ActionWorker`: runs a person's handlers for actions.

Results go back in exchanges: one round trip settles what finished and claims what comes next, as
much as there is room for. Where handlers are quick the worker claims ahead, by as many runs as will
begin within `AHEAD_MS`; what has not begun after `PATIENCE_S`, or when the worker stops, goes back
with no attempt counted. Where there is nothing to claim, the exchange waits for it; a result that
comes up meanwhile goes in one of its own, that claims nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

from floruntime.client.base import BaseClient
from floruntime.client.link.call import Wait
from floruntime.client.worker.attempts import Attempt
from floruntime.client.worker.contexts import ActionContext, ActionResult, to_bytes
from floruntime.client.worker.handlers import Function, Handler, error_text, handler_of, may_retry
from floruntime.client.worker.results import Results
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.core.action import ActionInfo
from floruntime.core.errors import BadRequestError, ConflictError, FloError, NotFoundError
from floruntime.core.limits import check_duration, check_name
from floruntime.core.worker import (
    Task,
    TaskResult,
    WorkerExchange,
    WorkerRelease,
    WorkerTouch,
)

log = logging.getLogger("floruntime.worker")

AHEAD_MS = 20
AHEAD_MAX = 500
PATIENCE_S = 0.25
CLAIM_MAX = 1_000
CONFIRM_MS = 1_000
"""How long a wait lasts that carries results: only its answer says that they were taken."""

F = TypeVar("F", bound=Function)


class ActionWorker(WorkerBase):
    """A worker for actions. Name handlers with `@worker.action(...)`, then `await start()`.

    `endpoint`, `token` and `tls` are as for `FloClient`; a connected client does as an endpoint.
    `concurrency`: handlers at once, 1,000 at most. `worker_id`: a name that nobody else has; made
    up unless given. `labels`: runs with labels go to workers that have them all. `metadata`: for
    people. `action_timeout_ms`: what one attempt may take. `block_ms`: how long one wait for work
    lasts. `heartbeat_interval_ms`: how often it says that it lives. `auto_touch`: keep the leases
    while handlers run. `drain_timeout_ms`: how long they may go on after `stop()`.
    """

    def __init__(
        self,
        endpoint: str | BaseClient,
        *,
        namespace: str | None = None,
        concurrency: int = 10,
        worker_id: str | None = None,
        token: str | None = None,
        tls: bool | ssl.SSLContext | None = None,
        labels: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        action_timeout_ms: int = 300_000,
        block_ms: int = 30_000,
        heartbeat_interval_ms: int = 30_000,
        auto_touch: bool = True,
        drain_timeout_ms: int = 30_000,
    ) -> None:
        super().__init__(
            endpoint,
            namespace=namespace,
            token=token,
            tls=tls,
            name=worker_id,
            concurrency=concurrency,
            timeout_ms=action_timeout_ms,
            block_ms=block_ms,
            auto_touch=auto_touch,
            drain_timeout_ms=drain_timeout_ms,
        )
        self.worker_id = self.name
        self.labels = dict(labels or {})
        self.metadata = dict(metadata or {})
        self._heartbeat_ms = check_duration("heartbeat_interval_ms", heartbeat_interval_ms, low=1)
        self._handlers: dict[str, Handler] = {}
        self._options: dict[str, dict[str, Any]] = {}
        self._infos: dict[str, ActionInfo] = {}

    # Handlers

    def action(self, name: str, *, process: bool = False, **options: Any) -> Callable[[F], F]:
        """A decorator: this function handles the action `name`. Options as `action.register`."""

        def register(function: F) -> F:
            self.register_action(name, function, process=process, **options)
            return function

        return register

    def register_action(
        self, name: str, handler: Function, *, process: bool = False, **options: Any
    ) -> None:
        """Let `handler(ctx)` handle the action `name`.

        An async handler runs on the event loop, a plain one in a thread, or with `process=True`
        in a process of its own (it must be a function that can be imported). The other options
        are those of `client.action.register`, which `start()` calls with them. Without any, an
        action that is registered already stays as it is.
        """
        check_name("action", name)
        if self.is_running:
            raise BadRequestError(f"the worker is running; name the action {name!r} before start()")
        if name in self._handlers:
            raise BadRequestError(f"the action {name!r} has a handler already")
        unknown = set(options) - _REGISTER_OPTIONS
        if unknown:
            raise BadRequestError(f"action {name!r}: unknown option {sorted(unknown)[0]!r}")
        self._handlers[name] = handler_of(handler, process)
        self._options[name] = options

    @property
    def actions(self) -> list[str]:
        """The actions that it has handlers for."""
        return list(self._handlers)

    # Life

    def _reset(self) -> None:
        super()._reset()
        self._changed = asyncio.Event()
        self._may_poll = asyncio.Event()
        self._beat_due = asyncio.Event()
        self._is_dry = True
        self._is_polling = False
        self._is_poll_lane_free = False
        self._is_exchanging = False
        self._asked = 0
        self._patience: asyncio.TimerHandle | None = None

    async def _open(self) -> None:
        if not self._handlers:
            raise BadRequestError("the worker has no actions: use @worker.action(name)")
        self._names = self.actions
        info = await self._client.info()
        self._results = Results(info.limits.value_bytes_max)
        await self._register()

    async def _register(self) -> None:
        for name, options in self._options.items():
            self._infos[name] = await self._register_one(name, options)
        await self._client.worker.register(
            self.worker_id,
            self._names,
            concurrency=self.concurrency,
            labels=self.labels,
            metadata=self.metadata,
            namespace=self.namespace,
        )

    async def _register_one(self, name: str, options: dict[str, Any]) -> ActionInfo:
        """A handler that comes without options leaves those that the action has."""
        if not options:
            with contextlib.suppress(NotFoundError):
                return await self._client.action.get(name, namespace=self.namespace)
        return await self._client.action.register(name, **options, namespace=self.namespace)

    def _lanes(self) -> list[Coroutine[Any, Any, None]]:
        return [self._exchange_lane(), self._poll_lane(), self._beat_lane()]

    def _wake(self) -> None:
        self._changed.set()
        self._may_poll.set()
        if self._is_drained:
            self._beat_due.set()

    @property
    def is_at_rest(self) -> bool:
        """Whether no result is on its way and no thread or process is at work."""
        return not self.is_running or not (
            self._results
            or self._carried
            or self._is_exchanging
            or self._background
            or self._attempts.outside
        )

    async def _leave(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        await self._client.worker.deregister(self.worker_id, namespace=self.namespace)

    # Claiming and settling

    @property
    def _room(self) -> int:
        """How many more runs may be claimed."""
        attempts = self._attempts
        taken = attempts.running + len(attempts.waiting) + self._asked
        return max(0, min(CLAIM_MAX, self.concurrency + self._ahead() - taken))

    def _ahead(self) -> int:
        mean_ms = self._attempts.mean_ms
        if mean_ms is None:
            return 0
        return min(AHEAD_MAX, int(self.concurrency * AHEAD_MS / max(mean_ms, 0.001)))

    async def _exchange_lane(self) -> None:
        failures = 0
        while not self._is_drained:
            await self._changed.wait()
            self._changed.clear()
            while self._wants_exchange() and not self._is_drained:
                self._is_exchanging = True
                try:
                    await self._exchange()
                    failures = 0
                except FloError as error:
                    await self._exchange_failed(error, failures)
                    failures += 1
                finally:
                    self._is_exchanging = False

    def _wants_exchange(self) -> bool:
        if self._results:
            return not (self._is_poll_lane_free and self._wants_poll())  # which takes them along
        return self._wants_more()

    def _wants_more(self) -> bool:
        return not (self._is_dry or self._is_polling or self._stopped.is_set()) and self._room > 0

    async def _exchange(self) -> None:
        await self._trade(self._results.take(), self._room if self._wants_more() else 0)

    async def _trade(
        self, results: list[TaskResult], count: int, block_ms: int = 0, wait: Wait | None = None
    ) -> list[Task]:
        """Hand in `results`, and take up to `count` runs."""
        self._asked += count
        try:
            tasks = await self._client.call(
                WorkerExchange(self.worker_id, results, self._names, count, block_ms),
                namespace=self.namespace,
                block_ms=block_ms,
                wait=wait,
            )
        except BaseException:
            self._results.put_back(results)
            raise
        finally:
            self._asked -= count
        if count:
            self._is_dry = len(tasks) < count
        self._take(tasks)
        return tasks

    async def _exchange_failed(self, error: FloError, failures: int) -> None:
        if isinstance(error, NotFoundError):
            await self._again()
        elif isinstance(error, BadRequestError) and self._results:
            log.error("worker %s: results were refused: %s", self.worker_id, error)
            await self._settle_one_by_one(self._results.take())
        else:
            await self._trouble(error, failures)

    async def _settle_one_by_one(self, results: list[TaskResult]) -> None:
        """One result among them is refused: let the others through, and fail that run."""
        for result in results:
            try:
                await self._client.call(
                    WorkerExchange(self.worker_id, [result], self._names, 0),
                    namespace=self.namespace,
                )
            except BadRequestError as error:
                if result.error is None:
                    refused = TaskResult(
                        result.run_id, result.lease, error=error_text(error), retry=False
                    )
                    self._results.add(refused)
            except FloError:
                self._results.add(result)

    async def _settle(self) -> None:
        failures = 0
        while self._results:
            try:
                await self._exchange()
            except FloError as error:
                await self._exchange_failed(error, failures)
                failures += 1

    async def _poll_lane(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            if not self._wants_poll():
                self._may_poll.clear()
                self._is_poll_lane_free = True
                await self._may_poll.wait()
                continue
            self._is_poll_lane_free = False
            try:
                failures = 0 if await self._poll() else failures + 1
            except FloError as error:
                await self._exchange_failed(error, failures)
                failures += 1
            else:
                if failures:  # answered at once, and with nothing
                    self._beat_due.set()
                    await self._pause(self._retry.delay_ms(failures, 0) / 1000)

    def _wants_poll(self) -> bool:
        return self._is_dry and self._room > 0 and not self._stopped.is_set()

    async def _poll(self) -> bool:
        """Wait for work, and deliver what is done. False: the server gave nothing, and early."""
        results = self._results.take()
        self._carried = len(results)
        block_ms = min(self._block_ms, CONFIRM_MS) if results else self._block_ms
        self._is_polling = True
        self._wait = wait = Wait()
        begun_ms = self._clock.now_ms()
        try:
            tasks = await self._trade(results, self._room, block_ms, wait)
        finally:
            self._is_polling = False
            self._carried = 0
        waited_ms = self._clock.now_ms() - begun_ms
        if tasks:
            self._is_poll_lane_free = True
            await asyncio.sleep(0)  # results of handlers that are quick go along with the next poll
        return bool(tasks) or wait.is_ended or waited_ms >= block_ms / 2

    def _take(self, tasks: list[Task]) -> None:
        attempts = [self._attempt_of(task) for task in tasks]
        for attempt in attempts:
            self._attempts.hold(attempt)
        self._attempts.waiting.extend(attempts)
        if self._stopped.is_set():
            self._give_back_waiting()
        else:
            self._begin_waiting()

    def _attempt_of(self, task: Task) -> Attempt:
        lease_ms = self._infos[task.action].timeout_ms
        attempt = Attempt(task.run_id, task, self._handlers[task.action], lease_ms)

        async def touch(extend_ms: int) -> None:
            await self._touch(attempt, extend_ms)

        attempt.context = ActionContext(task, self.namespace, touch)
        return attempt

    async def _again(self) -> None:
        """The server does not know this worker, or one of its actions, any more."""
        log.info("worker %s: registering again", self.worker_id)
        try:
            await self._register()
        except FloError as error:
            await self._trouble(error, 1)

    # What attempts ask for

    def _begin_waiting(self) -> None:
        attempts = self._attempts
        while attempts.waiting and attempts.free > 0 and not self._stopped.is_set():
            attempts.begin(attempts.waiting.popleft())
        if attempts.waiting and self._patience is None and self._loop is not None:
            self._patience = self._loop.call_later(
                PATIENCE_S, self._out_of_patience, attempts.begun_total
            )
        self._wake()

    def _out_of_patience(self, begun_total: int) -> None:
        """Claimed ahead, and then nothing finished: somebody else may be free for these."""
        self._patience = None
        if self._attempts.begun_total == begun_total:
            self._attempts.mean_ms = PATIENCE_S * 1000
            self._give_back_waiting()
        self._begin_waiting()

    def _give_back_waiting(self) -> None:
        waiting = self._attempts.take_waiting()
        if waiting:
            self._in_background(self._release(waiting))

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        task: Task = attempt.item
        try:
            outcome, output = "success", b""
            if isinstance(result, ActionResult):
                outcome, output = result
            else:
                output = to_bytes(result)
            self._results.check(output)
        except Exception as error:
            self.failed(attempt, error)
            return
        self._results.add(TaskResult(task.run_id, task.lease, output, outcome))

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        self._tell_failure(attempt, error)
        task: Task = attempt.item
        self._results.add(
            TaskResult(task.run_id, task.lease, error=error_text(error), retry=may_retry(error))
        )
        self._changed.set()

    def touch_due(self, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            self._in_background(self._touch_by_itself(attempt))

    async def _touch_by_itself(self, attempt: Attempt) -> None:
        with contextlib.suppress(ConflictError):  # which was told already
            await self._touch(attempt, attempt.lease_ms)

    async def _touch(self, attempt: Attempt, extend_ms: int) -> None:
        task: Task = attempt.item
        command = WorkerTouch(self.worker_id, task.run_id, task.lease, extend_ms)
        try:
            goes_on = await self._client.call(command, namespace=self.namespace)
        except ConflictError:
            self._lost(attempt, "the lease is lost")
            raise
        attempt.touch_due_ms = self._clock.now_ms() + min(attempt.lease_ms, extend_ms) / 3
        if not goes_on:
            self._lost(attempt, "the run was cancelled")
            await asyncio.sleep(0)  # here a handler that touches by itself is cancelled

    async def _release(self, attempts: Iterable[Attempt]) -> None:
        await asyncio.gather(*(self._release_one(attempt.item) for attempt in attempts))

    async def _release_one(self, task: Task) -> None:
        command = WorkerRelease(self.worker_id, task.run_id, task.lease)
        try:
            await self._client.call(command, namespace=self.namespace)
        except FloError as error:
            log.warning("worker %s: %s not handed back: %s", self.worker_id, task.run_id, error)

    # Heartbeats

    async def _beat_lane(self) -> None:
        failures = 0
        while not self._is_drained:
            due_ms = int(self._clock.now_ms()) + self._heartbeat_ms
            timer = self._clock.call_at(due_ms, self._beat_due.set)
            try:
                await self._beat_due.wait()
            finally:
                timer.cancel()
            self._beat_due.clear()
            try:
                if not self._is_drained:
                    await self._beat()
                failures = 0
            except FloError as error:
                await self._trouble(error, failures)
                failures += 1
                self._beat_due.set()

    async def _beat(self) -> None:
        running = [attempt.item.run_id for attempt in self._attempts.held]
        heartbeat = await self._client.worker.heartbeat(
            self.worker_id, running=running, namespace=self.namespace
        )
        if not heartbeat.known and not self._stopped.is_set():
            await self._again()
        if heartbeat.draining and not self._stopped.is_set():
            log.info("worker %s: drained from outside", self.worker_id)
            self.stop()
        for run_id in heartbeat.cancelled:
            attempt = self._attempts.get(run_id)
            if attempt is not None:
                self._lost(attempt, "the run was cancelled")


_REGISTER_OPTIONS = {
    "type",
    "timeout_ms",
    "max_retries",
    "retry_delay_ms",
    "run_timeout_ms",
    "description",
    "retention_ms",
}
