"""`StreamWorker`: runs a person's handler for the records of a consumer group.

A returning handler acks its record, a raising one nacks it. In a `key_shared` group the records of
one partition key are handled one after the other, in order; when one fails, those of its key that
wait here go back behind it. (Of a key whose record failed, later ones that were already on their
way may be handled before it is tried again.)
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Coroutine, Iterable
from itertools import groupby
from typing import Any, NamedTuple

from floruntime.client.base import BaseClient
from floruntime.client.link.call import Wait
from floruntime.client.worker.attempts import Attempt
from floruntime.client.worker.contexts import StreamContext
from floruntime.client.worker.handlers import Function, error_text, handler_of
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.core.errors import ConflictError, FloError, NotFoundError
from floruntime.core.limits import LIMIT_MAX, check_duration, check_name, check_range
from floruntime.core.stream import GroupRead, StreamRecord

log = logging.getLogger("floruntime.worker")

KEY_SHARED = "key_shared"


class Verdict(NamedTuple):
    """What is to become of a record: acked, nacked with an error, or released."""

    record: StreamRecord
    kind: str
    error: str | None = None


class StreamWorker(WorkerBase):
    """A consumer of a group: `handler(ctx)` for each record, then `await start()`.

    A record is acked when its handler returns, and nacked, due again after `retry_delay_ms`, when
    it raises. `endpoint`, `token` and `tls` are as for `FloClient`; a connected client does as an
    endpoint. `concurrency`: handlers at once, 1,000 at most; those of one partition key run in
    order. `batch_size`: records of one read. `consumer`: a name that nobody else in the group has;
    made up unless given. `block_ms`: how long one wait for records lasts. `message_timeout_ms`:
    what one record may take. `auto_touch`: keep the leases while handlers run. `drain_timeout_ms`:
    how long they may go on after `stop()`. `process`: run the handler in a process of its own.
    """

    def __init__(
        self,
        endpoint: str | BaseClient,
        *,
        stream: str,
        group: str,
        handler: Function,
        namespace: str | None = None,
        concurrency: int = 10,
        batch_size: int = 10,
        consumer: str | None = None,
        token: str | None = None,
        tls: bool | ssl.SSLContext | None = None,
        block_ms: int = 30_000,
        message_timeout_ms: int = 300_000,
        retry_delay_ms: int = 0,
        auto_touch: bool = True,
        drain_timeout_ms: int = 30_000,
        process: bool = False,
    ) -> None:
        super().__init__(
            endpoint,
            namespace=namespace,
            token=token,
            tls=tls,
            name=consumer,
            concurrency=concurrency,
            timeout_ms=message_timeout_ms,
            block_ms=block_ms,
            auto_touch=auto_touch,
            drain_timeout_ms=drain_timeout_ms,
        )
        check_name("stream", stream)
        check_name("group", group)
        self.stream = stream
        self.group = group
        self.consumer = self.name
        self._batch_size = check_range("batch_size", batch_size, 1, LIMIT_MAX)
        self._retry_delay_ms = check_duration("retry_delay_ms", retry_delay_ms)
        self._handler = handler_of(handler, process)

    # Life

    def _reset(self) -> None:
        super()._reset()
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._verdicts: list[Verdict] = []
        self._busy_keys: set[str] = set()
        self._is_settling = False

    async def _open(self) -> None:
        info = await self._client.stream.group_join(
            self.stream, self.group, self.consumer, namespace=self.namespace
        )
        self._keeps_order = info.mode == KEY_SHARED
        self._lease_ms = info.ack_timeout_ms

    def _lanes(self) -> list[Coroutine[Any, Any, None]]:
        return [self._read_lane(), self._settle_lane()]

    def _wake(self) -> None:
        self._changed.set()
        self._has_room.set()

    @property
    def is_at_rest(self) -> bool:
        """Whether no ack is on its way and no thread or process is at work."""
        return not self.is_running or not (
            self._verdicts or self._is_settling or self._background or self._attempts.outside
        )

    async def _leave(self) -> None:
        await self._client.stream.group_leave(
            self.stream, self.group, self.consumer, namespace=self.namespace
        )

    # Reading

    @property
    def _room(self) -> int:
        """How many more records may be read: a batch more than run, where a key holds some up."""
        attempts = self._attempts
        held_more = attempts.running + len(attempts.waiting)
        room = min(attempts.free, self.concurrency + self._batch_size - held_more)
        return max(0, min(self._batch_size, room))

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
        request = GroupRead(self.stream, self.group, self.consumer, self._room, self._block_ms)
        result = await self._client.call(
            request, namespace=self.namespace, block_ms=self._block_ms, wait=self._wait
        )
        return result.records

    async def _again(self, failures: int) -> None:
        """The stream or its group was deleted: join it anew."""
        log.info("worker %s: joining %s again", self.consumer, self.group)
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
        attempt = Attempt(record.id, record, self._handler, self._lease_ms)

        async def touch(extend_ms: int) -> None:
            await self._touch([attempt], extend_ms)
            if attempt.is_over:
                raise ConflictError(f"the record {record.id} is somebody else's by now")

        attempt.context = StreamContext(record, self.namespace, touch)
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

    def ended(self, attempt: Attempt) -> None:
        self._busy_keys.discard(self._key_of(attempt) or "")
        super().ended(attempt)

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        self._verdicts.append(Verdict(attempt.item, "ack"))

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        self._tell_failure(attempt, error)
        self._verdicts.append(Verdict(attempt.item, "nack", error_text(error)))
        key = self._key_of(attempt)
        if key is not None:
            self._give_back_behind(key)
        self._changed.set()

    def _give_back_behind(self, key: str) -> None:
        """What waits here goes back behind the failed record of its key."""
        for attempt in [each for each in self._attempts.waiting if self._key_of(each) == key]:
            self._attempts.lose(attempt)
            self._verdicts.append(Verdict(attempt.item, "release"))

    def touch_due(self, attempts: list[Attempt]) -> None:
        self._in_background(self._touch(attempts, self._lease_ms))

    async def _touch(self, attempts: list[Attempt], extend_ms: int) -> None:
        result = await self._client.stream.group_touch(
            self.stream,
            [attempt.item for attempt in attempts],
            group=self.group,
            consumer=self.consumer,
            extend_ms=extend_ms,
            namespace=self.namespace,
        )
        stale = set(result.stale)
        for attempt in attempts:
            if attempt.key in stale:
                self._lost(attempt, "the lease is lost")

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
        """Send what there is, in order and at once. Answers how often this failed in a row."""
        verdicts, self._verdicts = self._verdicts[:LIMIT_MAX], self._verdicts[LIMIT_MAX:]
        parts = [list(part) for _, part in groupby(verdicts, lambda one: (one.kind, one.error))]
        self._is_settling = True
        try:
            outcomes = await asyncio.gather(*map(self._send, parts), return_exceptions=True)
            errors = [each for each in outcomes if isinstance(each, BaseException)]
            self._verdicts[:0] = [
                verdict
                for part, outcome in zip(parts, outcomes, strict=True)
                for verdict in part
                if isinstance(outcome, BaseException) and not isinstance(outcome, NotFoundError)
            ]
            for error in errors:
                if not isinstance(error, FloError):
                    raise error
                if not isinstance(error, NotFoundError):  # else: what it was of is no more
                    await self._trouble(error, failures)
                    return failures + 1
            return 0
        finally:
            self._is_settling = False

    def _send(self, part: list[Verdict]) -> Awaitable[Any]:
        records = [verdict.record for verdict in part]
        if part[0].kind == "ack":
            return self._client.stream.group_ack(
                self.stream,
                records,
                group=self.group,
                consumer=self.consumer,
                namespace=self.namespace,
            )
        is_release = part[0].kind == "release"
        return self._client.stream.group_nack(
            self.stream,
            records,
            group=self.group,
            consumer=self.consumer,
            delay_ms=0 if is_release else self._retry_delay_ms,
            error=part[0].error,
            release=is_release,
            namespace=self.namespace,
        )

    async def _release(self, attempts: Iterable[Attempt]) -> None:
        records = [attempt.item for attempt in attempts]
        if not records:
            return
        try:
            await self._send([Verdict(record, "release") for record in records])
        except FloError as error:
            log.warning("worker %s: records not handed back: %s", self.consumer, error)
