"""What `ActionWorker` and `StreamWorker` have in common: their life, and going on over trouble.

A worker is started, works until it is told to stop, finishes what it has in hand (or hands it back
when the time for that is up), and ends. One that was stopped can be started again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable
from typing import Any

from floruntime.client.base import BaseClient
from floruntime.client.link.call import Wait
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.worker import signals
from floruntime.client.worker.attempts import Attempt, Attempts, Clock, LoopClock
from floruntime.client.worker.handlers import error_text
from floruntime.core.errors import (
    BadRequestError,
    FloError,
    ForbiddenError,
    NotConnectedError,
    UnauthorizedError,
)
from floruntime.core.limits import (
    BLOCK_MS_MAX,
    LIMIT_MAX,
    check_duration,
    check_name,
    check_namespace,
    check_range,
)

log = logging.getLogger("floruntime.worker")

CALL_TIMEOUT_MS = 10_000
GOOD_BYE_S = 10.0
"""How long the last results are tried for."""
LOST_S = 1.0
"""How long a worker that has nothing to deliver tries to reach a server that is gone."""
FATAL = (ForbiddenError, NotConnectedError, UnauthorizedError)
"""What time does not heal: it ends the worker."""


def new_name() -> str:
    """A name for a worker or consumer that nobody else has: host, process, and chance."""
    return f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(4)}"


class WorkerBase(ABC):
    """The life of a worker. `endpoint` is as for `FloClient`, or a connected `FloClient`."""

    def __init__(
        self,
        endpoint: str | BaseClient,
        *,
        namespace: str | None,
        token: str | None,
        tls: bool | ssl.SSLContext | None,
        name: str | None,
        concurrency: int,
        timeout_ms: int,
        block_ms: int,
        auto_touch: bool,
        drain_timeout_ms: int,
    ) -> None:
        if isinstance(endpoint, BaseClient):
            self.endpoint: str | BaseClient = endpoint
            namespace = endpoint.namespace if namespace is None else namespace
        else:
            self.endpoint = endpoint
        self.namespace = check_namespace("default" if namespace is None else namespace)
        self.token = token
        self.tls = tls
        self.name = new_name() if name is None else name
        check_name("name", self.name)
        self.concurrency = check_range("concurrency", concurrency, 1, LIMIT_MAX)
        self._timeout_ms = check_duration("timeout_ms", timeout_ms, low=1)
        self._block_ms = check_range("block_ms", block_ms, 1, BLOCK_MS_MAX)
        self._auto_touch = auto_touch
        self._drain_timeout_ms = check_duration("drain_timeout_ms", drain_timeout_ms)
        self._retry = RetryPolicy()
        #: What heartbeats and leases are kept by; a test server sets its own.
        self.clock: Clock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._is_stopping = False
        #: Set while it is known to the server and takes work.
        self.at_work = asyncio.Event()
        self._reset()

    def _reset(self) -> None:
        """Everything that one life of the worker has to itself."""
        self._stopped = asyncio.Event()
        self._is_drained = False
        self._wait = Wait()
        #: How many results the wait that is open has carried to the server.
        self._carried = 0
        self._background: set[asyncio.Task[None]] = set()

    # What a kind of worker does

    @abstractmethod
    async def _open(self) -> None:
        """Make oneself known to the server."""

    @abstractmethod
    def _lanes(self) -> list[Coroutine[Any, Any, None]]:
        """What runs side by side until the worker stops. Each ends soon after `_wake`."""

    @abstractmethod
    async def _settle(self) -> None:
        """Deliver the results that are left. Given up after a while."""

    @abstractmethod
    async def _release(self, attempts: Iterable[Attempt]) -> None:
        """Hand these back, no attempt counted."""

    @abstractmethod
    async def _leave(self) -> None:
        """Tell the server that this worker is gone."""

    @abstractmethod
    def _wake(self) -> None:
        """Something changed: let the lanes look."""

    @property
    @abstractmethod
    def is_at_rest(self) -> bool:
        """Whether nothing of it is on its way to the server, and no thread or process works."""

    # Life

    async def start(self) -> None:
        """Work until `stop()`, SIGINT, SIGTERM or a drain from outside; then end in good order.

        Raises what makes work impossible: no server at the start, a refused token. Everything
        that time may heal is waited out, a lost connection above all.
        """
        if self._ended is not None:
            raise BadRequestError(f"the worker {self.name} is running already")
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._reset()
        stop_listening = signals.listen(self.stop)
        try:
            if not self._is_stopping:
                await self._live()
        finally:
            stop_listening()
            self.at_work.clear()
            self._ended.set()
            self._ended = None
            self._is_stopping = False

    def use_own_connection(self) -> None:
        """Leave the client that it was made on, for a connection of its own to the same server."""
        client = self.endpoint
        if isinstance(client, BaseClient):
            self.endpoint, self.token, self.tls = client.endpoint, client._token, client._tls

    def stop(self) -> None:
        """Take no new work, finish what is in hand, and let `start()` return. From any thread."""
        self._is_stopping = True
        if self._ended is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin_to_stop)

    def hurry(self) -> None:
        """Hear now, not when the wait is over, whether the results that it carried were taken."""
        if self._carried:
            self._wait.end()

    async def close(self) -> None:
        """`stop()`, and wait until the worker has ended."""
        ended = self._ended
        if ended is not None:
            self.stop()
            await ended.wait()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._ended is not None

    def _begin_to_stop(self) -> None:
        if not self._stopped.is_set():
            log.info("worker %s: stopping", self.name)
            self._stopped.set()
            self._wait.end()
            self._wake()

    async def _live(self) -> None:
        client = self.endpoint
        if not isinstance(client, BaseClient):
            client = BaseClient(
                client,
                namespace=self.namespace,
                timeout_ms=CALL_TIMEOUT_MS,
                token=self.token,
                tls=self.tls,
            )
        self._client = client
        await client.connect()
        try:
            await self._work()
        finally:
            if client is not self.endpoint:
                await client.close()

    async def _work(self) -> None:
        clock = self._clock = self.clock or LoopClock()
        self._attempts = Attempts(
            self,
            clock,
            concurrency=self.concurrency,
            timeout_ms=self._timeout_ms,
            auto_touch=self._auto_touch,
        )
        await self._open()
        log.info("worker %s: at work", self.name)
        self.at_work.set()
        lanes = [asyncio.create_task(lane) for lane in self._lanes()]
        try:
            await self._until_stopped(lanes)
            await self._drain(lanes)
        finally:
            await self._end(lanes)
        log.info("worker %s: stopped", self.name)

    async def _until_stopped(self, lanes: list[asyncio.Task[None]]) -> None:
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait([stopped, *lanes], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        for lane in lanes:
            if lane.done():
                lane.result()  # raises what ended it

    async def _drain(self, lanes: list[asyncio.Task[None]]) -> None:
        """No new work; what has not begun goes back at once, what runs may finish."""
        assert self._loop is not None
        until_s = self._loop.time() + self._drain_timeout_ms / 1000
        await self._release(self._attempts.take_waiting())
        while self._attempts.running and self._loop.time() < until_s:
            await self._attempts.finish(until_s - self._loop.time())
        left = self._attempts.take_all()
        try:
            async with asyncio.timeout(self._good_bye_s(bool(left) or not self.is_at_rest)):
                await self._hand_over(left, lanes)
        except TimeoutError:
            if left or not self.is_at_rest:
                log.error("worker %s: what it had in hand could not be delivered", self.name)

    def _good_bye_s(self, has_news: bool) -> float:
        """How long to try: a server that is gone is only waited for with results or runs."""
        return GOOD_BYE_S if has_news or self._client.is_connected else LOST_S

    async def _hand_over(self, left: list[Attempt], lanes: list[asyncio.Task[None]]) -> None:
        if left:
            log.warning("worker %s: %d handlers did not finish in time", self.name, len(left))
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
            left = self._attempts.take_all()  # there are some only where something went wrong
            await self._release(left)
            await asyncio.gather(*self._background)
            async with asyncio.timeout(self._good_bye_s(has_news=False)):
                await self._leave()
        except (FloError, TimeoutError) as error:
            why = error if isinstance(error, FloError) else "no connection"
            log.warning("worker %s: could not say good-bye: %s", self.name, why)
        finally:
            self._attempts.close()

    # Going on over trouble

    async def _trouble(self, error: FloError, attempt: int) -> None:
        """Wait out `error`, longer each time. Raises it where waiting cannot help."""
        if isinstance(error, FATAL):
            raise error
        log.warning("worker %s: %s; trying again", self.name, error)
        delay_s = self._retry.delay_ms(attempt, random.random()) / 1000
        await self._pause(delay_s)

    async def _pause(self, delay_s: float) -> None:
        """Sleep, or until the worker stops."""
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
            log.warning("worker %s: %s", self.name, error)

    # What the attempts ask of their owner

    @abstractmethod
    def succeeded(self, attempt: Attempt, result: Any) -> None:
        """The handler returned."""

    @abstractmethod
    def failed(self, attempt: Attempt, error: BaseException) -> None:
        """The handler raised, or its time was up."""

    def ended(self, attempt: Attempt) -> None:
        """Its handler has returned or raised: a place is free."""
        self._begin_waiting()

    @abstractmethod
    def _begin_waiting(self) -> None:
        """Start what waits for a place, as far as there are places."""

    @abstractmethod
    def touch_due(self, attempts: list[Attempt]) -> None:
        """A third of the lease has passed."""

    def _tell_failure(self, attempt: Attempt, error: BaseException) -> None:
        is_expected = isinstance(error, (FloError, TimeoutError, asyncio.CancelledError))
        attempt.context.log.warning(
            "failed: %s", error_text(error), exc_info=None if is_expected else error
        )

    def _lost(self, attempt: Attempt, why: str) -> None:
        """The server says that the delivery is no longer ours."""
        if not attempt.is_over:
            attempt.context.log.warning("%s: its handler is stopped", why)
            self._attempts.lose(attempt)
