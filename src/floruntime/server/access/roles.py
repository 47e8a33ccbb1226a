"""Which role each request needs at least. What stands in no list is for an admin.

A request added anywhere needs a place here: a test asks for it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from floruntime.core import action as a
from floruntime.core import cluster as c
from floruntime.core import kv as k
from floruntime.core import queue as q
from floruntime.core import stream as s
from floruntime.core import system as y
from floruntime.core import token as t
from floruntime.core import worker as w
from floruntime.core import workflow as f
from floruntime.core.errors import ForbiddenError
from floruntime.core.limits import shown
from floruntime.core.token import Role
from floruntime.core.types import Request
from floruntime.core.wire import Envelope

Kind = type[Request[Any]]

_BY_ROLE: dict[Role, tuple[Kind, ...]] = {
    Role.WEB: (
        # The connection itself.
        *(y.Hello, y.Ping, y.SessionOpen, y.OnceOpen, y.CancelWait),
        # Append to streams, read them, subscribe to them, groups.
        *(s.StreamAppend, s.StreamRead),
        *(s.GroupCreate, s.GroupJoin, s.GroupLeave, s.GroupDelete, s.GroupSeek),
        *(s.GroupGetInfo, s.GroupList, s.GroupRead, s.GroupAck, s.GroupNack, s.GroupTouch),
        *(s.GroupPending, s.GroupDead, s.GroupClaim),
        # Read KV.
        *(k.KvGet, k.KvGetEntry, k.KvScan, k.KvHistory, k.KvExists, k.KvMget),
    ),
    Role.WORKER: (
        *(y.GetServerInfo, y.Batch),
        # All of KV.
        *(k.KvPut, k.KvDelete, k.KvIncr, k.KvTouch, k.KvCheck, k.KvChanges),
        *(k.KvJsonGet, k.KvJsonSet, k.KvJsonDel),
        # Messages, but not the queues they are in.
        *(q.QueueEnqueue, q.QueueDequeue, q.QueueAck, q.QueueNack, q.QueueTouch),
        *(q.QueuePeek, q.QueueDlqList, q.QueueGetStats, q.QueueList),
        *(s.StreamGetInfo, s.StreamList),
        # Actions: offered, invoked, looked at; runs claimed and settled.
        *(a.ActionRegister, a.ActionInvoke, a.ActionCall, a.ActionStatus, a.ActionCancel),
        *(a.ActionGet, a.ActionList, a.ActionListRuns),
        *(w.WorkerRegister, w.WorkerHeartbeat, w.WorkerDeregister, w.WorkerList),
        *(w.WorkerAwait, w.WorkerComplete, w.WorkerFail, w.WorkerTouch, w.WorkerRelease),
        *(w.WorkerExchange, w.WorkerTurn),
        # Runs of workflows, but not what they follow.
        *(f.WorkflowStart, f.WorkflowGet, f.WorkflowSignal, f.WorkflowCancel),
        *(f.WorkflowHistory, f.WorkflowListRuns, f.WorkflowListDefinitions),
        *(f.WorkflowGetDefinition, f.WorkflowSchedules),
    ),
    Role.BACKEND: (
        *(q.QueueDlqRequeue, q.QueueDlqDelete, q.QueueDlqPurge, q.QueuePurge),
        *(q.QueueConfigure, q.QueueDelete),
        *(s.StreamCreate, s.StreamAlter, s.StreamTrim, s.StreamDelete, s.GroupConfigure),
        *(a.ActionDelete, a.ActionEnable, w.WorkerDrain),
        *(
            f.WorkflowSync,
            f.WorkflowSyncPreview,
            f.WorkflowValidate,
            f.WorkflowEnable,
            f.WorkflowRetry,
        ),
        *(f.WorkflowPauseSchedule, f.WorkflowTriggerSchedule),
    ),
    Role.ADMIN: (
        *(y.Backup, y.NamespaceCreate, y.NamespaceList, y.NamespaceDelete),
        *(t.TokenCreate, t.TokenList, t.TokenRevoke),
        *c.CLUSTER_REQUESTS,
    ),
}

LOWEST: dict[Kind, Role] = {kind: role for role, kinds in _BY_ROLE.items() for kind in kinds}
"""Of each request, the lowest role that may make it."""

NO_NAMESPACE: frozenset[Kind] = frozenset(
    {
        *(y.Hello, y.Ping, y.GetServerInfo, y.Backup, y.CancelWait, y.SessionOpen, y.OnceOpen),
        *(y.NamespaceCreate, y.NamespaceList, y.NamespaceDelete),
        *(t.TokenCreate, t.TokenList, t.TokenRevoke),
        *c.CLUSTER_REQUESTS,
    }
)
"""Requests that act on no namespace, whichever their envelope names."""

_RANK = {role: rank for rank, role in enumerate(Role)}
_MEMBERS: tuple[Kind, ...] = y.BatchCommand.__args__


def may(role: Role, kind: Kind) -> bool:
    """Whether `role` may make requests of this kind (of a batch: some)."""
    return _RANK[role] >= _RANK[LOWEST.get(kind, Role.ADMIN)]


@lru_cache(maxsize=2 * len(Role))
def free_for(role: Role, is_restricted: bool) -> frozenset[Kind]:
    """What `role` may ask without a closer look; `is_restricted`: not in every namespace."""
    return frozenset(
        kind
        for kind in LOWEST
        if may(role, kind)
        and (not is_restricted or kind in NO_NAMESPACE)
        and (kind is not y.Batch or all(may(role, member) for member in _MEMBERS))
    )


def refusal(
    role: Role, namespaces: Collection[str] | None, envelope: Envelope
) -> ForbiddenError | None:
    """The closer look: why a request may not be made, `None` if it may."""
    request: Any = envelope.request
    kind = type(request)
    free = free_for(role, False)
    if kind in free and (namespaces is None or envelope.namespace in namespaces):
        return None
    if not may(role, kind):
        return _not_for(role, kind)
    if not (namespaces is None or kind in NO_NAMESPACE or envelope.namespace in namespaces):
        return ForbiddenError(f"this token is not for namespace {shown(envelope.namespace)}")
    if kind is y.Batch:
        for index, member in enumerate(request.commands):
            if type(member) not in free:
                return _not_for(role, type(member), index)
    return None


def _not_for(role: Role, kind: Kind, index: int | None = None) -> ForbiddenError:
    needed = LOWEST.get(kind, Role.ADMIN)
    return ForbiddenError(
        f"{kind.__name__} is not for the role {role.value}; it needs {needed.value}", index=index
    )
