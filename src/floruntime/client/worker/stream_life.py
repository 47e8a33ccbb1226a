"""One life of a `StreamWorker`: it reads records, lets handlers have them, and settles them.

A returning handler acks its record, a raising one nacks it. In a `key_shared` group the records of
one partition key are handled one after the other, in order; when one fails, those of its key that
wait here go back behind it. (Of a key whose record failed, later ones that were already on their
way may be handled before it is tried again.)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Iterable
from itertools import groupby
from typing import Any, NamedTuple

from floruntime.client.base import BaseClient
from floruntime.client.link.call import Wait
from floruntime.client.worker.attempts import Attempt
from floruntime.client.worker.contexts import StreamContext
from floruntime.client.worker.failures import error_text
from floruntime.client.worker.handlers import Handler
from floruntime.client.worker.life import Life, Plan, Setting, how_late
from floruntime.core.backoff import RetryDelay
from floruntime.core.errors import ConflictError, FloError, NotFoundError
from floruntime.core.limits import LIMIT_MAX
from floruntime.core.stream import GroupRead, StreamRecord

log = logging.getLogger("floruntime.worker")

KEY_SHARED = "key_shared"


class Reading(NamedTuple):
    """What is read, and what becomes of it."""

    stream: str
    group: str
    handler: Handler
    batch_size: int
    delay: RetryDelay


class Verdict(NamedTuple):
    """What is to become of a record: acked, nacked with an error, or released."""

    record: StreamRecord
    kind: str
    lease_ends_ms: float
    error: str | None = None
    delay_ms: int = 0


def _batched_by(verdict: Verdict) -> tuple[str, str | None, int]:
    """What verdicts that travel together have in common."""
    return verdict.kind, verdict.error, verdict.delay_ms


class StreamLife(Life):
    """See the head of this module."""

    def __init__(self, plan: Plan, reading: Reading, client: BaseClient, setting: Setting) -> None:
        super().__init__(plan, client, setting)
        self._reading = reading
        self._keeps_order = False
        self._lease_ms = 0
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._wait = Wait()
        self._verdicts: list[Verdict] = []
        self._busy_keys: set[str] = set()
        self._is_settling = False

    async def _open(self) -> None:
        info = await self._client.stream.group_join(
            self._reading.stream,
            self._reading.group,
            self.plan.name,
            namespace=self.plan.namespace,
        )
        self._keeps_order = info.mode == KEY_SHARED
        self._lease_ms = info.ack_timeout_ms

    async def _leave(self) -> None:
        await self._client.stream.group_leave(
            self._reading.stream,
            self._reading.group,
            self.plan.name,
            namespace=self.plan.namespace,
        )

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

    # Reading

    @property
    def _room(self) -> int:
        """How many more records may be read: a batch more than run, where a key holds some up."""
        attempts, batch_size = self._attempts, self._reading.batch_size
        held_more = attempts.running + len(attempts.waiting)
        room = min(attempts.free, self.plan.concurrency + batch_size - held_more)
        return max(0, min(batch_size, room))

    async def _read_lane(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            if not self._room:
                self._has_room.clear()
                await self._has_room.wait()
                continue
            try:
                self._take(await self._read())
                failures = 0
            except NotFoundError:
                await self._again(failures)
                failures += 1
            except FloError as error:
                await self._trouble(error, failures)
                failures += 1

    async def _read(self) -> list[StreamRecord]:
        self._wait = Wait()
        reading, block_ms = self._reading, self.plan.block_ms
        request = GroupRead(reading.stream, reading.group, self.plan.name, self._room, block_ms)
        result = await self._client.calls.call(
            request, namespace=self.plan.namespace, block_ms=block_ms, wait=self._wait
        )
        return result.records

    async def _again(self, failures: int) -> None:
        """The stream or its group was deleted: join it anew."""
        log.info("worker %s: joining %s again", self.plan.name, self._reading.group)
        try:
            await self._open()
        except FloError as error:
            await self._trouble(error, failures)

    def _take(self, records: list[StreamRecord]) -> None:
        attempts = [self._attempt_of(record) for record in records]
        for attempt in attempts:
            self._attempts.hold(attempt)
        self._attempts.waiting.extend(attempts)
        if self._stopped.is_set():
            self._in_background(self._release(self._attempts.take_waiting()))
        else:
            self._begin_waiting()

    def _attempt_of(self, record: StreamRecord) -> Attempt:
        attempt = Attempt(record.id, record, self._reading.handler, self._lease_ms)

        async def touch(extend_ms: int) -> None:
            await self._touch([attempt], extend_ms)
            if attempt.is_over:
                raise ConflictError(f"the record {record.id} is somebody else's by now")

        group, consumer = self._reading.group, self.plan.name
        attempt.context = StreamContext(
            record, self.plan.namespace, touch, group=group, consumer=consumer
        )
        return attempt

    # Handling

    def _begin_waiting(self) -> None:
        attempts = self._attempts
        held_up = []
        while attempts.waiting and attempts.free > 0 and not self._stopped.is_set():
            attempt = attempts.waiting.popleft()
            key = self._key_of(attempt)
            if key in self._busy_keys:
                held_up.append(attempt)
                continue
            if key is not None:
                self._busy_keys.add(key)
            attempts.begin(attempt)
        attempts.waiting.extendleft(reversed(held_up))
        self._wake()

    def _key_of(self, attempt: Attempt) -> str | None:
        """What the order is kept by; `None` where there is none."""
        record: StreamRecord = attempt.item
        return record.partition_key if self._keeps_order else None

    def began(self, attempt: Attempt) -> None:
        pass

    def ended(self, attempt: Attempt, took_ms: float | None) -> None:
        self._busy_keys.discard(self._key_of(attempt) or "")
        self._begin_waiting()

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        self._verdicts.append(Verdict(attempt.item, "ack", attempt.lease_ends_ms))

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        self._tell_failure(attempt, error)
        text = error_text(error)
        record: StreamRecord = attempt.item
        delay_ms = self._reading.delay.after(record.attempt, record.id)
        self._verdicts.append(Verdict(record, "nack", attempt.lease_ends_ms, text, delay_ms))
        key = self._key_of(attempt)
        if key is not None:
            self._give_back_behind(key)
        self._changed.set()

    def _give_back_behind(self, key: str) -> None:
        """What waits here goes back behind the failed record of its key."""
        for attempt in [each for each in self._attempts.waiting if self._key_of(each) == key]:
            self._attempts.lose(attempt)
            self._verdicts.append(Verdict(attempt.item, "release", attempt.lease_ends_ms))

    # Leases

    def touch_due(self, attempts: list[Attempt]) -> None:
        self._in_background(self._touch(attempts, self._lease_ms))

    async def _touch(self, attempts: list[Attempt], extend_ms: int) -> None:
        asked_ms = self._clock.now_ms()
        result = await self._client.stream.group_touch(
            self._reading.stream,
            [attempt.item for attempt in attempts],
            group=self._reading.group,
            consumer=self.plan.name,
            extend_ms=extend_ms,
            namespace=self.plan.namespace,
        )
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
            await asyncio.sleep(0)  # what finishes in this turn of the loop goes along
            while self._verdicts and not self._is_drained:
                failures = await self._settle_some(failures)

    async def _settle(self) -> None:
        failures = 0
        while self._verdicts:
            failures = await self._settle_some(failures)

    async def _settle_some(self, failures: int) -> int:
        """Send what there is, in order and at once. Returns how often this failed in a row."""
        verdicts, self._verdicts = self._verdicts[:LIMIT_MAX], self._verdicts[LIMIT_MAX:]
        parts = [list(part) for _, part in groupby(verdicts, _batched_by)]
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
            if isinstance(outcome, NotFoundError):
                continue  # what it was of is no more
            if isinstance(outcome, BaseException):
                left += part
                trouble = trouble or outcome
            else:
                self._tell_stale(part, outcome.stale)
        self._verdicts[:0] = left
        if trouble is None:
            return 0
        if not isinstance(trouble, FloError):
            raise trouble
        await self._trouble(trouble, failures)
        return failures + 1

    def _tell_stale(self, part: list[Verdict], stale: Iterable[Any]) -> None:
        """Say which verdicts came too late to count."""
        late = set(stale)
        now_ms = self._clock.now_ms()
        for verdict in part:
            if verdict.record.id in late:
                log.warning(
                    "worker %s: %s %s: its %s was not taken, %s",
                    *(self.plan.name, verdict.record.stream, verdict.record.id, verdict.kind),
                    how_late(now_ms, verdict.lease_ends_ms),
                )

    def _send(self, part: list[Verdict]) -> Awaitable[Any]:
        records = [verdict.record for verdict in part]
        if part[0].kind == "ack":
            return self._client.stream.group_ack(
                self._reading.stream,
                records,
                group=self._reading.group,
                consumer=self.plan.name,
                namespace=self.plan.namespace,
            )
        return self._client.stream.group_nack(
            self._reading.stream,
            records,
            group=self._reading.group,
            consumer=self.plan.name,
            delay_ms=part[0].delay_ms,
            error=part[0].error,
            release=part[0].kind == "release",
            namespace=self.plan.namespace,
        )

    async def _release(self, attempts: Iterable[Attempt]) -> None:
        verdicts = [Verdict(each.item, "release", each.lease_ends_ms) for each in attempts]
        if not verdicts:
            return
        try:
            await self._send(verdicts)
        except FloError as error:
            log.warning("worker %s: records not handed back: %s", self.plan.name, error)
