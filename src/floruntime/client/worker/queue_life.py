"""One life of a worker at a queue: it leases messages, runs their handlers, and settles them.

If a handler raises, its message is due again after a delay that may grow with each attempt, until
the queue's `max_attempts` make it a dead letter. A handler that raises `NonRetryableError` makes it
a dead letter at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Hashable, Sequence
from typing import Any, NamedTuple

from floruntime.client.base import BaseClient
from floruntime.client.worker.attempts import Attempt
from floruntime.client.worker.contexts import QueueContext, Touch
from floruntime.client.worker.failures import error_text, may_retry
from floruntime.client.worker.handlers import Handler
from floruntime.client.worker.life import Plan, Setting
from floruntime.client.worker.reading_life import ACK, NACK, RELEASE, ReadingLife, Verdict
from floruntime.core.backoff import RetryDelay
from floruntime.core.queue import DequeueResult, Message, QueueDequeue

DEAD = "dead"


class Serving(NamedTuple):
    """Which queue to serve, and how to retry its messages."""

    queue: str
    handler: Handler
    batch_size: int
    visibility_timeout_ms: int
    delay: RetryDelay


class QueueLife(ReadingLife[Message]):
    """See the head of this module."""

    def __init__(self, plan: Plan, serving: Serving, client: BaseClient, setting: Setting) -> None:
        super().__init__(plan, serving.handler, serving.batch_size, client, setting)
        self._serving = serving
        self._lease_ms = serving.visibility_timeout_ms

    @property
    def works_on(self) -> str:
        return f"queue {self._serving.queue}"

    async def _open(self) -> None:
        await self._client.queue.stats(self._serving.queue, namespace=self.plan.namespace)

    async def _leave(self) -> None:
        """Do nothing: a queue does not know its workers."""

    async def _read(self, count: int) -> Sequence[Message]:
        serving, block_ms = self._serving, self.plan.block_ms
        request = QueueDequeue(
            *(serving.queue, count, serving.visibility_timeout_ms, block_ms), by_worker=True
        )
        result = await self._client.calls.call(
            request, namespace=self.plan.namespace, block_ms=block_ms, wait=self._wait
        )
        return self._items_of(result)

    def _items_of(self, result: DequeueResult) -> Sequence[Message]:
        return result.messages

    def _id_of(self, item: Message) -> Hashable:
        return item.seq

    def _name_of(self, item: Message) -> str:
        return f"{self._serving.queue} {item.seq}"

    def _context_of(self, item: Message, touch: Touch) -> QueueContext:
        return QueueContext(item, self._serving.queue, self.plan.namespace, touch, own=self._own)

    async def commit(self, attempt: Attempt, result: Any) -> None:
        batch = attempt.context.batch()
        batch.queue.ack(self._serving.queue, attempt.item)
        await batch.send()

    def _failure(self, attempt: Attempt, error: BaseException) -> Verdict:
        text, ends_ms = error_text(error), attempt.lease_ends_ms
        if not may_retry(error):
            return Verdict(attempt.item, DEAD, ends_ms, text)
        message: Message = attempt.item
        delay_ms = self._serving.delay.after(message.attempt, message.seq)
        return Verdict(message, NACK, ends_ms, text, delay_ms)

    def _send_touch(self, items: list[Message], extend_ms: int) -> Awaitable[Any]:
        return self._client.queue.touch(
            self._serving.queue, items, extend_ms=extend_ms, namespace=self.plan.namespace
        )

    def _send(self, part: list[Verdict]) -> Awaitable[Any]:
        queue, messages = self._serving.queue, [verdict.item for verdict in part]
        if part[0].kind == ACK:
            return self._client.queue.ack(queue, messages, namespace=self.plan.namespace)
        return self._client.queue.nack(
            queue,
            messages,
            to_dlq=part[0].kind == DEAD,
            delay_ms=part[0].delay_ms,
            release=part[0].kind == RELEASE,
            error=part[0].error,
            namespace=self.plan.namespace,
        )
