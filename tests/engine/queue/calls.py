"""The queue commands as tests like to call them, on the queue `jobs`."""

from __future__ import annotations

from floruntime.core.queue import (
    DequeueResult,
    Message,
    QueueAck,
    QueueConfig,
    QueueConfigure,
    QueueDequeue,
    QueueDlqList,
    QueueEnqueue,
    QueueGetStats,
    QueueNack,
    QueuePeek,
    QueueStats,
    QueueTouch,
)
from floruntime.core.types import AckResult
from tests.engine.harness import Engine

JOBS = "jobs"


class Jobs:
    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine if engine is not None else Engine()

    def put(
        self,
        *payloads: bytes,
        priority: int = 10,
        delay_ms: int = 0,
        dedup_key: str | None = None,
    ) -> list[int]:
        return self.engine.run(QueueEnqueue(JOBS, list(payloads), priority, delay_ms, dedup_key))

    def take(
        self, count: int = 1, *, lease_ms: int = 30_000, on_delivery: bool = False
    ) -> list[Message]:
        result: DequeueResult = self.engine.run(QueueDequeue(JOBS, count, lease_ms, 0, on_delivery))
        return result.messages

    def take_one(self, *, lease_ms: int = 30_000) -> Message:
        (message,) = self.take(1, lease_ms=lease_ms)
        return message

    def ack(self, *messages: Message) -> AckResult:
        return self.ack_as([m.seq for m in messages], [m.lease for m in messages])

    def ack_as(self, seqs: list[int], leases: list[int]) -> AckResult:
        return self.engine.run(QueueAck(JOBS, seqs, leases))

    def nack(
        self,
        *messages: Message,
        to_dlq: bool = False,
        delay_ms: int = 0,
        release: bool = False,
        error: str | None = None,
    ) -> AckResult:
        seqs, leases = [m.seq for m in messages], [m.lease for m in messages]
        return self.engine.run(QueueNack(JOBS, seqs, leases, to_dlq, delay_ms, release, error))

    def touch(self, *messages: Message, extend_ms: int = 30_000) -> AckResult:
        seqs, leases = [m.seq for m in messages], [m.lease for m in messages]
        return self.engine.run(QueueTouch(JOBS, seqs, leases, extend_ms))

    def configure(
        self,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
        dlq_limit: int | None = None,
        dedup_window_ms: int | None = None,
    ) -> QueueConfig:
        return self.engine.run(
            QueueConfigure(JOBS, max_attempts, retry_delay_ms, dlq_limit, dedup_window_ms)
        )

    def peek(self, count: int = 1) -> list[Message]:
        return self.engine.query(QueuePeek(JOBS, count)).messages

    def dead(self, limit: int = 1000) -> list[Message]:
        return self.engine.query(QueueDlqList(JOBS, limit)).messages

    def stats(self) -> QueueStats:
        return self.engine.query(QueueGetStats(JOBS))

    def counts(self) -> tuple[int, int, int, int]:
        """Ready, delayed, leased, dead."""
        stats = self.stats()
        return stats.ready, stats.delayed, stats.leased, stats.dead


def seqs(messages: list[Message]) -> list[int]:
    return [message.seq for message in messages]
