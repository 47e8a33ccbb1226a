"""`client.queue`: priority queues with leases, as a person calls them.

Priority is strict: a flood of urgent messages (a low `priority` number) holds up the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from floruntime.client.api.caller import Caller
from floruntime.client.api.queue_commands import (
    EXPLICIT,
    Leases,
    Payload,
    QueueCommands,
    Seqs,
    the_seq,
)
from floruntime.core.queue import (
    DequeueResult,
    QueueConfig,
    QueueDlqList,
    QueueGetStats,
    QueueList,
    QueuePeek,
    QueueStats,
)
from floruntime.core.types import AckResult, Page


class Queue:
    """The queues of one client. Every method takes `namespace`, by default the client's own.

    Where seqs are asked for, the messages themselves do as well, at most 1,000. Each is answered
    for itself, and the client sends along the leases of what it dequeued.
    """

    def __init__(self, caller: Caller, leases: Leases | None = None) -> None:
        # `leases` is shared with the client's batches. It has the client's own namespace, so that
        # naming that namespace and leaving it out mean the same.
        self._caller = caller
        self._leases = leases if leases is not None else Leases()
        self.commands = QueueCommands(self._leases)

    async def enqueue(
        self,
        queue: str,
        payload: Payload,
        *,
        priority: int = 10,
        delay_ms: int = 0,
        dedup_key: str | None = None,
        namespace: str | None = None,
    ) -> int:
        """Add a message and answer its seq. A lower `priority` (0 to 65,535) is delivered first.

        A `dedup_key` enqueues once within the queue's window, counted from the first enqueue, and
        answers the first seq again, even if that message is done; with a window of 0 ms every
        enqueue is a new message.
        """
        command = self.commands.enqueue(
            queue, payload, priority=priority, delay_ms=delay_ms, dedup_key=dedup_key
        )
        return the_seq(await self._caller.call(command, namespace=namespace))

    async def enqueue_many(
        self,
        queue: str,
        payloads: Iterable[Payload],
        *,
        priority: int = 10,
        delay_ms: int = 0,
        namespace: str | None = None,
    ) -> list[int]:
        """Add up to 1,000 messages in one commit and answer their seqs."""
        command = self.commands.enqueue_many(queue, payloads, priority=priority, delay_ms=delay_ms)
        return await self._caller.call(command, namespace=namespace)

    async def dequeue(
        self,
        queue: str,
        count: int = 1,
        *,
        visibility_timeout_ms: int = 30_000,
        block_ms: int = 0,
        ack_mode: str = EXPLICIT,
        namespace: str | None = None,
    ) -> DequeueResult:
        """Lease up to `count` messages, at most 1,000; `block_ms` waits for the first one.

        Fewer come when there are fewer, or when their payloads reach 4 MiB. What is not acked
        within `visibility_timeout_ms` is delivered again. `ack_mode="on_delivery"` acks in the same
        step: at most once.
        """
        command = self.commands.dequeue(
            queue,
            count,
            visibility_timeout_ms=visibility_timeout_ms,
            block_ms=block_ms,
            ack_mode=ack_mode,
        )
        result = await self._caller.call(command, namespace=namespace, block_ms=block_ms)
        self._leases.remember(namespace, queue, result.messages)
        return result

    async def ack(self, queue: str, seqs: Seqs, *, namespace: str | None = None) -> AckResult:
        """Done with these messages. `stale`: delivered to somebody else since, or unknown."""
        command = self.commands.ack(queue, seqs, namespace=namespace)
        return await self._caller.call(command, namespace=namespace)

    async def nack(
        self,
        queue: str,
        seqs: Seqs,
        *,
        to_dlq: bool = False,
        delay_ms: int = 0,
        release: bool = False,
        error: str | None = None,
        namespace: str | None = None,
    ) -> AckResult:
        """Give messages back: a failed attempt, unless `release`.

        They are due again after `delay_ms`; 0 means at once, or after the queue's `retry_delay_ms`
        when an attempt was counted. `to_dlq` makes them dead letters at once. `error` is kept for
        the dead letter.
        """
        command = self.commands.nack(
            queue,
            seqs,
            to_dlq=to_dlq,
            delay_ms=delay_ms,
            release=release,
            error=error,
            namespace=namespace,
        )
        return await self._caller.call(command, namespace=namespace)

    async def touch(
        self, queue: str, seqs: Seqs, *, extend_ms: int = 30_000, namespace: str | None = None
    ) -> AckResult:
        """Let leases that are still held run out `extend_ms` from now; the others are `stale`."""
        command = self.commands.touch(queue, seqs, extend_ms=extend_ms, namespace=namespace)
        return await self._caller.call(command, namespace=namespace)

    async def peek(
        self, queue: str, count: int = 1, *, namespace: str | None = None
    ) -> DequeueResult:
        """The next ready messages, without leasing them."""
        return await self._caller.call(QueuePeek(queue, count), namespace=namespace)

    async def dlq_list(
        self,
        queue: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> DequeueResult:
        """Dead letters in the order in which they died."""
        request = QueueDlqList(queue, limit, cursor)
        return await self._caller.call(request, namespace=namespace)

    async def dlq_requeue(self, queue: str, seqs: Seqs, *, namespace: str | None = None) -> int:
        """Make dead letters fresh messages, due now, without attempts; how many there were."""
        return await self._caller.call(self.commands.dlq_requeue(queue, seqs), namespace=namespace)

    async def dlq_delete(self, queue: str, seqs: Seqs, *, namespace: str | None = None) -> int:
        """Delete dead letters; how many there were."""
        return await self._caller.call(self.commands.dlq_delete(queue, seqs), namespace=namespace)

    async def dlq_purge(self, queue: str, *, namespace: str | None = None) -> int:
        """Delete all dead letters; how many there were."""
        return await self._caller.call(self.commands.dlq_purge(queue), namespace=namespace)

    async def purge(self, queue: str, *, namespace: str | None = None) -> int:
        """Delete all messages, leased and delayed ones too, but no dead letters; how many."""
        return await self._caller.call(self.commands.purge(queue), namespace=namespace)

    async def configure(
        self,
        queue: str,
        *,
        max_attempts: int | None = 5,
        retry_delay_ms: int | None = 0,
        dlq_limit: int | None = 10_000,
        dedup_window_ms: int | None = 300_000,
        namespace: str | None = None,
    ) -> QueueConfig:
        """Set all settings (what is left out: to its default); `None` keeps what is set."""
        command = self.commands.configure(
            queue,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
            dlq_limit=dlq_limit,
            dedup_window_ms=dedup_window_ms,
        )
        return await self._caller.call(command, namespace=namespace)

    async def stats(self, queue: str, *, namespace: str | None = None) -> QueueStats:
        """Counts of a queue; zeros for one that does not exist."""
        return await self._caller.call(QueueGetStats(queue), namespace=namespace)

    async def list(
        self, *, limit: int = 100, cursor: str | None = None, namespace: str | None = None
    ) -> Page[QueueStats]:
        """The queues of the namespace, by name."""
        reply = await self._caller.call(QueueList(limit, cursor), namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def delete(self, queue: str, *, namespace: str | None = None) -> bool:
        """Delete the queue with all it holds, settings and dedup keys too; whether it existed."""
        return await self._caller.call(self.commands.delete(queue), namespace=namespace)
