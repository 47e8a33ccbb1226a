"""The parameters of that SDK's classes, and the options that ours add, as `TypedDict`s."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from floruntime.client.link.reads import ReadsFrom
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.token import Token
from floruntime.client.link.transports.protocol import Transport
from floruntime.client.worker.contexts import StreamContext
from floruntime.core.backoff import RetryBackoff

StreamRecordHandler = Callable[[StreamContext], Any]


class ClientMore(TypedDict, total=False):
    """The options that our client adds."""

    token: Token | None
    tls: bool | ssl.SSLContext | None
    retry: RetryPolicy
    transport: Transport | None
    reads: ReadsFrom
    max_staleness_ms: int | None


class WorkerMore(TypedDict, total=False):
    """The options that all our workers add."""

    token: Token | None
    tls: bool | ssl.SSLContext | None
    auto_touch: bool
    drain_timeout_ms: int
    handle_signals: bool


class ActionWorkerMore(WorkerMore, total=False):
    """The options that our `ActionWorker` adds."""

    labels: Mapping[str, str] | None


class ActionWorkerArguments(ActionWorkerMore, total=False):
    """The options of `ActionWorker`, without its endpoint; `action_timeout` is in seconds."""

    namespace: str | None
    worker_id: str | None
    machine_id: str | None
    concurrency: int
    action_timeout: float
    block_ms: int
    heartbeat_interval_ms: int


class StreamWorkerMore(WorkerMore, total=False):
    """The options that our `StreamWorker` adds."""

    namespace: str | None
    concurrency: int
    batch_size: int
    block_ms: int
    retry_delay_ms: int
    retry_backoff: RetryBackoff | str
    retry_delay_max_ms: int
    process: bool


class StreamWorkerNeeds(TypedDict):
    """The options that `StreamWorker` requires."""

    stream: str
    handler: StreamRecordHandler


class StreamWorkerArguments(StreamWorkerNeeds, StreamWorkerMore, total=False):
    """The options of `StreamWorker`, without its endpoint; `message_timeout` is in seconds."""

    group: str
    consumer: str | None
    worker_id: str | None
    message_timeout: float
