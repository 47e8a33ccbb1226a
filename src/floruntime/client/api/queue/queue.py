"""`client.queue`: priority queues with leases.

Priority is strict: while there are urgent messages (a low `priority` number), the rest wait.
"""

from __future__ import annotations

from typing import Final

from floruntime.client.api.base.choices import choice
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.queue.writes import QueueWrites
from floruntime.core import defaults
from floruntime.core.errors import BadRequestError
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.queue import (
    DequeueResult,
    QueueBulk,
    QueueDequeue,
    QueueDlqList,
    QueueGetStats,
    QueueList,
    QueuePeek,
    QueueStats,
)
from floruntime.core.types import Page

EXPLICIT: Final = "explicit"
ON_DELIVERY: Final = "on_delivery"


class Queue(QueueWrites):
    """The queues of one client.

    The first message creates its queue. A queue's name is 1 to 255 bytes of UTF-8 without control
    characters; any other name raises `BadRequestError`. Where a method takes seqs, it also takes
    the messages themselves, at most 1,000. Each message gets its own result. The client sends along
    the leases of the messages that it dequeued (the last 100,000). Every method takes `namespace`
    and `timeout_ms`, by default the client's own.
    """

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
    ) -> Operation[DequeueResult]:
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
        if ack_mode not in (EXPLICIT, ON_DELIVERY):
            raise BadRequestError(f"ack_mode {ack_mode!r} must be {EXPLICIT!r} or {ON_DELIVERY!r}")
        where = self._caller.namespace if namespace is None else namespace

        def remembered(result: DequeueResult) -> DequeueResult:
            self._caller.leases.remember_messages(where, queue, result.messages)
            return result

        request = QueueDequeue(
            queue, count, visibility_timeout_ms, block_ms, ack_mode == ON_DELIVERY
        )
        return self._call_for(remembered, request, namespace, timeout_ms, block_ms)

    def peek(
        self,
        queue: str,
        count: int = 1,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[DequeueResult]:
        """Return the next ready messages without leasing them.

        `count`: at most so many, 1 to 1,000; default 1.

        Raises `BadRequestError` if `count` is out of range.
        """
        return self._call(QueuePeek(queue, count), namespace, timeout_ms)

    def dlq_list(
        self,
        queue: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[DequeueResult]:
        """List the dead letters, oldest death first, one page at a time, with `reason` and `error`.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._call(QueueDlqList(queue, limit, cursor), namespace, timeout_ms)

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
    ) -> Operation[BulkJob]:
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
        chosen = choice("operation", operation, DeadBulkOperation)
        request = QueueBulk(queue, chosen, reason, error_contains, limit, dry_run)
        return self._call(request, namespace, timeout_ms)

    def stats(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[QueueStats]:
        """Return the counts of a queue; all zero if it does not exist.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._call(QueueGetStats(queue), namespace, timeout_ms)

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[QueueStats]]:
        """List the namespace's queues by name with their counts, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._call_for(as_page, QueueList(limit, cursor), namespace, timeout_ms)
