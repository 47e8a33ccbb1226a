"""The connection, the server itself, namespaces, and batches of the other primitives' commands."""

from __future__ import annotations

from typing import Any

from floruntime.core import defaults, limits
from floruntime.core.action import ActionCancel, ActionInvoke
from floruntime.core.kv import KvCheck, KvDelete, KvIncr, KvJsonDel, KvJsonSet, KvPut, KvTouch
from floruntime.core.queue import (
    QueueAck,
    QueueConfigure,
    QueueDelete,
    QueueDlqDelete,
    QueueDlqPurge,
    QueueDlqRequeue,
    QueueEnqueue,
    QueueNack,
    QueuePause,
    QueuePromote,
    QueuePurge,
    QueueTouch,
)
from floruntime.core.stream import (
    GroupAck,
    GroupClaim,
    GroupConfigure,
    GroupCreate,
    GroupDeadDelete,
    GroupDeadRequeue,
    GroupDelete,
    GroupJoin,
    GroupLeave,
    GroupNack,
    GroupSeek,
    GroupTouch,
    StreamAlter,
    StreamAppend,
    StreamCreate,
    StreamDelete,
    StreamTrim,
)
from floruntime.core.token import Role
from floruntime.core.types import Command, Query, Request, Value
from floruntime.core.worker import WorkerComplete, WorkerFail
from floruntime.core.workflow import WorkflowCancel, WorkflowSignal, WorkflowStart


class ServerLimits(Value, frozen=True):
    """What this server takes; sizes in bytes. The first three are settings, the rest are fixed."""

    value_bytes_max: int
    frame_bytes_max: int
    in_flight_max: int
    key_bytes_max: int = limits.KEY_BYTES_MAX
    name_bytes_max: int = limits.NAME_BYTES_MAX
    namespace_chars_max: int = limits.NAMESPACE_CHARS_MAX
    block_ms_max: int = limits.BLOCK_MS_MAX
    duration_ms_max: int = limits.DURATION_MS_MAX
    limit_max: int = limits.LIMIT_MAX
    many_max: int = limits.MANY_MAX
    history_limit_max: int = limits.HISTORY_LIMIT_MAX
    mget_keys_max: int = limits.MGET_KEYS_MAX
    batch_commands_max: int = limits.BATCH_COMMANDS_MAX
    batch_bytes_max: int = limits.BATCH_BYTES_MAX
    headers_max: int = limits.HEADERS_MAX
    headers_bytes_max: int = limits.HEADERS_BYTES_MAX
    labels_max: int = limits.LABELS_MAX
    labels_bytes_max: int = limits.LABELS_BYTES_MAX
    error_text_bytes_max: int = limits.ERROR_TEXT_BYTES_MAX
    priority_max: int = limits.PRIORITY_MAX
    attempts_max: int = limits.ATTEMPTS_MAX
    partitions_max: int = limits.PARTITIONS_MAX
    signals_kept_max: int = limits.SIGNALS_KEPT_MAX
    sync_bytes_max: int = limits.SYNC_BYTES_MAX


class Welcome(Value, frozen=True):
    """The server's answer to `Hello`. `session_known`: it still remembers this client's writes.

    `role`: what the connection may do. `history`: which history of its state the server is in, by
    its id; another one after the state went back (a backup was restored, say). `nodes`: where those
    of its cluster are reached that live, as HOST:PORT; empty where the server is alone. `node`:
    which of them it is itself. `holder`: in a cluster, whose writes are remembered together with
    the client's id: those of another holder are another client's.
    """

    server_version: str
    limits: ServerLimits
    session_known: bool
    role: Role = Role.ADMIN
    history: str = ""
    nodes: list[str] = []
    node: str = ""
    holder: str = ""


class ServerInfo(Value, frozen=True):
    """The running server. `durability` is `sync`, `async` or `ephemeral`; `now_ms`: its clock.

    `history`: which history of its state it is in; another one after the state went back.
    `memory_bytes`: what was read is kept in so much; 0 where the state is in memory alone.
    `disk_free_bytes`: the space left where the data lies; `None` where all is in memory.
    `changes_total`: how often what reads see has changed since the server began; while it stays,
    nothing that was read has changed.
    """

    version: str
    durability: str
    limits: ServerLimits
    uptime_ms: int
    data_dir: str | None = None
    connections: int = 0
    commands_total: int = 0
    storage_full: bool = False
    history: str = ""
    now_ms: int = 0
    memory_bytes: int = 0
    disk_free_bytes: int | None = None
    changes_total: int = 0


class NamespaceInfo(Value, frozen=True):
    """A namespace, and when it came into being (again, after it was deleted).

    `kv_history`: how many versions of a key it keeps, the present one included; `kv_deleted_ms`:
    for how long those of a deleted one.
    """

    name: str
    created_at_ms: int
    kv_history: int = limits.HISTORY_LIMIT_MAX
    kv_deleted_ms: int = defaults.KV_DELETED_MS


class NamespaceListReply(Value, frozen=True):
    items: list[NamespaceInfo]
    cursor: str | None


class Hello(Request[Welcome], tag=0, frozen=True):
    """The first request of a connection. `session`: the client's id for its numbered writes."""

    client_version: str
    session: str
    token: str | None = None


class Ping(Request[None], tag=112, frozen=True):
    """A sign of life, which is answered by another.

    `quiet_ms_max`: the client promises never to be silent for longer from now on, so that the
    server can tell when it is gone; 0: it promises nothing.
    """

    quiet_ms_max: int = 0


class GetServerInfo(Request[ServerInfo], tag=113, frozen=True):
    pass


class Backup(Request[str], tag=114, frozen=True):
    """An online copy into `directory` (new, on the server's machine). Returns its full path."""

    directory: str


class NamespaceCreate(Command[bool], tag=115, frozen=True):
    """Returns whether it is new."""

    name: str


class NamespaceConfigure(Command[NamespaceInfo], tag=140, frozen=True):
    """`None` keeps what is set."""

    name: str
    kv_history: int | None = None
    kv_deleted_ms: int | None = None


class NamespaceList(Query[NamespaceListReply], tag=116, frozen=True):
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class NamespaceDelete(Command[bool], tag=117, frozen=True):
    name: str
    force: bool = False


class SessionOpen(Command[None], tag=118, frozen=True):
    """Begin to remember this connection's client; sent before its first numbered write."""


TIMERS_PER_TICK_MAX = 1_000
"""Timers that one tick fires at most; a further tick follows at once."""


class Tick(Command[bool], tag=119, frozen=True):
    """Fire at most so many timers due by the command's time. Returns whether more is due. Server
    only.
    """

    timers_max: int = TIMERS_PER_TICK_MAX


class TimerPostpone(Command[None], tag=127, frozen=True):
    """Fire the earliest timer that is due by the command's time so much later. Server only."""

    delay_ms: int


class SessionForget(Command[None], tag=120, frozen=True):
    """Drop what is remembered of a client that has been gone too long. Server only."""

    session: str


class HistoryBegin(Command[None], tag=192, frozen=True):
    """Go on as the history `id`, with numbers higher than `floor` (0: as they are). Server only.

    `index`, `left_at_ms`: how many commands the state has seen, and the time of the last of them.
    `keeps_clients`: what clients wrote stays remembered, for they go on without being told.
    """

    id: str
    floor: int
    index: int
    left_at_ms: int
    reason: str = ""
    keeps_clients: bool = False


class HistoryEnd(Command[None], tag=193, frozen=True):
    """Let the next start begin a new history, for this reason (empty: go on). Server only."""

    reason: str


class Delivery(Value, frozen=True):
    """What one command handed out: under which owner (a queue, a group), which items and leases."""

    primitive: str
    owner_id: int
    items: list[list[int]]


class HandBack(Command[None], tag=121, frozen=True):
    """Undo a delivery whose connection was gone: release it, forget its answer. Server only."""

    session: str
    number: int
    delivery: Delivery


class CancelWait(Request[bool], tag=123, frozen=True):
    """End the wait of an earlier request of this connection; that one gets its empty answer."""

    request_id: int


BatchCommand = (
    KvPut
    | KvDelete
    | KvIncr
    | KvTouch
    | KvJsonSet
    | KvJsonDel
    | KvCheck
    | QueueEnqueue
    | QueueAck
    | QueueNack
    | QueueTouch
    | QueueDlqRequeue
    | QueueDlqDelete
    | QueueDlqPurge
    | QueuePurge
    | QueueConfigure
    | QueueDelete
    | QueuePause
    | QueuePromote
    | StreamAppend
    | StreamCreate
    | StreamAlter
    | StreamTrim
    | StreamDelete
    | GroupCreate
    | GroupConfigure
    | GroupJoin
    | GroupLeave
    | GroupDelete
    | GroupSeek
    | GroupAck
    | GroupNack
    | GroupTouch
    | GroupClaim
    | GroupDeadRequeue
    | GroupDeadDelete
    | ActionInvoke
    | ActionCancel
    | WorkerComplete
    | WorkerFail
    | WorkflowStart
    | WorkflowSignal
    | WorkflowCancel
)


class Batch(Command[list[Any]], tag=122, frozen=True):
    """All or nothing; answers the results in order. One namespace."""

    commands: list[BatchCommand]


ONCE_PREFIX = "once-"
"""What the session of an `Idempotency-Key` begins with."""


class OnceOpen(Command[None], tag=255, frozen=True):
    """Begin to remember the one write of this connection, a request over HTTP that may happen once.

    `digest`: of what is asked, 32 bytes; the session is `once-` and the key's own digest.
    """

    digest: bytes


class RunsIndex(Command[None], tag=104, frozen=True):
    """Let ticks put the runs of before into the indexes of now, unless they did. Server only."""


class StoreName(Command[str], tag=254, frozen=True):
    """Name the store, by chance, where it has no name yet. Answers its name. Server only."""

    name: str
