"""The writes of `client.queue` but `dequeue`, which a batch takes, too."""

from __future__ import annotations

from collections.abc import Iterable

from floruntime.client.api.base.caller import Part, first
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import JsonPayload, as_payload, as_payloads, several
from floruntime.core import defaults
from floruntime.core.backoff import RetryBackoff
from floruntime.core.defaults import Kept, unless_kept
from floruntime.core.errors import BadTypeError
from floruntime.core.limits import shown
from floruntime.core.queue import (
    Message,
    QueueAck,
    QueueConfig,
    QueueConfigure,
    QueueDelete,
    QueueDlqDelete,
    QueueDlqPurge,
    QueueDlqRequeue,
    QueueEnqueue,
    QueueNack,
    QueuePause,
    QueuePromote,
    QueuePurge,
    QueueStats,
    QueueTouch,
)
from floruntime.core.types import AckResult

Seqs = int | Message | Iterable[int | Message]
"""One seq or message, or several: at most 1,000."""


class QueueWrites(Part):
    """Writing to priority queues, and settling what was dequeued."""

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
    ) -> Operation[int]:
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
        request = QueueEnqueue(queue, [as_payload(payload)], priority, delay_ms, dedup_key, group)
        return self._call_for(first, request, namespace, timeout_ms)

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
    ) -> Operation[list[int]]:
        """Add up to 1,000 messages in one commit: all, or none. Their seqs, in order.

        `priority` (10 unless given), `delay_ms` (0 unless given) and `group` (none unless given)
        are those of each message.

        Raises `BadRequestError` and `StorageFullError` as `enqueue` does.
        """
        request = QueueEnqueue(queue, as_payloads(payloads), priority, delay_ms, None, group)
        return self._call(request, namespace, timeout_ms)

    def ack(
        self,
        queue: str,
        seqs: Seqs,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[AckResult]:
        """Done with these messages, at most 1,000. `stale` are those delivered to somebody else
        since, and unknown ones; each is judged for itself.

        Raises `BadRequestError` on more of them. In a batch one that is stale is a `ConflictError`.
        """
        request = QueueAck(queue, *self._held(namespace, queue, seqs))
        return self._call(request, namespace, timeout_ms)

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
    ) -> Operation[AckResult]:
        """Give messages back, at most 1,000: a failed attempt of each.

        `to_dlq`: make them dead letters at once; off by default. `delay_ms`: when they are due
        again; 0, the default, means at once, or after the queue's `retry_delay_ms` when an attempt
        was counted. `release`: count no attempt; off by default. `error`: a text of up to 4 KiB
        that is kept for the dead letter; by default none.

        Raises `BadRequestError` where `to_dlq` is given with `release` or `delay_ms`. In a batch a
        stale message is a `ConflictError`.
        """
        numbers, leases = self._held(namespace, queue, seqs)
        request = QueueNack(queue, numbers, leases, to_dlq, delay_ms, release, error)
        return self._call(request, namespace, timeout_ms)

    def touch(
        self,
        queue: str,
        seqs: Seqs,
        *,
        extend_ms: int = defaults.EXTEND_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[AckResult]:
        """Let leases that are still held run out later; the others are `stale`.

        `extend_ms`: from now, 30,000 unless given, up to ten years.

        Raises `BadRequestError` on another `extend_ms`, or more than 1,000 messages.
        """
        request = QueueTouch(queue, *self._held(namespace, queue, seqs), extend_ms)
        return self._call(request, namespace, timeout_ms)

    def dlq_requeue(
        self,
        queue: str,
        seqs: Seqs,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[int]:
        """Make dead letters fresh messages, due now, without attempts; how many there were.

        Raises `BadRequestError` on more than 1,000 seqs.
        """
        return self._call(QueueDlqRequeue(queue, _seqs_of(seqs)), namespace, timeout_ms)

    def dlq_delete(
        self,
        queue: str,
        seqs: Seqs,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[int]:
        """Delete dead letters; how many there were.

        Raises `BadRequestError` on more than 1,000 seqs.
        """
        return self._call(QueueDlqDelete(queue, _seqs_of(seqs)), namespace, timeout_ms)

    def dlq_purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[int]:
        """Delete all dead letters; how many there were.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(QueueDlqPurge(queue), namespace, timeout_ms)

    def purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[int]:
        """Delete all messages, leased and delayed ones too, but no dead letters; how many.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(QueuePurge(queue), namespace, timeout_ms)

    def configure(
        self,
        queue: str,
        *,
        max_attempts: int | None = Kept(defaults.MAX_ATTEMPTS),  # immutable
        retry_delay_ms: int | None = Kept(0),  # immutable
        dlq_limit: int | None = Kept(defaults.DLQ_LIMIT),  # immutable
        dedup_window_ms: int | None = Kept(defaults.DEDUP_WINDOW_MS),  # immutable
        retry_backoff: RetryBackoff | str | None = None,
        retry_delay_max_ms: int | None = Kept(defaults.RETRY_DELAY_MAX_MS),  # immutable
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[QueueConfig]:
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
        request = QueueConfigure(
            queue,
            unless_kept(max_attempts),
            unless_kept(retry_delay_ms),
            unless_kept(dlq_limit),
            unless_kept(dedup_window_ms),
            retry_backoff,
            unless_kept(retry_delay_max_ms),
        )
        return self._call(request, namespace, timeout_ms)

    def delete(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Delete the queue, its settings and dedup keys. Returns whether it existed.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(QueueDelete(queue), namespace, timeout_ms)

    def pause(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[QueueStats]:
        """Deliver nothing from now on; enqueues, acks and leases go on. The queue's counts.

        A queue that does not exist yet may be paused, too. Pausing what is paused changes nothing.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(QueuePause(queue, True), namespace, timeout_ms)

    def resume(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[QueueStats]:
        """Deliver again, to those who wait at once. The queue's counts.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(QueuePause(queue, False), namespace, timeout_ms)

    def promote(
        self,
        queue: str,
        seqs: Seqs,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[int]:
        """Let delayed messages be due now, at most 1,000; how many were delayed.

        Raises `BadRequestError` on more of them.
        """
        return self._call(QueuePromote(queue, _seqs_of(seqs)), namespace, timeout_ms)

    def _held(self, namespace: str | None, queue: str, seqs: Seqs) -> tuple[list[int], list[int]]:
        items = _listed(seqs)
        where = self._caller.namespace if namespace is None else namespace
        numbers = [_seq_of(item) for item in items]
        leases = [self._caller.leases.of_message(where, queue, item) for item in items]
        return numbers, leases


def _seqs_of(seqs: Seqs) -> list[int]:
    return [_seq_of(item) for item in _listed(seqs)]


def _listed(seqs: Seqs) -> list[int | Message]:
    return [seqs] if isinstance(seqs, (int, Message)) else several("seqs", seqs)


def _seq_of(item: int | Message) -> int:
    if isinstance(item, Message):
        return item.seq
    if isinstance(item, bool) or not isinstance(item, int):
        raise BadTypeError(f"a seq is {shown(item)}; it must be an int, or a Message")
    return item
