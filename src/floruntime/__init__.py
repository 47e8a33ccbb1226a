"""Flo: one durable server for a back end (KV, queues, streams), and its client."""

from __future__ import annotations

from floruntime.client.client import FloClient
from floruntime.client.follow import Subscription
from floruntime.client.retry import RetryPolicy
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    FloError,
    ForbiddenError,
    GapError,
    InternalServerError,
    NonRetryableError,
    NotConnectedError,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    RequestTimeoutError,
    StorageFullError,
    UnauthorizedError,
    UnavailableError,
)
from floruntime.core.kv import KvChange, KvEntry, PutResult, ScanResult, VersionEntry
from floruntime.core.queue import DequeueResult, Message, QueueConfig, QueueStats
from floruntime.core.stream import (
    AppendResult,
    GroupInfo,
    PendingEntry,
    ReadResult,
    StreamID,
    StreamInfo,
    StreamRecord,
    TrimResult,
)
from floruntime.core.system import NamespaceInfo, ServerInfo
from floruntime.core.types import AckResult, Page
from floruntime.core.version import VERSION as __version__

__all__ = [
    "AckResult",
    "AppendResult",
    "BadRequestError",
    "ConflictError",
    "ConnectionFailedError",
    "DequeueResult",
    "FloClient",
    "FloError",
    "ForbiddenError",
    "GapError",
    "GroupInfo",
    "InternalServerError",
    "KvChange",
    "KvEntry",
    "Message",
    "NamespaceInfo",
    "NonRetryableError",
    "NotConnectedError",
    "NotFoundError",
    "OverloadedError",
    "Page",
    "PendingEntry",
    "ProtocolError",
    "PutResult",
    "QueueConfig",
    "QueueStats",
    "ReadResult",
    "RequestTimeoutError",
    "RetryPolicy",
    "ScanResult",
    "ServerInfo",
    "StorageFullError",
    "StreamID",
    "StreamInfo",
    "StreamRecord",
    "Subscription",
    "TrimResult",
    "UnauthorizedError",
    "UnavailableError",
    "VersionEntry",
    "__version__",
]
