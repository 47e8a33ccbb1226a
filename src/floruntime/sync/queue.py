"""`Queue`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable

from floruntime.client.api.base.values import JsonPayload
from floruntime.client.api.queue.queue import EXPLICIT
from floruntime.client.api.queue.queue import Queue as AsyncQueue
from floruntime.client.api.queue.writes import Seqs
from floruntime.core import defaults
from floruntime.core.backoff import RetryBackoff
from floruntime.core.defaults import Kept
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.queue import DequeueResult, QueueConfig, QueueStats
from floruntime.core.types import AckResult, Page
from floruntime.sync.standing import PartOf


class Queue(PartOf[AsyncQueue]):
    """The queues of one client.

    A queue comes into being with its first message. Its name is 1 to 255 bytes of UTF-8 without
    control characters; another one is a `BadRequestError`. Where seqs are asked for, the messages
    themselves do as well, at most 1,000. Each is answered for itself, and the client sends along
    the leases of what it dequeued (the last 100,000). Every method takes `namespace` and
    `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncQueue:
        return self._bridge.client.queue

    def enqueue(
        self,
        queue: str,
        payload: JsonPayload,
        *,
        priority: int = defaults.PRIORITY,
        delay_ms: int = 0,
        dedup_key: str | None = None,
        group: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> int:
        """Add a message; its seq.

        `payload`: bytes or text; a dict, list, dataclass or struct is sent as JSON; at most the
        server's `value_bytes_max` (1 MiB unless configured). `priority`: 0 to 65,535, a lower one
        is delivered first; 10 unless given. `delay_ms`: how long it is not delivered; 0, the
        default, means now, ten years is the longest. `dedup_key`: a name (1 to 255 bytes) that
        enqueues once within the queue's window, counted from the first enqueue, and answers the
        first seq again, even if that message is done; by default every enqueue is a new message, as
        it is with a window of 0 ms. `group`: a name (1 to 255 bytes); of one group the oldest
        undone message alone is delivered, the next one when that is acked, dead or deleted, and
        delays and retries keep the place; by default it has none, and stands for itself.

        Raises `BadRequestError` on a value out of these limits, `StorageFullError` where the
        server's disk is nearly full.
        """
        return self._bridge.run(
            self._of.enqueue(
                queue,
                payload,
                priority=priority,
                delay_ms=delay_ms,
                dedup_key=dedup_key,
                group=group,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def enqueue_many(
        self,
        queue: str,
        payloads: Iterable[JsonPayload],
        *,
        priority: int = defaults.PRIORITY,
        delay_ms: int = 0,
        group: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> builtins.list[int]:
        """Add up to 1,000 messages in one commit: all, or none. Their seqs, in order.

        `priority` (10 unless given), `delay_ms` (0 unless given) and `group` (none unless given)
        are those of each message.

        Raises `BadRequestError` and `StorageFullError` as `enqueue` does.
        """
        return self._bridge.run(
            self._of.enqueue_many(
                queue,
                payloads,
                priority=priority,
                delay_ms=delay_ms,
                group=group,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def ack(
        self, queue: str, seqs: Seqs, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> AckResult:
        """Done with these messages, at most 1,000. `stale` are those delivered to somebody else
        since, and unknown ones; each is judged for itself.

        Raises `BadRequestError` on more of them. In a batch one that is stale is a `ConflictError`.
        """
        return self._bridge.run(
            self._of.ack(queue, seqs, namespace=namespace, timeout_ms=timeout_ms)
        )

    def nack(
        self,
        queue: str,
        seqs: Seqs,
        *,
        to_dlq: bool = False,
        delay_ms: int = 0,
        release: bool = False,
        error: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> AckResult:
        """Give messages back, at most 1,000: a failed attempt of each.

        `to_dlq`: make them dead letters at once; off by default. `delay_ms`: when they are due
        again; 0, the default, means at once, or after the queue's `retry_delay_ms` when an attempt
        was counted. `release`: count no attempt; off by default. `error`: a text of up to 4 KiB
        that is kept for the dead letter; by default none.

        Raises `BadRequestError` where `to_dlq` is given with `release` or `delay_ms`. In a batch a
        stale message is a `ConflictError`.
        """
        return self._bridge.run(
            self._of.nack(
                queue,
                seqs,
                to_dlq=to_dlq,
                delay_ms=delay_ms,
                release=release,
                error=error,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def touch(
        self,
        queue: str,
        seqs: Seqs,
        *,
        extend_ms: int = defaults.EXTEND_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> AckResult:
        """Let leases that are still held run out later; the others are `stale`.

        `extend_ms`: from now, 30,000 unless given, up to ten years.

        Raises `BadRequestError` on another `extend_ms`, or more than 1,000 messages.
        """
        return self._bridge.run(
            self._of.touch(
                queue, seqs, extend_ms=extend_ms, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def dlq_requeue(
        self, queue: str, seqs: Seqs, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Make dead letters fresh messages, due now, without attempts; how many there were.

        Raises `BadRequestError` on more than 1,000 seqs.
        """
        return self._bridge.run(
            self._of.dlq_requeue(queue, seqs, namespace=namespace, timeout_ms=timeout_ms)
        )

    def dlq_delete(
        self, queue: str, seqs: Seqs, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Delete dead letters; how many there were.

        Raises `BadRequestError` on more than 1,000 seqs.
        """
        return self._bridge.run(
            self._of.dlq_delete(queue, seqs, namespace=namespace, timeout_ms=timeout_ms)
        )

    def dlq_purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Delete all dead letters; how many there were.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._bridge.run(
            self._of.dlq_purge(queue, namespace=namespace, timeout_ms=timeout_ms)
        )

    def purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Delete all messages, leased and delayed ones too, but no dead letters; how many.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._bridge.run(self._of.purge(queue, namespace=namespace, timeout_ms=timeout_ms))

    def configure(
        self,
        queue: str,
        *,
        max_attempts: int | None = Kept(defaults.MAX_ATTEMPTS),
        retry_delay_ms: int | None = Kept(0),
        dlq_limit: int | None = Kept(defaults.DLQ_LIMIT),
        dedup_window_ms: int | None = Kept(defaults.DEDUP_WINDOW_MS),
        retry_backoff: RetryBackoff | str | None = None,
        retry_delay_max_ms: int | None = Kept(defaults.RETRY_DELAY_MAX_MS),
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> QueueConfig:
        """Set what is named; the rest (and what is `None`) stays. All settings as they are now.

        A new queue has the defaults of this signature. `max_attempts`: deliveries in total before a
        message is a dead letter, 1 to 1,000,000; 5 on a new queue. `retry_delay_ms`: how long a
        message waits after a failed attempt; 0. `dlq_limit`: dead letters kept, the oldest go
        first; 10,000. `dedup_window_ms`: how long a `dedup_key` is remembered; 300,000.
        `retry_backoff`: `"constant"`, as on a new queue, or `"exponential"`: `retry_delay_ms` is
        doubled after each attempt, and up to a tenth of that comes on top. `retry_delay_max_ms`:
        the longest that it grows to; 3,600,000. What is set holds from now on.

        Raises `BadRequestError` on a setting out of its limits.
        """
        return self._bridge.run(
            self._of.configure(
                queue,
                max_attempts=max_attempts,
                retry_delay_ms=retry_delay_ms,
                dlq_limit=dlq_limit,
                dedup_window_ms=dedup_window_ms,
                retry_backoff=retry_backoff,
                retry_delay_max_ms=retry_delay_max_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def delete(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> bool:
        """Delete the queue, its settings and dedup keys. Returns whether it existed.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._bridge.run(self._of.delete(queue, namespace=namespace, timeout_ms=timeout_ms))

    def pause(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> QueueStats:
        """Deliver nothing from now on; enqueues, acks and leases go on. The queue's counts.

        A queue that does not exist yet may be paused, too. Pausing what is paused changes nothing.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._bridge.run(self._of.pause(queue, namespace=namespace, timeout_ms=timeout_ms))

    def resume(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> QueueStats:
        """Deliver again, to those who wait at once. The queue's counts.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._bridge.run(self._of.resume(queue, namespace=namespace, timeout_ms=timeout_ms))

    def promote(
        self, queue: str, seqs: Seqs, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Let delayed messages be due now, at most 1,000; how many were delayed.

        Raises `BadRequestError` on more of them.
        """
        return self._bridge.run(
            self._of.promote(queue, seqs, namespace=namespace, timeout_ms=timeout_ms)
        )

    def dequeue(
        self,
        queue: str,
        count: int = 1,
        *,
        visibility_timeout_ms: int = defaults.VISIBILITY_TIMEOUT_MS,
        block_ms: int = 0,
        ack_mode: str = EXPLICIT,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> DequeueResult:
        """Lease the next messages.

        `count`: at most so many, 1 unless given, 1,000 at most; fewer come when there are fewer, or
        when their payloads reach 4 MiB. `visibility_timeout_ms`: what is not acked within it is
        delivered again; 30,000 unless given, up to ten years. `block_ms`: how long to wait for the
        first one; 0, the default, does not wait, 300,000 is the longest. `ack_mode`: `"explicit"`,
        the default, or `"on_delivery"`, which acks in the same step: at most once.

        Raises `BadRequestError` on a value out of these limits.
        """
        return self._bridge.run(
            self._of.dequeue(
                queue,
                count,
                visibility_timeout_ms=visibility_timeout_ms,
                block_ms=block_ms,
                ack_mode=ack_mode,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def peek(
        self,
        queue: str,
        count: int = 1,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> DequeueResult:
        """The next ready messages, without leasing them.

        `count`: at most so many, 1 unless given, 1,000 at most.

        Raises `BadRequestError` on another `count`.
        """
        return self._bridge.run(
            self._of.peek(queue, count, namespace=namespace, timeout_ms=timeout_ms)
        )

    def dlq_list(
        self,
        queue: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> DequeueResult:
        """A page of the dead letters, in the order in which they died, with `reason` and `error`.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.dlq_list(
                queue, limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def bulk(
        self,
        queue: str,
        operation: DeadBulkOperation | str,
        *,
        reason: str | None = None,
        error_contains: str | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> BulkJob:
        """Requeue or delete all dead letters that match, by a job: a piece of it per tick.

        `operation`: `"requeue_dead"` or `"delete_dead"`. `reason`: only those of `"max_attempts"`
        or `"nacked"`; by default of both. `error_contains`: only those whose last error has this
        text in it; by default all. `limit`: at most so many; by default all. `dry_run`: only count;
        off by default. What dies later is left alone. `client.jobs` tells how far it is.

        Raises `BadRequestError` on an operation or a reason that there is not.
        """
        return self._bridge.run(
            self._of.bulk(
                queue,
                operation,
                reason=reason,
                error_contains=error_contains,
                limit=limit,
                dry_run=dry_run,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def stats(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> QueueStats:
        """Counts of a queue; zeros for one that does not exist.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._bridge.run(self._of.stats(queue, namespace=namespace, timeout_ms=timeout_ms))

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[QueueStats]:
        """A page of the namespace's queues, by name, each with its counts.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.list(limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms)
        )
