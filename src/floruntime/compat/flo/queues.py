"""`client.queue` with the interface of that SDK."""

from __future__ import annotations

from floruntime.client.api.queue.writes import Seqs
from floruntime.client.base import BaseClient
from floruntime.compat.flo.options import (
    AckOptions,
    DequeueOptions,
    DlqListOptions,
    DlqRequeueOptions,
    EnqueueOptions,
    NackOptions,
    PeekOptions,
    TouchOptions,
    keywords,
)
from floruntime.core.queue import DequeueResult


class QueueOperations:
    """Queues of one client."""

    def __init__(self, client: BaseClient) -> None:
        self._queue = client.queue

    async def enqueue(
        self, queue: str, payload: bytes, options: EnqueueOptions | None = None
    ) -> int:
        """Add a message. Returns its seq. A lower priority is delivered first; default 10."""
        return await self._queue.enqueue(queue, payload, **keywords(options, EnqueueOptions))

    async def dequeue(
        self, queue: str, count: int = 1, options: DequeueOptions | None = None
    ) -> DequeueResult:
        """Lease up to `count` messages."""
        return await self._queue.dequeue(queue, count, **keywords(options, DequeueOptions))

    async def ack(self, queue: str, seqs: Seqs, options: AckOptions | None = None) -> None:
        """Acknowledge these messages: their work is done."""
        await self._queue.ack(queue, seqs, **keywords(options, AckOptions))

    async def nack(self, queue: str, seqs: Seqs, options: NackOptions | None = None) -> None:
        """Give messages back."""
        await self._queue.nack(queue, seqs, **keywords(options, NackOptions))

    async def touch(self, queue: str, seqs: Seqs, options: TouchOptions | None = None) -> None:
        """Extend leases that are still held."""
        await self._queue.touch(queue, seqs, **keywords(options, TouchOptions))

    async def peek(
        self, queue: str, count: int = 1, options: PeekOptions | None = None
    ) -> DequeueResult:
        """Return the next messages without leasing them."""
        return await self._queue.peek(queue, count, **keywords(options, PeekOptions))

    async def dlq_list(self, queue: str, options: DlqListOptions | None = None) -> DequeueResult:
        """List dead letters, oldest death first."""
        return await self._queue.dlq_list(queue, **keywords(options, DlqListOptions))

    async def dlq_requeue(
        self, queue: str, seqs: Seqs, options: DlqRequeueOptions | None = None
    ) -> None:
        """Turn dead letters into fresh messages."""
        await self._queue.dlq_requeue(queue, seqs, **keywords(options, DlqRequeueOptions))
