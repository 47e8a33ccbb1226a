"""Queues: the requests for priority queues with leases, and the answers."""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core import defaults
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.types import AckResult, Command, PayloadValue, Query, Value


class Message(PayloadValue, frozen=True):
    """One message of a queue: delivered, peeked at, or dead.

    - `lease`: the number that fences this delivery; 0 if nothing is leased.
    - `attempt`: the number of deliveries, including this one.
    - `reason` (`max_attempts`, `nacked`), `error`: set for dead letters only.
    - `first_delivered_at_ms`, `last_delivered_at_ms`: `None` before the first delivery.
    - `traceparent`: the trace in which it was enqueued (`core/trace.py`).
    """

    seq: int
    payload: bytes
    priority: int
    attempt: int
    lease: int
    enqueued_at_ms: int
    lease_expires_at_ms: int | None = None
    reason: str | None = None
    error: str | None = None
    first_delivered_at_ms: int | None = None
    last_delivered_at_ms: int | None = None
    traceparent: str | None = None

    @property
    def delivery_count(self) -> int:
        """Another name for `attempt`."""
        return self.attempt


class DequeueResult(Value, frozen=True):
    """Messages in delivery order; `cursor` is set only for pages of dead letters."""

    messages: list[Message]
    cursor: str | None = None

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    @property
    def has_more(self) -> bool:
        """Whether another page follows (pages of dead letters)."""
        return self.cursor is not None


class QueueConfig(Value, frozen=True):
    """The settings of a queue. A queue that was never configured has the defaults."""

    max_attempts: int = defaults.MAX_ATTEMPTS
    retry_delay_ms: int = 0
    dlq_limit: int = defaults.DLQ_LIMIT
    dedup_window_ms: int = defaults.DEDUP_WINDOW_MS
    retry_backoff: str = defaults.RETRY_BACKOFF
    retry_delay_max_ms: int = defaults.RETRY_DELAY_MAX_MS


class QueueStats(Value, frozen=True):
    """The counts of a queue.

    `oldest_age_ms`: the age of the oldest message that is not dead, or 0. `paused`: nothing is
    delivered until the queue is resumed. `waiting`: messages that wait for earlier ones of their
    group; `ready` and `delayed` do not include them.
    """

    name: str
    ready: int
    delayed: int
    leased: int
    dead: int
    oldest_age_ms: int
    enqueued_total: int
    acked_total: int
    dead_evicted_total: int = 0
    paused: bool = False
    waiting: int = 0


class QueueListReply(Value, frozen=True):
    items: list[QueueStats]
    cursor: str | None


class QueueEnqueue(Command[list[int]], tag=32, frozen=True):
    """Enqueue one or several payloads in one commit.

    A dedup key is allowed only with a single payload. Of one `group`, only the oldest message that
    is not done is delivered.
    """

    queue: str
    payloads: list[bytes]
    priority: int = defaults.PRIORITY
    delay_ms: int = 0
    dedup_key: str | None = None
    group: str | None = None
    traceparent: str | None = None


class QueueDequeue(Command[DequeueResult], tag=33, frozen=True):
    """Lease the next messages.

    `on_delivery`: ack them as they are delivered (at most once). `by_worker`: the caller begins all
    messages at once. If it dies, what it leaves behind waits before it is delivered again.
    """

    queue: str
    count: int = 1
    visibility_timeout_ms: int = defaults.VISIBILITY_TIMEOUT_MS
    block_ms: int = 0
    on_delivery: bool = False
    by_worker: bool = False


class QueueAck(Command[AckResult], tag=34, frozen=True):
    """`leases` has an entry for each of `seqs`; 0 means: no lease known, trust the caller."""

    queue: str
    seqs: list[int]
    leases: list[int]


class QueueNack(Command[AckResult], tag=35, frozen=True):
    queue: str
    seqs: list[int]
    leases: list[int]
    to_dlq: bool = False
    delay_ms: int = 0
    release: bool = False
    error: str | None = None


class QueueTouch(Command[AckResult], tag=36, frozen=True):
    queue: str
    seqs: list[int]
    leases: list[int]
    extend_ms: int = defaults.EXTEND_MS


class QueuePeek(Query[DequeueResult], tag=37, frozen=True):
    queue: str
    count: int = 1


class QueueDlqList(Query[DequeueResult], tag=38, frozen=True):
    queue: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class QueueDlqRequeue(Command[int], tag=39, frozen=True):
    queue: str
    seqs: list[int]


class QueueDlqDelete(Command[int], tag=40, frozen=True):
    queue: str
    seqs: list[int]


class QueueDlqPurge(Command[int], tag=41, frozen=True):
    queue: str


class QueuePurge(Command[int], tag=42, frozen=True):
    queue: str


class QueueConfigure(Command[QueueConfig], tag=43, frozen=True):
    """`None` keeps the current setting (the default, for a new queue)."""

    queue: str
    max_attempts: int | None = None
    retry_delay_ms: int | None = None
    dlq_limit: int | None = None
    dedup_window_ms: int | None = None
    retry_backoff: str | None = None
    retry_delay_max_ms: int | None = None


class QueueGetStats(Query[QueueStats], tag=44, frozen=True):
    """A queue that does not exist has only zeros."""

    queue: str


class QueueList(Query[QueueListReply], tag=45, frozen=True):
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class QueueDelete(Command[bool], tag=46, frozen=True):
    queue: str


class QueuePause(Command[QueueStats], tag=86, frozen=True):
    """Nothing is delivered while a queue is paused; everything else continues."""

    queue: str
    paused: bool = True


class QueuePromote(Command[int], tag=87, frozen=True):
    """Make delayed messages due now. The answer is how many of them were delayed."""

    queue: str
    seqs: list[int]


class QueueBulk(Command[BulkJob], tag=96, frozen=True):
    """Requeue or delete all dead letters that match, in a background job.

    `reason`: `max_attempts` or `nacked`. `error_contains`: a part of the last error text.
    """

    queue: str
    operation: DeadBulkOperation
    reason: str | None = None
    error_contains: str | None = None
    limit: int | None = None
    dry_run: bool = False
