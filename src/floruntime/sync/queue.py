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

    The first message creates its queue. A queue's name is 1 to 255 bytes of UTF-8 without control
    characters; any other name raises `BadRequestError`. Where a method takes seqs, it also takes
    the messages themselves, at most 1,000. Each message gets its own result. The client sends along
    the leases of the messages that it dequeued (the last 100,000). Every method takes `namespace`
    and `timeout_ms`, by default the client's own.
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
        """Add a message. Returns its seq.

        - `payload`: bytes or text; a dict, list, dataclass or struct is sent as JSON. At most the
          server's `value_bytes_max` (1 MiB unless configured).
        - `priority`: 0 to 65,535; default 10. A lower number is delivered first.
        - `delay_ms`: the message is not delivered before this time has passed; 0, the default,
          means now, and ten years is the longest.
        - `dedup_key`: a name of 1 to 255 bytes. A second enqueue with the same key adds nothing and
          returns the first seq again, even if that message is done. The key is remembered for the
          queue's dedup window, counted from the first enqueue. By default, and with a window of 0
          ms, every enqueue adds a message.
        - `group`: a name of 1 to 255 bytes. Of each group, only the oldest message that is not done
          is delivered. The next one follows when that one is acked, dead or deleted. A message
          keeps its place through delays and retries. By default a message belongs to no group.

        Raises `BadRequestError` if a value is out of these limits, `StorageFullError` if the
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
        """Add up to 1,000 messages in one commit: all, or none. Returns their seqs, in order.

        `priority` (default 10), `delay_ms` (default 0) and `group` (none by default) apply to each
        message.

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
        """Acknowledge messages, at most 1,000: their work is done.

        Each message gets its own result. `stale` in the answer lists unknown messages, and those
        that have been delivered to somebody else since.

        Raises `BadRequestError` for more than 1,000 messages. In a batch, a stale message raises
        `ConflictError`.
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
        """Give messages back, at most 1,000, as failed attempts.

        - `to_dlq`: make them dead letters at once; off by default.
        - `delay_ms`: when they are due again. 0, the default, means at once with `release`, and
          otherwise after the queue's `retry_delay_ms`.
        - `release`: give them back without counting an attempt; off by default.
        - `error`: a text of up to 4 KiB that is kept for the dead letter; none by default.

        Raises `BadRequestError` if `to_dlq` is given with `release` or `delay_ms`. In a batch, a
        stale message raises `ConflictError`.
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
        """Extend leases that are still held. `stale` in the answer lists the other messages.

        `extend_ms`: the new end of the lease, in milliseconds from now; default 30,000, up to ten
        years.

        Raises `BadRequestError` if `extend_ms` is out of range, or for more than 1,000 messages.
        """
        return self._bridge.run(
            self._of.touch(
                queue, seqs, extend_ms=extend_ms, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def dlq_requeue(
        self, queue: str, seqs: Seqs, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Turn dead letters into fresh messages, due now, without attempts. Returns how many.

        Raises `BadRequestError` for more than 1,000 seqs.
        """
        return self._bridge.run(
            self._of.dlq_requeue(queue, seqs, namespace=namespace, timeout_ms=timeout_ms)
        )

    def dlq_delete(
        self, queue: str, seqs: Seqs, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Delete dead letters. Returns how many.

        Raises `BadRequestError` for more than 1,000 seqs.
        """
        return self._bridge.run(
            self._of.dlq_delete(queue, seqs, namespace=namespace, timeout_ms=timeout_ms)
        )

    def dlq_purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Delete all dead letters. Returns how many.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._bridge.run(
            self._of.dlq_purge(queue, namespace=namespace, timeout_ms=timeout_ms)
        )

    def purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Delete all messages, also leased and delayed ones, but no dead letters. Returns how many.

        Raises `BadRequestError` if the name is invalid.
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
        """Change settings of a queue. Returns all its settings.

        A setting that is left out, or given as `None`, stays as it is. A new queue has the defaults
        of this signature. A changed setting applies from now on.

        - `max_attempts`: how often a message is delivered before it is a dead letter, 1 to
          1,000,000; 5 for a new queue.
        - `retry_delay_ms`: how long a message waits after a failed attempt; 0 for a new queue.
        - `dlq_limit`: how many dead letters are kept; beyond it the oldest are deleted. 10,000 for
          a new queue.
        - `dedup_window_ms`: how long a `dedup_key` is remembered; 300,000 for a new queue.
        - `retry_backoff`: `"constant"`, as for a new queue, or `"exponential"`. The latter doubles
          `retry_delay_ms` after each attempt and adds up to a tenth.
        - `retry_delay_max_ms`: the longest delay that this growth reaches; 3,600,000 for a new
          queue.

        Raises `BadRequestError` if a setting is out of its limits.
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
        """Delete the queue with its settings and dedup keys. Returns whether it existed.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._bridge.run(self._of.delete(queue, namespace=namespace, timeout_ms=timeout_ms))

    def pause(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> QueueStats:
        """Stop deliveries; enqueues, acks and leases continue. Returns the queue's counts.

        A queue that does not exist yet may be paused, too. Pausing a paused queue changes nothing.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._bridge.run(self._of.pause(queue, namespace=namespace, timeout_ms=timeout_ms))

    def resume(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> QueueStats:
        """Deliver again; waiting dequeues are answered at once. Returns the queue's counts.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._bridge.run(self._of.resume(queue, namespace=namespace, timeout_ms=timeout_ms))

    def promote(
        self, queue: str, seqs: Seqs, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> int:
        """Make delayed messages due now, at most 1,000. Returns how many of them were delayed.

        Raises `BadRequestError` for more than 1,000 messages.
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

        - `count`: at most so many messages, 1 to 1,000; default 1. Fewer are returned if there are
          fewer, or if their payloads reach 4 MiB.
        - `visibility_timeout_ms`: how long the lease lasts; default 30,000, up to ten years. A
          message that is not acked by then is delivered again.
        - `block_ms`: how long to wait for the first message; 0, the default, does not wait, and
          300,000 is the longest.
        - `ack_mode`: `"explicit"`, the default, or `"on_delivery"`. The latter acks messages in the
          same step that delivers them, so each is delivered at most once.

        Raises `BadRequestError` if a value is out of these limits.
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
        """Return the next ready messages without leasing them.

        `count`: at most so many, 1 to 1,000; default 1.

        Raises `BadRequestError` if `count` is out of range.
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
        """List the dead letters, oldest death first, one page at a time, with `reason` and `error`.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
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
        """Requeue or delete all dead letters that match, in a background job.

        - `operation`: `"requeue_dead"` or `"delete_dead"`.
        - `reason`: only dead letters with this reason, `"max_attempts"` or `"nacked"`; by default
          both.
        - `error_contains`: only those whose last error contains this text; by default all.
        - `limit`: at most so many; by default all.
        - `dry_run`: only count; off by default.

        Messages that become dead letters after this call are not touched. `client.jobs` shows the
        progress.

        Raises `BadRequestError` if there is no such operation or reason.
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
        """Return the counts of a queue; all zero if it does not exist.

        Raises `BadRequestError` if the name is invalid.
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
        """List the namespace's queues by name with their counts, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._bridge.run(
            self._of.list(limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms)
        )
