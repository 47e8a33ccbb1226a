"""Flo: one durable server for back ends (KV, queues, streams, actions, workflows), and a client."""

from __future__ import annotations

from floruntime.client.api.action.action import Action, LimitsInfo
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.batch import (
    Batch,
    BatchAction,
    BatchKv,
    BatchQueue,
    BatchStream,
    BatchWorker,
    BatchWorkflow,
    HandlerBatch,
)
from floruntime.client.api.cluster import Cluster
from floruntime.client.api.console import Console, ConsoleCode, ConsoleSession
from floruntime.client.api.jobs import Jobs
from floruntime.client.api.kv.kv import Kv
from floruntime.client.api.kv.reads import KvReads
from floruntime.client.api.kv.transaction import (
    CommitResult,
    PutConditions,
    TouchOptions,
    Transaction,
)
from floruntime.client.api.kv.watch import KvWatch
from floruntime.client.api.namespaces import Namespaces
from floruntime.client.api.queue.queue import Queue
from floruntime.client.api.stream.follow import StreamFollower, Subscription
from floruntime.client.api.stream.records import StreamRecords
from floruntime.client.api.stream.stream import Stream
from floruntime.client.api.tokens import NewToken, Tokens
from floruntime.client.api.worker.worker import Worker
from floruntime.client.api.workflow.follow import HistoryFollower
from floruntime.client.api.workflow.workflow import Workflow
from floruntime.client.base import BaseClient
from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.transports.protocol import Link, Transport
from floruntime.client.options import ClientOptions, WebClientOptions
from floruntime.client.worker.action_worker import ActionWorker
from floruntime.client.worker.contexts import (
    ActionContext,
    ActionResult,
    QueueContext,
    StreamContext,
)
from floruntime.client.worker.options import (
    ActionWorkerOptions,
    QueueOptions,
    QueueWorkerOptions,
    RegisterOptions,
    StreamWorkerOptions,
)
from floruntime.client.worker.queue_worker import QueueWorker
from floruntime.client.worker.stream_worker import StreamWorker
from floruntime.core.action import (
    ActionAttempt,
    ActionBulkOperation,
    ActionInfo,
    ActionRun,
    ActionScheduleInfo,
    ActionType,
    InvokeResult,
    KeyLimits,
    Limits,
    RunOrder,
    RunStatus,
)
from floruntime.core.backoff import RetryBackoff
from floruntime.core.cluster import ClusterInfo, NodeInfo, PartitionInfo, ReplicaInfo
from floruntime.core.console import Identity
from floruntime.core.errors import (
    BadRequestError,
    BadTypeError,
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
from floruntime.core.jobs import BulkJob, DeadBulkOperation, JobStatus
from floruntime.core.kv import KvChange, KvEntry, PutResult, ScanResult, VersionEntry
from floruntime.core.queue import DequeueResult, Message, QueueConfig, QueueStats
from floruntime.core.run_wait import RunWait, WaitKind
from floruntime.core.schedule import Overlap
from floruntime.core.stream import (
    AppendResult,
    GroupAckResult,
    GroupInfo,
    PendingEntry,
    ReadResult,
    StreamID,
    StreamInfo,
    StreamRecord,
    TrimResult,
)
from floruntime.core.system import NamespaceInfo, ServerInfo, ServerLimits
from floruntime.core.token import MintedToken, Role, TokenInfo
from floruntime.core.types import AckResult, Page, Request
from floruntime.core.version import VERSION as __version__
from floruntime.core.worker import Heartbeat, Task, WorkerInfo
from floruntime.core.workflow import (
    DefinitionInfo,
    DefinitionVersion,
    HistoryEvent,
    Problem,
    ScheduleInfo,
    Severity,
    SyncAction,
    SyncResult,
    WorkflowBulkOperation,
    WorkflowRun,
    WorkflowStatus,
)

__all__ = [
    "AckResult",
    "Action",
    "ActionAttempt",
    "ActionBulkOperation",
    "ActionContext",
    "ActionInfo",
    "ActionResult",
    "ActionRun",
    "ActionScheduleInfo",
    "ActionType",
    "ActionWorker",
    "ActionWorkerOptions",
    "AppendResult",
    "BadRequestError",
    "BadTypeError",
    "BaseClient",
    "Batch",
    "BatchAction",
    "BatchKv",
    "BatchQueue",
    "BatchStream",
    "BatchWorker",
    "BatchWorkflow",
    "BulkJob",
    "ClientOptions",
    "Cluster",
    "ClusterInfo",
    "CommitResult",
    "ConflictError",
    "ConnectionFailedError",
    "Console",
    "ConsoleCode",
    "ConsoleSession",
    "DeadBulkOperation",
    "DefinitionInfo",
    "DefinitionVersion",
    "DequeueResult",
    "FloClient",
    "FloError",
    "ForbiddenError",
    "GapError",
    "GroupAckResult",
    "GroupInfo",
    "HandlerBatch",
    "Heartbeat",
    "HistoryEvent",
    "HistoryFollower",
    "Identity",
    "InternalServerError",
    "InvokeResult",
    "JobStatus",
    "Jobs",
    "KeyLimits",
    "Kv",
    "KvChange",
    "KvEntry",
    "KvReads",
    "KvWatch",
    "Limits",
    "LimitsInfo",
    "Link",
    "Message",
    "MintedToken",
    "NamespaceInfo",
    "Namespaces",
    "NewToken",
    "NodeInfo",
    "NonRetryableError",
    "NotConnectedError",
    "NotFoundError",
    "Operation",
    "Overlap",
    "OverloadedError",
    "Page",
    "PartitionInfo",
    "PendingEntry",
    "Problem",
    "ProtocolError",
    "PutConditions",
    "PutResult",
    "Queue",
    "QueueConfig",
    "QueueContext",
    "QueueOptions",
    "QueueStats",
    "QueueWorker",
    "QueueWorkerOptions",
    "ReadResult",
    "RegisterOptions",
    "ReplicaInfo",
    "Request",
    "RequestTimeoutError",
    "RetryBackoff",
    "RetryPolicy",
    "Role",
    "RunOrder",
    "RunStatus",
    "RunWait",
    "ScanResult",
    "ScheduleInfo",
    "ServerInfo",
    "ServerLimits",
    "Severity",
    "StorageFullError",
    "Stream",
    "StreamContext",
    "StreamFollower",
    "StreamID",
    "StreamInfo",
    "StreamRecord",
    "StreamRecords",
    "StreamWorker",
    "StreamWorkerOptions",
    "Subscription",
    "SyncAction",
    "SyncResult",
    "Task",
    "TokenInfo",
    "Tokens",
    "TouchOptions",
    "Transaction",
    "Transport",
    "TrimResult",
    "UnauthorizedError",
    "UnavailableError",
    "VersionEntry",
    "WaitKind",
    "WebClientOptions",
    "Worker",
    "WorkerInfo",
    "Workflow",
    "WorkflowBulkOperation",
    "WorkflowRun",
    "WorkflowStatus",
    "__version__",
]
