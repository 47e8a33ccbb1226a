"""The client for code that does not `await`: the same names, types and errors.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.sync.action import Action
from floruntime.sync.action_worker import ActionWorker
from floruntime.sync.batch import Batch
from floruntime.sync.client import FloClient
from floruntime.sync.cluster import Cluster
from floruntime.sync.console import Console
from floruntime.sync.contexts import ActionContext, QueueContext, StreamContext
from floruntime.sync.history_follower import HistoryFollower
from floruntime.sync.jobs import Jobs
from floruntime.sync.kv import Kv
from floruntime.sync.kv_watch import KvWatch
from floruntime.sync.namespaces import Namespaces
from floruntime.sync.queue import Queue
from floruntime.sync.queue_worker import QueueWorker
from floruntime.sync.stream import Stream
from floruntime.sync.stream_follower import StreamFollower
from floruntime.sync.stream_worker import StreamWorker
from floruntime.sync.subscription import Subscription
from floruntime.sync.tokens import Tokens
from floruntime.sync.transaction import Transaction
from floruntime.sync.worker import Worker
from floruntime.sync.workflow import Workflow

__all__ = [
    "Action",
    "ActionContext",
    "ActionWorker",
    "Batch",
    "Cluster",
    "Console",
    "FloClient",
    "HistoryFollower",
    "Jobs",
    "Kv",
    "KvWatch",
    "Namespaces",
    "Queue",
    "QueueContext",
    "QueueWorker",
    "Stream",
    "StreamContext",
    "StreamFollower",
    "StreamWorker",
    "Subscription",
    "Tokens",
    "Transaction",
    "Worker",
    "Workflow",
]
