"""One life of a `StreamWorker`: it reads records, runs their handlers, and settles them.

In a `key_shared` group the records of one partition key are handled one after the other, in order.
If one fails, those of its key that wait here go back behind it. Later records of that key that were
already being sent may be handled before the failed one is retried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Hashable, Sequence
from typing import Any, NamedTuple

from floruntime.client.base import BaseClient
from floruntime.client.worker.attempts import Attempt
from floruntime.client.worker.contexts import StreamContext, Touch
from floruntime.client.worker.failures import error_text
from floruntime.client.worker.handlers import Handler
from floruntime.client.worker.life import Plan, Setting
from floruntime.client.worker.reading_life import ACK, NACK, RELEASE, ReadingLife, Verdict
from floruntime.core.backoff import RetryDelay
from floruntime.core.stream import GroupRead, ReadResult, StreamRecord

KEY_SHARED = "key_shared"


class Reading(NamedTuple):
    """What to read, and how to retry."""

    stream: str
    group: str
    handler: Handler
    batch_size: int
    delay: RetryDelay


class StreamLife(ReadingLife[StreamRecord]):
    """See the head of this module."""

    def __init__(self, plan: Plan, reading: Reading, client: BaseClient, setting: Setting) -> None:
        super().__init__(plan, reading.handler, reading.batch_size, client, setting)
        self._reading = reading
        self._keeps_order = False

    @property
    def works_on(self) -> str:
        return f"stream {self._reading.stream}, group {self._reading.group}"

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

    async def _read(self, count: int) -> Sequence[StreamRecord]:
        reading, block_ms = self._reading, self.plan.block_ms
        request = GroupRead(
            *(reading.stream, reading.group, self.plan.name, count, block_ms), by_worker=True
        )
        result = await self._client.calls.call(
            request, namespace=self.plan.namespace, block_ms=block_ms, wait=self._wait
        )
        return self._items_of(result)

    def _items_of(self, result: ReadResult) -> Sequence[StreamRecord]:
        # The lease of this answer counts, even if the group's setting has changed since the join.
        self._lease_ms = result.lease_ms or self._lease_ms
        return result.records

    def _id_of(self, item: StreamRecord) -> Hashable:
        return item.id

    def _name_of(self, item: StreamRecord) -> str:
        return f"{item.stream} {item.id}"

    def _key_of(self, item: StreamRecord) -> str | None:
        return item.partition_key if self._keeps_order else None

    def _was_begun_before(self, item: StreamRecord) -> bool:
        return item.attempt > 1

    def _context_of(self, item: StreamRecord, touch: Touch) -> StreamContext:
        group, consumer = self._reading.group, self.plan.name
        return StreamContext(
            item, self.plan.namespace, touch, group=group, consumer=consumer, own=self._own
        )

    async def commit(self, attempt: Attempt, result: Any) -> None:
        batch, reading = attempt.context.batch(), self._reading
        batch.stream.group_ack(
            reading.stream, attempt.item, group=reading.group, consumer=self.plan.name
        )
        await batch.send()

    def _failure(self, attempt: Attempt, error: BaseException) -> Verdict:
        record: StreamRecord = attempt.item
        delay_ms = self._reading.delay.after(record.attempt, record.id)
        return Verdict(record, NACK, attempt.lease_ends_ms, error_text(error), delay_ms)

    def _send_touch(self, items: list[StreamRecord], extend_ms: int) -> Awaitable[Any]:
        return self._client.stream.group_touch(
            self._reading.stream,
            items,
            group=self._reading.group,
            consumer=self.plan.name,
            extend_ms=extend_ms,
            namespace=self.plan.namespace,
        )

    def _send(self, part: list[Verdict]) -> Awaitable[Any]:
        records = [verdict.item for verdict in part]
        if part[0].kind == ACK:
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
            release=part[0].kind == RELEASE,
            namespace=self.plan.namespace,
        )
