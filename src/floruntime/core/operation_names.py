"""What kinds of requests are called where people read of them: `kv.put`, as the calls are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_PARTS = {
    "Kv": "kv",
    "Queue": "queue",
    "Stream": "stream",
    "Group": "stream.group",
    "Action": "action",
    "Worker": "worker",
    "Workflow": "workflow",
    "Namespace": "namespaces",
    "Token": "tokens",
    "Job": "jobs",
    "Cluster": "cluster",
    "Console": "console",
}
_CALLED = {
    "ActionGetLimits": "action.limits",
    "Backup": "server.backup",
    "ConsoleOpen": "console.code",
    "GetServerInfo": "server.info",
    "GroupBulk": "stream.bulk",
    "GroupGetInfo": "stream.group_info",
    "JobGet": "jobs.status",
    "KvChanges": "kv.watch",
    "KvGetEntry": "kv.entry",
    "QueueGetStats": "queue.stats",
    "StreamGetInfo": "stream.info",
    "WhoAmI": "tokens.whoami",
    "WorkerAwait": "worker.await_tasks",
    "WorkerGetInfo": "worker.info",
    "WorkflowGet": "workflow.status",
}
"""Requests whose call has another name than they have."""
_WORDS = re.compile(r"[A-Z][a-z0-9]*")


def operation_of(kind: type[Any]) -> str:
    """`KvPut` is `kv.put`, `GroupRead` is `stream.group_read`, `Ping` is `ping`."""
    return _named(kind.__name__)


@lru_cache(maxsize=1024)
def _named(name: str) -> str:
    called = _CALLED.get(name)
    if called is not None:
        return called
    words = _WORDS.findall(name)
    part = _PARTS.get(words[0])
    if part is None or len(words) == 1:
        return "_".join(words).lower()
    rest = "_".join(words[1:]).lower()
    return f"{part}_{rest}" if "." in part else f"{part}.{rest}"
