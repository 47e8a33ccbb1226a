"""One life of a worker that reads: it takes items, runs their handlers, and settles them.

An item is a record of a group or a message of a queue; the subclasses say which. If a handler
returns, its item is acked; if it raises, its item is nacked.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Awaitable, Coroutine, Hashable, Iterable, Sequence
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

from floruntime.client.base import BaseClient
from floruntime.client.link.call import Wait
from floruntime.client.worker.attempts import Attempt
from floruntime.client.worker.contexts import Context, Touch
from floruntime.client.worker.failures import error_text
from floruntime.client.worker.handlers import Handler
from floruntime.client.worker.life import Life, Plan, Setting, how_late
from floruntime.core.errors import ConflictError, FloError, NotFoundError
from floruntime.core.limits import LIMIT_MAX

log = logging.getLogger("floruntime.worker")

Item = TypeVar("Item")

ACK = "ack"
NACK = "nack"
RELEASE = "release"


class Verdict(NamedTuple):
    """What happens to an item: ack, nack with an error, release, or what its subclass adds."""

    item: Any
    kind: str
    lease_ends_ms: float
    error: str | None = None
    delay_ms: int = 0


class ReadingLife(Life, Generic[Item]):
    """See the head of this module."""

    def __init__(
        self, plan: Plan, handler: Handler, batch_size: int, client: BaseClient, setting: Setting
    ) -> None:
        super().__init__(plan, client, setting)
        self._handler = handler
        self._batch_size = batch_size
        self._lease_ms = 0
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._wait = Wait()
        self._verdicts: list[Verdict] = []
        self._busy_keys: set[str] = set()
        #: Items that were begun before: the next one begins once the ack of this one is confirmed.
        self._unsettled_keys: set[str] = set()
        self._is_settling = False
        self._is_reading = False

    # What a kind of item does

    @abstractmethod
    async def _read(self, count: int) -> Sequence[Item]:
        """Read up to `count` items; wait for the first as long as the plan says."""

    @abstractmethod
    def _items_of(self, result: Any) -> Sequence[Item]:
        """The items in the answer to a read."""

    @abstractmethod
    def _id_of(self, item: Item) -> Hashable:
        """The id by which a settlement's answer names the item."""

    @abstractmethod
    def _name_of(self, item: Item) -> str:
        """The name of the item in logs."""

    @abstractmethod
    def _context_of(self, item: Item, touch: Touch) -> Context:
        """The context that its handler gets."""

    @abstractmethod
    def _send(self, part: list[Verdict]) -> Awaitable[Any]:
        """Settle items that have the same verdict."""

    @abstractmethod
    def _send_touch(self, items: list[Item], extend_ms: int) -> Awaitable[Any]:
        """Extend leases."""

    def _key_of(self, item: Item) -> str | None:  # subclasses may have keys
        """The key within which items are handled in order; `None` if there is none."""
        return None

    def _was_begun_before(self, item: Item) -> bool:  # subclasses know
        """Whether the item may have ended a worker: then no item behind it may be blamed
        for that.
        """
        return False

    def _failure(self, attempt: Attempt, error: BaseException) -> Verdict:
        """What happens to an item whose handler raised."""
        return Verdict(attempt.item, NACK, attempt.lease_ends_ms, error_text(error))

    # Reading

    def _lanes(self) -> list[Coroutine[Any, Any, None]]:
        return [self._read_lane(), self._settle_lane()]

    def _wake(self) -> None:
        if self._stopped.is_set():
            self._wait.end()
        self._changed.set()
        self._has_room.set()

    @property
    def has_news(self) -> bool:
        return bool(self._verdicts or self._is_settling or self._background)

    @property
    def _room(self) -> int:
        """How many more items may be read: one batch beyond those that run, if a key holds some
        back.
        """
        attempts, batch_size = self._attempts, self._batch_size
        held_more = attempts.running + len(attempts.waiting)
        room = min(attempts.free, self.plan.concurrency + batch_size - held_more)
        return max(0, min(batch_size, room))

    async def _read_lane(self) -> None:
        self._is_reading = True
        try:
            await self._read_on()
        finally:
            self._is_reading = False

    def _take_late(self, result: Any) -> bool:
        """Take the items of a read that was cancelled.

        They were delivered before the items of later reads. If they were given back, they would be
        handled after those.
        """
        if self._stopped.is_set() or not self._is_reading:
            return False
        self._take(self._items_of(result))
        return True

    async def _read_on(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            if not self._room:
                self._has_room.clear()
                await self._has_room.wait()
                continue
            try:
                self._wait = Wait(self._take_late)
                self._take(await self._read(self._room))
                failures = 0
            except NotFoundError:
                await self._again(failures)
                failures += 1
            except FloError as error:
                await self._trouble(error, failures)
                failures += 1

    async def _again(self, failures: int) -> None:
        """Register again: what it reads from was deleted."""
        log.info("worker %s: joining again", self.plan.name)
        try:
            await self._open()
        except FloError as error:
            await self._trouble(error, failures)

    def _take(self, items: Sequence[Item]) -> None:
        attempts = [self._attempt_of(item) for item in items]
        now_ms = self._clock.now_ms()
        for attempt in attempts:
            self._attempts.hold(attempt, now_ms)
        self._attempts.waiting.extend(attempts)
        if self._stopped.is_set():
            self._release_soon()
        else:
            self._begin_waiting()

    def _attempt_of(self, item: Item) -> Attempt:
        attempt = Attempt(self._id_of(item), item, self._handler, self._lease_ms)

        async def touch(extend_ms: int) -> None:
            await self._touch([attempt], extend_ms)
            if attempt.is_over:
                raise ConflictError(f"{self._name_of(item)} belongs to another worker by now")

        attempt.context = self._context_of(item, touch)
        return attempt

    # Handling

    def _begin_waiting(self) -> None:
        attempts = self._attempts
        held_up = []
        while attempts.waiting and attempts.free > 0 and not self._stopped.is_set():
            attempt = attempts.waiting.popleft()
            key = self._key_of(attempt.item)
            if key in self._busy_keys:
                held_up.append(attempt)
                continue
            if key is not None:
                self._busy_keys.add(key)
            attempts.begin(attempt)
        attempts.waiting.extendleft(reversed(held_up))
        self._wake()

    def began(self, attempt: Attempt) -> None:
        pass

    def ended(self, attempt: Attempt, took_ms: float | None) -> None:
        key = self._key_of(attempt.item)
        if key is not None and key not in self._unsettled_keys:
            self._busy_keys.discard(key)
        self._begin_waiting()
        if self._stopped.is_set() and not attempt.is_given_up:
            self._release_soon()

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        if attempt.is_settled:
            return
        self._verdicts.append(Verdict(attempt.item, ACK, attempt.lease_ends_ms))
        key = self._key_of(attempt.item)
        if key is not None and self._was_begun_before(attempt.item):
            self._unsettled_keys.add(key)

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        self._tell_failure(attempt, error)
        self._verdicts.append(self._failure(attempt, error))
        key = self._key_of(attempt.item)
        if key is not None:
            self._give_back_behind(key)
        self._changed.set()

    def _give_back_behind(self, key: str) -> None:
        """Give back the waiting items of the same key, so that they stay behind the failed one."""
        for attempt in [each for each in self._attempts.waiting if self._key_of(each.item) == key]:
            self._attempts.lose(attempt)
            self._verdicts.append(Verdict(attempt.item, RELEASE, attempt.lease_ends_ms))

    def _take_unbegun(self) -> list[Attempt]:
        """Items that wait for another of their key stay until that one has ended, or go back with
        it.

        If they were given back earlier and that one goes back as well, they would be handled before
        it.
        """
        at_work = (each for each in self._attempts.at_work() if each.is_begun)
        busy = {self._key_of(attempt.item) for attempt in at_work} - {None}
        return self._attempts.take_unbegun(lambda each: self._key_of(each.item) not in busy)

    def _release_soon(self) -> None:
        if unbegun := self._take_unbegun():
            self._in_background(self._release(unbegun))

    # Leases

    def touch_due(self, attempts: list[Attempt]) -> None:
        self._in_background(self._touch(attempts, self._lease_ms))

    async def _touch(self, attempts: list[Attempt], extend_ms: int) -> None:
        asked_ms = self._clock.now_ms()
        result = await self._send_touch([attempt.item for attempt in attempts], extend_ms)
        stale = set(result.stale)
        for attempt in attempts:
            if attempt.key in stale:
                self._lost(attempt, "the lease is lost")
            else:
                self._attempts.touched(attempt, asked_ms, extend_ms)

    # Settling

    async def _settle_lane(self) -> None:
        failures = 0
        while not self._is_drained:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(0)  # items that finish in this turn of the loop go along
            while self._verdicts and not self._is_drained:
                failures = await self._settle_some(failures)

    async def _settle(self) -> None:
        failures = 0
        while self._verdicts:
            failures = await self._settle_some(failures)

    async def _settle_some(self, failures: int) -> int:
        """Send the verdicts in order, without a delay. Returns how often this failed in a row."""
        verdicts, self._verdicts = self._verdicts[:LIMIT_MAX], self._verdicts[LIMIT_MAX:]
        same = groupby(verdicts, lambda each: (each.kind, each.error, each.delay_ms))
        parts = [list(part) for _, part in same]
        self._is_settling = True
        try:
            outcomes = await asyncio.gather(*map(self._send, parts), return_exceptions=True)
            return await self._settled(parts, outcomes, failures)
        finally:
            self._is_settling = False

    async def _settled(self, parts: list[list[Verdict]], outcomes: list[Any], failures: int) -> int:
        left: list[Verdict] = []
        trouble: BaseException | None = None
        for part, outcome in zip(parts, outcomes, strict=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, NotFoundError):
                left += part
                trouble = trouble or outcome
                continue
            self._free_keys(part)
            if not isinstance(outcome, NotFoundError):  # else the queue or group was deleted
                self._tell_stale(part, outcome.stale)
        self._verdicts[:0] = left
        if trouble is None:
            return 0
        if not isinstance(trouble, FloError):
            raise trouble
        await self._trouble(trouble, failures)
        return failures + 1

    def _free_keys(self, part: list[Verdict]) -> None:
        """Let items begin that waited until these were settled."""
        freed = self._unsettled_keys.intersection(self._key_of(each.item) or "" for each in part)
        if freed:
            self._unsettled_keys -= freed
            self._busy_keys -= freed
            self._begin_waiting()

    def _tell_stale(self, part: list[Verdict], stale: Iterable[Any]) -> None:
        """Log which verdicts came too late to count."""
        late = set(stale)
        now_ms = self._clock.now_ms()
        for verdict in part:
            if self._id_of(verdict.item) in late:
                log.warning(
                    "worker %s: %s: the server did not take its %s, %s",
                    *(self.plan.name, self._name_of(verdict.item), verdict.kind),
                    how_late(now_ms, verdict.lease_ends_ms),
                )

    async def _release(self, attempts: Iterable[Attempt]) -> None:
        verdicts = [Verdict(each.item, RELEASE, each.lease_ends_ms) for each in attempts]
        if not verdicts:
            return
        try:
            await self._send(verdicts)
        except FloError as error:
            log.warning("worker %s: deliveries could not be handed back: %s", self.plan.name, error)
