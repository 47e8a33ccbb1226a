"""The cluster that a server belongs to: its nodes, its partitions, and their leaders."""

from __future__ import annotations

from floruntime.core.types import Command, Request, Value


class NodeInfo(Value, frozen=True):
    """A node: the address for clients, its version, and its state.

    `clock_difference_ms`: how far its wall clock was ahead of the answering node's, when it was
    last heard. `leads`, `keeps`: numbers of partitions. `silent_ms`: the time since it was last
    heard.
    """

    name: str
    address: str
    version: str
    is_alive: bool
    is_draining: bool
    clock_difference_ms: int
    leads: int
    keeps: int
    silent_ms: int


class ReplicaInfo(Value, frozen=True):
    """A copy of a partition, and how many messages of the log it lacks, as far as is known."""

    node: str
    sequence: int
    lag_entries: int
    lag_ms: int


class PartitionInfo(Value, frozen=True):
    """A partition; 0 is `system`, which holds tokens. `leader` is empty while there is no leader.

    `sequence`: the end of its log. `trouble`: why this node's copy has stopped following the log;
    empty if it has not.
    """

    number: int
    name: str
    leader: str
    term: int
    sequence: int
    replicas: list[ReplicaInfo]
    namespaces: int
    trouble: str = ""


class ClusterInfo(Value, frozen=True):
    """A cluster as one of its nodes (`node`) sees it. `nats`: the state of NATS, in words."""

    name: str
    cluster_id: str
    node: str
    copies: int
    nats: str
    nats_is_up: bool
    nodes: list[NodeInfo]
    partitions: list[PartitionInfo]


class ClusterStatus(Request[ClusterInfo], tag=204, frozen=True):
    """Return the state of the cluster."""


class ClusterMove(Request[None], tag=205, frozen=True):
    """Make `node` the leader of `partition`. Answered once it leads."""

    partition: int
    node: str


class ClusterDrain(Request[None], tag=206, frozen=True):
    """Move all that `node` leads to other nodes, until it starts again.

    Answered once it leads nothing.
    """

    node: str


class ClusterForget(Request[None], tag=207, frozen=True):
    """Remove a node that will never come back. Refused while it is alive.

    Other nodes keep its copies from now on.
    """

    node: str


class ClusterImport(Request[int], tag=208, frozen=True):
    """Load `directory`, a data directory or a backup on the machine of the node that is asked.

    The cluster must be empty. The answer is how many namespaces there are.
    """

    directory: str


class ClusterRecover(Request[None], tag=47, frozen=True):
    """Continue `partition` from the copy that `node` keeps, as a new history, whatever its log
    holds.

    Answered once the partition is led there. Refused if it has a leader and that copy follows its
    log.
    """

    partition: int
    node: str


class ClusterNoted(Command[None], tag=48, frozen=True):
    """An operator did this to the cluster; it changes nothing but the audit. Server only."""

    operation: str
    details: dict[str, str | int]


CLUSTER_REQUESTS = (
    *(ClusterStatus, ClusterMove, ClusterDrain, ClusterForget, ClusterImport),
    ClusterRecover,
)
