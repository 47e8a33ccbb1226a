"""Flo: one durable server for a back end (KV, queues, streams, actions, workflows); its client."""

from __future__ import annotations

from floruntime.client.api.follow import Subscription
from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.worker.action_worker import ActionWorker
from floruntime.client.worker.contexts import ActionContext, ActionResult, StreamContext
from floruntime.client.worker.stream_worker import StreamWorker
from floruntime.core.action import ActionInfo, ActionRun, ActionType, InvokeResult, RunStatus
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
from floruntime.core.run_wait import RunWait, WaitKind
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
from floruntime.core.worker import Heartbeat, Task, WorkerInfo
from floruntime.core.workflow import (
    DefinitionInfo,
    HistoryEvent,
    Problem,
    ScheduleInfo,
    Severity,
    SyncAction,
    SyncResult,
    WorkflowRun,
    WorkflowStatus,
)

__all__ = [
    "AckResult",
    "ActionContext",
    "ActionInfo",
    "ActionResult",
    "ActionRun",
    "ActionType",
    "ActionWorker",
    "AppendResult",
    "BadRequestError",
    "ConflictError",
    "ConnectionFailedError",
    "DefinitionInfo",
    "DequeueResult",
    "FloClient",
    "FloError",
    "ForbiddenError",
    "GapError",
    "GroupInfo",
    "Heartbeat",
    "HistoryEvent",
    "InternalServerError",
    "InvokeResult",
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
    "Problem",
    "ProtocolError",
    "PutResult",
    "QueueConfig",
    "QueueStats",
    "ReadResult",
    "RequestTimeoutError",
    "RetryPolicy",
    "RunStatus",
    "RunWait",
    "ScanResult",
    "ScheduleInfo",
    "ServerInfo",
    "Severity",
    "StorageFullError",
    "StreamContext",
    "StreamID",
    "StreamInfo",
    "StreamRecord",
    "StreamWorker",
    "Subscription",
    "SyncAction",
    "SyncResult",
    "Task",
    "TrimResult",
    "UnauthorizedError",
    "UnavailableError",
    "VersionEntry",
    "WaitKind",
    "WorkerInfo",
    "WorkflowRun",
    "WorkflowStatus",
    "__version__",
]
