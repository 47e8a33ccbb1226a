"""The options of workers as `TypedDict`s, for functions that pass them on: checked by mypy."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TypedDict

from floruntime.client.link.token import Token
from floruntime.client.worker.handlers import Function
from floruntime.core.action import ActionType, Limits
from floruntime.core.backoff import RetryBackoff


class RegisterOptions(TypedDict, total=False):
    """The options of `client.action.register`, without the name."""

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
    """The options of `@worker.queue`, without the name."""

    concurrency: int
    batch_size: int
    visibility_timeout_ms: int
    retry_delay_ms: int
    retry_backoff: RetryBackoff | str
    retry_delay_max_ms: int | None
    process: bool


class ActionWorkerOptions(TypedDict, total=False):
    """The options of `ActionWorker`, without its endpoint."""

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
    """The options that `StreamWorker` requires."""

    stream: str
    group: str
    handler: Function


class StreamWorkerOptions(StreamWorkerNeeds, total=False):
    """The options of `StreamWorker`, without its endpoint."""

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
    """The options of `QueueWorker`, without its endpoint."""

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
