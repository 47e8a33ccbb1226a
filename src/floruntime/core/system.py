"""Requests about the connection, the server, namespaces, and batches of other commands."""

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
    """The limits of this server; sizes are in bytes. The first three are settings, the rest are
    fixed.
    """

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

    - `role`: what the connection may do.
    - `history`: the id of the history that the server's state belongs to. It changes if the state
      goes back, such as after a restored backup.
    - `nodes`: the addresses (HOST:PORT) of the cluster's live nodes; empty if the server is alone.
    - `node`: the one of them that answers.
    - `holder`: in a cluster, the token holder under whom the client's writes are remembered,
      together with the client's id. The same id under another holder is another client.
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
    """The running server. `durability` is `sync`, `async` or `ephemeral`; `now_ms` is its clock.

    - `history`: the id of the history that its state belongs to. It changes if the state goes back.
    - `memory_bytes`: the memory for data that was read; 0 if the whole state is in memory.
    - `disk_free_bytes`: the free space where the data is stored; `None` if all is in memory.
    - `changes_total`: how often the readable state has changed since the server began. While it
      stays the same, nothing that was read has changed.
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
    """A namespace, and when it was created (again, if it was deleted before).

    `kv_history`: how many versions of a key it keeps, including the current one. `kv_deleted_ms`:
    how long it keeps those of a deleted key.
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
    """A sign of life, which the server answers with another.

    `quiet_ms_max`: the client promises never to be silent for longer from now on, so that the
    server can notice that it has disconnected. 0 promises nothing.
    """

    quiet_ms_max: int = 0


class GetServerInfo(Request[ServerInfo], tag=113, frozen=True):
    pass


class Backup(Request[str], tag=114, frozen=True):
    """Copy the running server into `directory` (new, on its machine). Returns the full path."""

    directory: str


class NamespaceCreate(Command[bool], tag=115, frozen=True):
    """Returns whether it is new."""

    name: str


class NamespaceConfigure(Command[NamespaceInfo], tag=140, frozen=True):
    """`None` keeps the current setting."""

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
    """Remember this connection's client from now on; sent before its first numbered write."""


TIMERS_PER_TICK_MAX = 1_000
"""How many timers one tick fires at most; another tick follows at once."""


class Tick(Command[bool], tag=119, frozen=True):
    """Fire up to so many timers that are due at the command's time. Returns whether more are due.
    Server only.
    """

    timers_max: int = TIMERS_PER_TICK_MAX


class TimerPostpone(Command[None], tag=127, frozen=True):
    """Fire the earliest timer that is due at the command's time that much later. Server only."""

    delay_ms: int


class SessionForget(Command[None], tag=120, frozen=True):
    """Forget the writes of a client that has been disconnected for too long. Server only."""

    session: str


class HistoryBegin(Command[None], tag=192, frozen=True):
    """Continue as the history `id`, with numbers higher than `floor` (0: unchanged). Server only.

    `index`, `left_at_ms`: how many commands the state has seen, and the time of the last of them.
    `keeps_clients`: clients' writes stay remembered, because the clients continue unaware of the
    change.
    """

    id: str
    floor: int
    index: int
    left_at_ms: int
    reason: str = ""
    keeps_clients: bool = False


class HistoryEnd(Command[None], tag=193, frozen=True):
    """Make the next start begin a new history, for this reason (empty: continue). Server only."""

    reason: str


class Delivery(Value, frozen=True):
    """What one command delivered: the owner (a queue, a group), the items and their leases."""

    primitive: str
    owner_id: int
    items: list[list[int]]


class HandBack(Command[None], tag=121, frozen=True):
    """Undo a delivery to a closed connection: release it and forget its answer. Server only."""

    session: str
    number: int
    delivery: Delivery


class CancelWait(Request[bool], tag=123, frozen=True):
    """End the wait of an earlier request of this connection; that request gets its empty answer."""

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
    """Several commands in one namespace, all or nothing. The answer is their results, in order."""

    commands: list[BatchCommand]


ONCE_PREFIX = "once-"
"""The beginning of the session id of an `Idempotency-Key`."""


class OnceOpen(Command[None], tag=255, frozen=True):
    """Remember the one write of this connection: a request over HTTP that may happen only once.

    `digest`: a digest of the request, 32 bytes. The session is `once-` and the digest of the key.
    """

    digest: bytes


class RunsIndex(Command[None], tag=104, frozen=True):
    """Let ticks add the runs of older versions to today's indexes, unless that was done. Server
    only.
    """


class StoreName(Command[str], tag=254, frozen=True):
    """Give the store a random name if it has none. The answer is its name. Server only."""

    name: str
