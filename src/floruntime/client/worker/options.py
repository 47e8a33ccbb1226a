"""The options of workers, for those who hand them on: an editor knows them, mypy checks them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TypedDict

from floruntime.client.link.token import Token
from floruntime.client.worker.handlers import Function
from floruntime.core.action import ActionType, Limits
from floruntime.core.backoff import RetryBackoff


class RegisterOptions(TypedDict, total=False):
    """What `client.action.register` takes beside the name."""

    type: ActionType | str
    timeout_ms: int
    max_retries: int | None
    retry_delay_ms: int | None
    run_timeout_ms: int | None
    description: str | None
    retention_ms: int
    limits: Limits | None
    key_path: str | None
    schedule: str | None
    timezone: str


class QueueOptions(TypedDict, total=False):
    """What `@worker.queue` takes beside the name."""

    concurrency: int
    batch_size: int
    visibility_timeout_ms: int
    retry_delay_ms: int
    retry_backoff: RetryBackoff | str
    retry_delay_max_ms: int | None
    process: bool


class ActionWorkerOptions(TypedDict, total=False):
    """What `ActionWorker` takes beside its endpoint."""

    namespace: str | None
    concurrency: int
    worker_id: str | None
    token: Token | None
    tls: bool | ssl.SSLContext | None
    labels: Mapping[str, str] | None
    metadata: Mapping[str, str] | None
    action_timeout_ms: int
    block_ms: int
    heartbeat_interval_ms: int
    auto_touch: bool
    drain_timeout_ms: int
    handle_signals: bool


class StreamWorkerNeeds(TypedDict):
    """What `StreamWorker` cannot do without."""

    stream: str
    group: str
    handler: Function


class StreamWorkerOptions(StreamWorkerNeeds, total=False):
    """What `StreamWorker` takes beside its endpoint."""

    namespace: str | None
    concurrency: int
    batch_size: int
    consumer: str | None
    token: Token | None
    tls: bool | ssl.SSLContext | None
    block_ms: int
    message_timeout_ms: int
    retry_delay_ms: int
    retry_backoff: RetryBackoff | str
    retry_delay_max_ms: int
    auto_touch: bool
    drain_timeout_ms: int
    process: bool
    handle_signals: bool


class QueueWorkerOptions(TypedDict, total=False):
    """What `QueueWorker` takes beside its endpoint."""

    queue: str | None
    handler: Function | None
    namespace: str | None
    concurrency: int
    batch_size: int
    worker_id: str | None
    token: Token | None
    tls: bool | ssl.SSLContext | None
    block_ms: int
    visibility_timeout_ms: int
    message_timeout_ms: int
    retry_delay_ms: int
    retry_backoff: RetryBackoff | str
    retry_delay_max_ms: int | None
    auto_touch: bool
    drain_timeout_ms: int
    process: bool
    handle_signals: bool
