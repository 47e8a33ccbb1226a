"""The lowest role that each request needs, and the scope that it needs.

A request in none of these lists is for an admin without scopes. A new request needs a place here; a
test checks that.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any, Protocol

from floruntime.core import action as a
from floruntime.core import cluster as c
from floruntime.core import console as o
from floruntime.core import jobs as j
from floruntime.core import kv as k
from floruntime.core import queue as q
from floruntime.core import stream as s
from floruntime.core import system as y
from floruntime.core import token as t
from floruntime.core import worker as w
from floruntime.core import workflow as f
from floruntime.core.errors import FloError, ForbiddenError
from floruntime.core.limits import shown
from floruntime.core.operation_names import operation_of
from floruntime.core.token import Role
from floruntime.core.types import Command, Request
from floruntime.core.wire import Envelope
from floruntime.server.access.needs import (
    CONNECTION,
    GROUP,
    JUDGED_BY_ITSELF,
    KEYS_DELETED,
    KEYS_SCANNED,
    KEYS_WATCHED,
    UNSCOPED,
    WORKER,
    WORKER_HEARTBEAT,
    WORKER_REGISTERED,
    WORKER_TURN,
    Looks,
    Need,
    each_named,
    listing,
    named,
    named_alone,
    refuse_engines,
    run_of,
    runs_listed,
)
from floruntime.server.access.scopes import Scopes

Kind = type[Request[Any]]

_BY_ROLE: dict[Role, tuple[Kind, ...]] = {
    Role.WEB: (
        # The connection itself.
        *(y.Hello, y.Ping, y.SessionOpen, y.OnceOpen, y.CancelWait),
        # Who one is, and sessions of the console, with one's own rights.
        *(o.WhoAmI, o.ConsoleOpen, o.ConsoleLogin, o.ConsoleLogout),
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
        *(k.KvJsonGet, k.KvJsonSet, k.KvJsonDel, k.KvDeletePrefix),
        # Messages, but not the queues they are in.
        *(q.QueueEnqueue, q.QueueDequeue, q.QueueAck, q.QueueNack, q.QueueTouch),
        *(j.JobGet, j.JobList),
        *(q.QueuePeek, q.QueueDlqList, q.QueueGetStats, q.QueueList),
        *(s.StreamGetInfo, s.StreamList),
        # Actions: offered, invoked, looked at; runs claimed and settled.
        *(a.ActionRegister, a.ActionInvoke, a.ActionCall, a.ActionStatus, a.ActionCancel),
        *(w.WorkerRegister, w.WorkerHeartbeat, w.WorkerDeregister, w.WorkerGetInfo, w.WorkerList),
        *(a.ActionGet, a.ActionList, a.ActionListRuns, a.ActionCountRuns, a.ActionGetLimits),
        *(a.ActionSchedule, a.ActionSchedules),
        *(w.WorkerAwait, w.WorkerComplete, w.WorkerFail, w.WorkerTouch, w.WorkerRelease),
        *(w.WorkerExchange, w.WorkerTurn),
        # Runs of workflows, but not what they follow.
        *(f.WorkflowStart, f.WorkflowGet, f.WorkflowSignal, f.WorkflowCancel),
        *(f.WorkflowHistory, f.WorkflowListRuns, f.WorkflowCountRuns, f.WorkflowListDefinitions),
        *(f.WorkflowGetDefinition, f.WorkflowListVersions, f.WorkflowSchedules),
    ),
    Role.BACKEND: (
        *(q.QueueDlqRequeue, q.QueueDlqDelete, q.QueueDlqPurge, q.QueuePurge),
        *(q.QueueConfigure, q.QueueDelete, q.QueuePause, q.QueuePromote),
        *(s.StreamCreate, s.StreamAlter, s.StreamTrim, s.StreamDelete, s.GroupConfigure),
        *(s.GroupDeadRequeue, s.GroupDeadDelete),
        *(a.ActionDelete, a.ActionEnable, a.ActionRetry, w.WorkerDrain),
        *(a.ActionUnschedule, a.ActionPauseSchedule, a.ActionTriggerSchedule),
        *(a.ActionBulk, q.QueueBulk, s.GroupBulk, j.JobCancel),
        *(
            f.WorkflowSync,
            f.WorkflowSyncPreview,
            f.WorkflowValidate,
            f.WorkflowEnable,
            f.WorkflowUse,
            f.WorkflowRetry,
            f.WorkflowFork,
            f.WorkflowPause,
            f.WorkflowBulk,
            f.WorkflowResume,
        ),
        *(f.WorkflowPauseSchedule, f.WorkflowTriggerSchedule),
        t.TokenMint,
    ),
    Role.ADMIN: (
        *(y.Backup, y.NamespaceCreate, y.NamespaceList, y.NamespaceConfigure, y.NamespaceDelete),
        *(t.TokenCreate, t.TokenList, t.TokenRevoke),
        *c.CLUSTER_REQUESTS,
    ),
}

LOWEST: dict[Kind, Role] = {kind: role for role, kinds in _BY_ROLE.items() for kind in kinds}
"""Of each request, the lowest role that may make it."""

NO_NAMESPACE: frozenset[Kind] = frozenset(
    {
        *(y.Hello, y.Ping, y.GetServerInfo, y.Backup, y.CancelWait, y.SessionOpen, y.OnceOpen),
        *(y.NamespaceCreate, y.NamespaceList, y.NamespaceConfigure, y.NamespaceDelete),
        *(t.TokenCreate, t.TokenList, t.TokenRevoke, t.TokenMint),
        *(o.WhoAmI, o.ConsoleOpen, o.ConsoleLogin, o.ConsoleLogout),
        *c.CLUSTER_REQUESTS,
    }
)
"""Requests that act on no namespace, whichever their envelope names."""

_NEEDED: tuple[tuple[Need, tuple[Kind, ...]], ...] = (
    (
        CONNECTION,
        (
            *(y.Hello, y.Ping, y.SessionOpen, y.OnceOpen, y.CancelWait, y.GetServerInfo),
            *(o.WhoAmI, o.ConsoleOpen, o.ConsoleLogin, o.ConsoleLogout),
        ),
    ),
    (JUDGED_BY_ITSELF, (t.TokenMint,)),
    # What scopes do not name; of a batch, each member is judged for itself.
    (UNSCOPED, (y.Backup, y.Batch)),
    (UNSCOPED, (j.JobGet, j.JobList, j.JobCancel)),
    (UNSCOPED, (y.NamespaceCreate, y.NamespaceList, y.NamespaceConfigure, y.NamespaceDelete)),
    (UNSCOPED, c.CLUSTER_REQUESTS),
    (UNSCOPED, (t.TokenCreate, t.TokenList, t.TokenRevoke)),
    (UNSCOPED, (f.WorkflowSync, f.WorkflowSyncPreview, f.WorkflowValidate)),
    (UNSCOPED, (w.WorkerList, w.WorkerGetInfo)),
    # KV
    (
        named("read", "kv", "key"),
        (k.KvGet, k.KvGetEntry, k.KvExists, k.KvHistory, k.KvJsonGet, k.KvCheck),
    ),
    (each_named("read", "kv", "keys"), (k.KvMget,)),
    (KEYS_SCANNED, (k.KvScan,)),
    (KEYS_WATCHED, (k.KvChanges,)),
    (KEYS_DELETED, (k.KvDeletePrefix,)),
    (
        named("write", "kv", "key"),
        (k.KvPut, k.KvDelete, k.KvIncr, k.KvTouch, k.KvJsonSet, k.KvJsonDel),
    ),
    # Queues
    (named("read", "queue", "queue"), (q.QueuePeek, q.QueueGetStats, q.QueueDlqList)),
    (listing("queue"), (q.QueueList,)),
    (
        named("write", "queue", "queue"),
        (
            *(q.QueueEnqueue, q.QueueDequeue, q.QueueAck, q.QueueNack, q.QueueTouch),
            *(q.QueueDlqRequeue, q.QueueDlqDelete, q.QueueDlqPurge),
            *(q.QueuePurge, q.QueueConfigure, q.QueueDelete),
            *(q.QueuePause, q.QueuePromote, q.QueueBulk),
        ),
    ),
    # Streams
    (named("read", "stream", "stream"), (s.StreamRead, s.StreamGetInfo)),
    (listing("stream"), (s.StreamList,)),
    (named("append", "stream", "stream"), (s.StreamAppend,)),
    (
        named("write", "stream", "stream"),
        (s.StreamCreate, s.StreamAlter, s.StreamTrim, s.StreamDelete),
    ),
    (
        GROUP,
        (
            *(s.GroupCreate, s.GroupJoin, s.GroupLeave, s.GroupDelete, s.GroupSeek),
            *(s.GroupGetInfo, s.GroupList, s.GroupRead, s.GroupAck, s.GroupNack, s.GroupTouch),
            *(s.GroupPending, s.GroupDead, s.GroupClaim, s.GroupConfigure),
            *(s.GroupDeadRequeue, s.GroupDeadDelete, s.GroupBulk),
        ),
    ),
    # Actions
    (named("read", "action", "name"), (a.ActionGet, a.ActionGetLimits)),
    (listing("action"), (a.ActionList, a.ActionSchedules)),
    (runs_listed("action", "name"), (a.ActionListRuns, a.ActionCountRuns)),
    (named_alone("write", "action", "name"), (a.ActionBulk,)),
    (run_of("read", "action"), (a.ActionStatus,)),
    (
        named("write", "action", "name"),
        (
            *(a.ActionRegister, a.ActionInvoke, a.ActionCall, a.ActionDelete, a.ActionEnable),
            *(a.ActionSchedule, a.ActionUnschedule, a.ActionPauseSchedule),
            a.ActionTriggerSchedule,
        ),
    ),
    (
        run_of("write", "action"),
        (
            *(a.ActionCancel, a.ActionRetry),
            *(w.WorkerComplete, w.WorkerFail, w.WorkerTouch, w.WorkerRelease),
        ),
    ),
    (each_named("write", "action", "actions"), (w.WorkerAwait,)),
    (WORKER_REGISTERED, (w.WorkerRegister,)),
    (WORKER_HEARTBEAT, (w.WorkerHeartbeat,)),
    (WORKER, (w.WorkerDrain, w.WorkerDeregister)),
    (WORKER_TURN, (w.WorkerExchange, w.WorkerTurn)),
    # Workflows
    (named("read", "workflow", "name"), (f.WorkflowGetDefinition, f.WorkflowListVersions)),
    (listing("workflow"), (f.WorkflowListDefinitions, f.WorkflowSchedules)),
    (
        runs_listed("workflow", "workflow_name"),
        (f.WorkflowListRuns, f.WorkflowCountRuns),
    ),
    (named_alone("write", "workflow", "workflow_name"), (f.WorkflowBulk,)),
    (run_of("read", "workflow"), (f.WorkflowGet, f.WorkflowHistory)),
    (
        named("write", "workflow", "name"),
        (
            *(f.WorkflowStart, f.WorkflowEnable, f.WorkflowUse),
            *(f.WorkflowPauseSchedule, f.WorkflowTriggerSchedule),
        ),
    ),
    (run_of("write", "workflow"), (f.WorkflowSignal, f.WorkflowCancel, f.WorkflowRetry)),
    (run_of("write", "workflow"), (f.WorkflowFork, f.WorkflowPause, f.WorkflowResume)),
)

NEEDS: dict[Kind, Need] = {kind: need for need, kinds in _NEEDED for kind in kinds}
"""Of each request, what it needs of a token with scopes: its action, and what it names."""


def _uses_a_group(kind: Kind) -> bool:
    return issubclass(kind, Command) and {"stream", "group"} <= set(kind.__struct_fields__)


_GROUPS: frozenset[Kind] = frozenset(kind for kind, need in NEEDS.items() if need is GROUP)
GROUP_USES: frozenset[Kind] = frozenset(kind for kind in LOWEST if _uses_a_group(kind))
"""What nobody may ask of a group that is the engine's: all but to look at it."""
_SIGNED: frozenset[Kind] = frozenset({o.ConsoleOpen, o.ConsoleLogout})
"""What the server completes with what it knows of whoever asks."""
_READS_STREAMS: frozenset[Kind] = frozenset({s.StreamRead, s.StreamGetInfo})
_RANK = {role: rank for rank, role in enumerate(Role)}
_MEMBERS: tuple[Kind, ...] = y.BatchCommand.__args__


def may(role: Role, kind: Kind) -> bool:
    """Whether `role` may make requests of this kind (of a batch: some)."""
    return _RANK[role] >= _RANK[LOWEST.get(kind, Role.ADMIN)]


@lru_cache(maxsize=4 * len(Role))
def free_for(role: Role, is_restricted: bool, has_scopes: bool = False) -> frozenset[Kind]:
    """What `role` may ask without a closer look; `is_restricted`: not in every namespace."""
    return frozenset(
        kind
        for kind in LOWEST
        if may(role, kind)
        and (not is_restricted or kind in NO_NAMESPACE)
        and (not has_scopes or NEEDS.get(kind) is CONNECTION)
        and kind not in GROUP_USES
        and kind not in _SIGNED
        and (role is not Role.WEB or kind not in _GROUPS)
        and (may(role, s.StreamTrim) or kind not in _READS_STREAMS)
        and kind is not y.Batch  # each of its commands is looked at
    )


class Rights(Protocol):
    """What a token gives: its role, where, and by which scopes."""

    @property
    def role(self) -> Role: ...
    @property
    def namespaces(self) -> Collection[str] | None: ...
    @property
    def scopes(self) -> Scopes | None: ...
    def signed(self, request: Any, /) -> Request[Any]: ...


def granted(rights: Rights, envelope: Envelope, look: Looks) -> Request[Any]:
    """The closer look: the request as it may be made. Raises the refusal.

    `look` is on the state that the request will be judged by, in its namespace.
    """
    request: Any = envelope.request
    kind, namespaces = type(request), rights.namespaces
    if not may(rights.role, kind):
        raise _not_for(rights.role, kind)
    if not (namespaces is None or kind in NO_NAMESPACE or envelope.namespace in namespaces):
        raise ForbiddenError(f"this token is not for namespace {shown(envelope.namespace)}")
    if kind in _SIGNED:
        return rights.signed(request)
    if kind is y.Batch:
        return _granted_batch(rights, request, look)
    return _granted_one(rights, request, look)


def _granted_one(rights: Rights, request: Any, look: Looks) -> Request[Any]:
    kind = type(request)
    if not may(rights.role, kind):
        raise _not_for(rights.role, kind)
    if kind in _READS_STREAMS and not may(rights.role, s.StreamTrim):
        _refuse_audit(rights.role, request.stream, look)
    if rights.scopes is not None:
        return NEEDS.get(kind, UNSCOPED).judge(rights.scopes, request, look)
    if kind in GROUP_USES or (rights.role is Role.WEB and kind in _GROUPS):
        refuse_engines(request, look)
    granted: Request[Any] = request
    return granted


def _refuse_audit(role: Role, stream: str, look: Looks) -> None:
    if look.is_audit(stream):
        raise ForbiddenError(
            f"stream {stream!r} is not for the role {role.value}; it needs {Role.BACKEND.value}"
        )


def _granted_batch(rights: Rights, request: y.Batch, look: Looks) -> Request[Any]:
    members: list[Any] = []
    look = _WithStarted(look)
    for index, member in enumerate(request.commands):
        try:
            members.append(_granted_one(rights, member, look))
        except FloError as error:
            error.index = index
            raise
        look.note(member)
    return request if rights.scopes is None else y.Batch(members)


class _WithStarted:
    """A look that knows of the runs, too, that earlier members of a batch will have started."""

    def __init__(self, look: Looks) -> None:
        self._look = look
        self._started: dict[str, str] = {}
        self.unknown = look.unknown
        self.actions_of = look.actions_of
        self.is_audit = look.is_audit
        self.is_engines = look.is_engines

    def note(self, member: Any) -> None:
        if isinstance(member, f.WorkflowStart) and member.run_id is not None:
            self._started[member.run_id] = member.name

    def owner_of(self, primitive: str, run_id: str, /) -> str | None:
        owner = self._look.owner_of(primitive, run_id)
        if owner is None and primitive == "workflow":
            return self._started.get(run_id)
        return owner


def _not_for(role: Role, kind: Kind) -> ForbiddenError:
    needed = LOWEST.get(kind, Role.ADMIN)
    return ForbiddenError(
        f"{operation_of(kind)} is not for the role {role.value}; it needs {needed.value}"
    )
