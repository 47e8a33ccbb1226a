"""`client.queue`: priority queues with leases, as a person calls them.

Priority is strict: a flood of urgent messages (a low `priority` number) holds up the rest.
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

    A queue comes into being with its first message. Its name is 1 to 255 bytes of UTF-8 without
    control characters; another one is a `BadRequestError`. Where seqs are asked for, the messages
    themselves do as well, at most 1,000. Each is answered for itself, and the client sends along
    the leases of what it dequeued (the last 100,000). Every method takes `namespace` and
    `timeout_ms`, by default the client's own.
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

        `count`: at most so many, 1 unless given, 1,000 at most; fewer come when there are fewer, or
        when their payloads reach 4 MiB. `visibility_timeout_ms`: what is not acked within it is
        delivered again; 30,000 unless given, up to ten years. `block_ms`: how long to wait for the
        first one; 0, the default, does not wait, 300,000 is the longest. `ack_mode`: `"explicit"`,
        the default, or `"on_delivery"`, which acks in the same step: at most once.

        Raises `BadRequestError` on a value out of these limits.
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
        """The next ready messages, without leasing them.

        `count`: at most so many, 1 unless given, 1,000 at most.

        Raises `BadRequestError` on another `count`.
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
        """A page of the dead letters, in the order in which they died, with `reason` and `error`.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
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
        """Requeue or delete all dead letters that match, by a job: a piece of it per tick.

        `operation`: `"requeue_dead"` or `"delete_dead"`. `reason`: only those of `"max_attempts"`
        or `"nacked"`; by default of both. `error_contains`: only those whose last error has this
        text in it; by default all. `limit`: at most so many; by default all. `dry_run`: only count;
        off by default. What dies later is left alone. `client.jobs` tells how far it is.

        Raises `BadRequestError` on an operation or a reason that there is not.
        """
        chosen = choice("operation", operation, DeadBulkOperation)
        request = QueueBulk(queue, chosen, reason, error_contains, limit, dry_run)
        return self._call(request, namespace, timeout_ms)

    def stats(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[QueueStats]:
        """Counts of a queue; zeros for one that does not exist.

        Raises `BadRequestError` on a name that cannot be.
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
        """A page of the namespace's queues, by name, each with its counts.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._call_for(as_page, QueueList(limit, cursor), namespace, timeout_ms)
