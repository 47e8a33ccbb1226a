"""The writes of `client.queue` that a batch takes, too: all except `dequeue`."""

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
    """Writing to priority queues, and settling dequeued messages."""

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
        """Add up to 1,000 messages in one commit: all, or none. Returns their seqs, in order.

        `priority` (default 10), `delay_ms` (default 0) and `group` (none by default) apply to each
        message.

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
        """Acknowledge messages, at most 1,000: their work is done.

        Each message gets its own result. `stale` in the answer lists unknown messages, and those
        that have been delivered to somebody else since.

        Raises `BadRequestError` for more than 1,000 messages. In a batch, a stale message raises
        `ConflictError`.
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
        """Give messages back, at most 1,000, as failed attempts.

        - `to_dlq`: make them dead letters at once; off by default.
        - `delay_ms`: when they are due again. 0, the default, means at once with `release`, and
          otherwise after the queue's `retry_delay_ms`.
        - `release`: give them back without counting an attempt; off by default.
        - `error`: a text of up to 4 KiB that is kept for the dead letter; none by default.

        Raises `BadRequestError` if `to_dlq` is given with `release` or `delay_ms`. In a batch, a
        stale message raises `ConflictError`.
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
        """Extend leases that are still held. `stale` in the answer lists the other messages.

        `extend_ms`: the new end of the lease, in milliseconds from now; default 30,000, up to ten
        years.

        Raises `BadRequestError` if `extend_ms` is out of range, or for more than 1,000 messages.
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
        """Turn dead letters into fresh messages, due now, without attempts. Returns how many.

        Raises `BadRequestError` for more than 1,000 seqs.
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
        """Delete dead letters. Returns how many.

        Raises `BadRequestError` for more than 1,000 seqs.
        """
        return self._call(QueueDlqDelete(queue, _seqs_of(seqs)), namespace, timeout_ms)

    def dlq_purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[int]:
        """Delete all dead letters. Returns how many.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._call(QueueDlqPurge(queue), namespace, timeout_ms)

    def purge(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[int]:
        """Delete all messages, also leased and delayed ones, but no dead letters. Returns how many.

        Raises `BadRequestError` if the name is invalid.
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
        """Delete the queue with its settings and dedup keys. Returns whether it existed.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._call(QueueDelete(queue), namespace, timeout_ms)

    def pause(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[QueueStats]:
        """Stop deliveries; enqueues, acks and leases continue. Returns the queue's counts.

        A queue that does not exist yet may be paused, too. Pausing a paused queue changes nothing.

        Raises `BadRequestError` if the name is invalid.
        """
        return self._call(QueuePause(queue, True), namespace, timeout_ms)

    def resume(
        self, queue: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[QueueStats]:
        """Deliver again; waiting dequeues are answered at once. Returns the queue's counts.

        Raises `BadRequestError` if the name is invalid.
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
        """Make delayed messages due now, at most 1,000. Returns how many of them were delayed.

        Raises `BadRequestError` for more than 1,000 messages.
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
