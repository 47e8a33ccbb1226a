"""Workers with the interface of that SDK: times in seconds, `machine_id`, and dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Unpack

from floruntime.client.base import BaseClient
from floruntime.client.worker.action_worker import ActionWorker as OurActionWorker
from floruntime.client.worker.contexts import ActionContext, ActionResult, StreamContext
from floruntime.client.worker.stream_worker import StreamWorker as OurStreamWorker
from floruntime.compat.flo.arguments import (
    ActionWorkerMore,
    StreamRecordHandler,
    StreamWorkerMore,
)

ActionHandler = Callable[[ActionContext], Any]


@dataclass(frozen=True)
class ActionWorkerOptions:
    """Settings of an `ActionWorker`."""

    endpoint: str = "localhost:9000"
    namespace: str = "default"
    worker_id: str | None = None
    machine_id: str | None = None
    concurrency: int = 10
    action_timeout: float = 300.0
    """In seconds."""
    block_ms: int = 30_000
    heartbeat_interval_ms: int = 30_000


WorkerConfig = ActionWorkerOptions


@dataclass(frozen=True)
class StreamWorkerOptions:
    """Settings of a `StreamWorker`."""

    stream: str
    group: str = "default"
    consumer: str | None = None
    worker_id: str | None = None
    """Another name for `consumer`."""
    concurrency: int = 10
    batch_size: int = 10
    block_ms: int = 30_000
    message_timeout: float = 300.0
    """In seconds."""


class ActionWorker(OurActionWorker):
    """A worker for actions: `worker.action(name)(handler)`, then `await worker.start()`.

    `endpoint`: where the server is, or a client; `action_timeout` is in seconds.
    """

    def __init__(
        self,
        endpoint: str | BaseClient,
        *,
        namespace: str | None = None,
        worker_id: str | None = None,
        machine_id: str | None = None,
        concurrency: int = 10,
        action_timeout: float = 300.0,
        block_ms: int = 30_000,
        heartbeat_interval_ms: int = 30_000,
        **others: Unpack[ActionWorkerMore],
    ) -> None:
        super().__init__(
            endpoint,
            namespace=namespace,
            worker_id=worker_id,
            metadata=None if machine_id is None else {"machine_id": machine_id},
            concurrency=concurrency,
            action_timeout_ms=_milliseconds(action_timeout),
            block_ms=block_ms,
            heartbeat_interval_ms=heartbeat_interval_ms,
            **others,
        )


Worker = ActionWorker


class StreamWorker(OurStreamWorker):
    """A consumer of a group: `handler(ctx)` for each record, from `await worker.start()` on.

    `endpoint`: where the server is, or a client; `message_timeout` is in seconds.
    """

    def __init__(
        self,
        endpoint: str | BaseClient,
        *,
        stream: str,
        handler: StreamRecordHandler,
        group: str = "default",
        consumer: str | None = None,
        worker_id: str | None = None,
        message_timeout: float = 300.0,
        **others: Unpack[StreamWorkerMore],
    ) -> None:
        super().__init__(
            endpoint,
            stream=stream,
            group=group,
            handler=handler,
            consumer=worker_id if consumer is None else consumer,
            message_timeout_ms=_milliseconds(message_timeout),
            **others,
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1_000)


__all__ = [
    "ActionContext",
    "ActionHandler",
    "ActionResult",
    "ActionWorker",
    "ActionWorkerOptions",
    "StreamContext",
    "StreamRecordHandler",
    "StreamWorker",
    "StreamWorkerOptions",
    "Worker",
    "WorkerConfig",
]
