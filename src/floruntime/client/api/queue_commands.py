"""From arguments to commands: what `client.queue` and `b.queue` of a batch have in common.

Nothing here talks to a server. `Leases` remembers under which lease each message came, so that an
ack by seq is as safe as one by message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from floruntime.client.api.caller import as_bytes
from floruntime.client.api.leases import LeaseMemory
from floruntime.core.errors import BadRequestError
from floruntime.core.queue import (
    Message,
    QueueAck,
    QueueConfigure,
    QueueDelete,
    QueueDequeue,
    QueueDlqDelete,
    QueueDlqPurge,
    QueueDlqRequeue,
    QueueEnqueue,
    QueueNack,
    QueuePurge,
    QueueTouch,
)

Payload = bytes | bytearray | memoryview | str
Seqs = int | Message | Iterable[int | Message]
"""One seq or message, or several."""

EXPLICIT: Final = "explicit"
ON_DELIVERY: Final = "on_delivery"


class Leases:
    """The lease of each message that this client dequeued.

    `namespace` is the client's own, which calls without one mean.
    """

    def __init__(self, namespace: str | None = None) -> None:
        self._namespace = namespace
        self._leases = LeaseMemory()

    def remember(self, namespace: str | None, queue: str, messages: list[Message]) -> None:
        """These messages came under their leases."""
        namespace = namespace or self._namespace
        for message in messages:
            self._leases.remember((namespace, queue, message.seq), message.lease)

    def of(self, namespace: str | None, queue: str, item: int | Message) -> int:
        """The lease to send along; 0 for a message that this client did not dequeue."""
        if isinstance(item, Message):
            return item.lease
        return self._leases.get((namespace or self._namespace, queue, item))


class QueueCommands:
    """The commands of queues, by the names and arguments of `client.queue`."""

    def __init__(self, leases: Leases | None = None) -> None:
        self._leases = leases if leases is not None else Leases()

    def enqueue(
        self,
        queue: str,
        payload: Payload,
        *,
        priority: int = 10,
        delay_ms: int = 0,
        dedup_key: str | None = None,
    ) -> QueueEnqueue:
        """Answered with a list of one seq; `the_seq` takes it out."""
        return QueueEnqueue(queue, [as_bytes(payload)], priority, delay_ms, dedup_key)

    def enqueue_many(
        self, queue: str, payloads: Iterable[Payload], *, priority: int = 10, delay_ms: int = 0
    ) -> QueueEnqueue:
        if isinstance(payloads, (bytes, bytearray, memoryview, str)):
            raise BadRequestError("payloads must be a list of payloads, not one payload")
        return QueueEnqueue(queue, [as_bytes(one) for one in payloads], priority, delay_ms)

    def dequeue(
        self,
        queue: str,
        count: int = 1,
        *,
        visibility_timeout_ms: int = 30_000,
        block_ms: int = 0,
        ack_mode: str = EXPLICIT,
    ) -> QueueDequeue:
        if ack_mode not in (EXPLICIT, ON_DELIVERY):
            raise BadRequestError(f"ack_mode {ack_mode!r} must be {EXPLICIT!r} or {ON_DELIVERY!r}")
        return QueueDequeue(queue, count, visibility_timeout_ms, block_ms, ack_mode == ON_DELIVERY)

    def ack(self, queue: str, seqs: Seqs, *, namespace: str | None = None) -> QueueAck:
        return QueueAck(queue, *self._held(namespace, queue, seqs))

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
    ) -> QueueNack:
        numbers, leases = self._held(namespace, queue, seqs)
        return QueueNack(queue, numbers, leases, to_dlq, delay_ms, release, error)

    def touch(
        self, queue: str, seqs: Seqs, *, extend_ms: int = 30_000, namespace: str | None = None
    ) -> QueueTouch:
        return QueueTouch(queue, *self._held(namespace, queue, seqs), extend_ms)

    def _held(self, namespace: str | None, queue: str, seqs: Seqs) -> tuple[list[int], list[int]]:
        items = _listed(seqs)
        leases = [self._leases.of(namespace, queue, item) for item in items]
        return [_seq_of(item) for item in items], leases

    def dlq_requeue(self, queue: str, seqs: Seqs) -> QueueDlqRequeue:
        return QueueDlqRequeue(queue, [_seq_of(item) for item in _listed(seqs)])

    def dlq_delete(self, queue: str, seqs: Seqs) -> QueueDlqDelete:
        return QueueDlqDelete(queue, [_seq_of(item) for item in _listed(seqs)])

    def dlq_purge(self, queue: str) -> QueueDlqPurge:
        return QueueDlqPurge(queue)

    def purge(self, queue: str) -> QueuePurge:
        return QueuePurge(queue)

    def configure(
        self,
        queue: str,
        *,
        max_attempts: int | None = 5,
        retry_delay_ms: int | None = 0,
        dlq_limit: int | None = 10_000,
        dedup_window_ms: int | None = 300_000,
    ) -> QueueConfigure:
        return QueueConfigure(queue, max_attempts, retry_delay_ms, dlq_limit, dedup_window_ms)

    def delete(self, queue: str) -> QueueDelete:
        return QueueDelete(queue)


def the_seq(seqs: list[int]) -> int:
    """The answer of `enqueue`: the one seq."""
    return seqs[0]


def _listed(seqs: Seqs) -> list[int | Message]:
    return [seqs] if isinstance(seqs, (int, Message)) else list(seqs)


def _seq_of(item: int | Message) -> int:
    return item.seq if isinstance(item, Message) else item
