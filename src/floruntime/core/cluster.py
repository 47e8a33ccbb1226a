"""The cluster that a server is part of: its nodes, its partitions, and who leads them."""

from __future__ import annotations

from floruntime.core.types import Request, Value


class NodeInfo(Value, frozen=True):
    """A node: where clients reach it, its version, and how it is.

    `clock_difference_ms`: how far its wall clock was ahead of the one who tells, when it was last
    heard. `leads`, `keeps`: how many partitions. `silent_ms`: for how long nothing was heard.
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
    """A copy of a partition: how many messages of the log it lacks, as far as is known."""

    node: str
    sequence: int
    lag_entries: int
    lag_ms: int


class PartitionInfo(Value, frozen=True):
    """A partition; 0 is `system`, which holds tokens. `leader` is empty while nobody leads.

    `sequence`: where its log ends. `trouble`: why this node's copy follows no further, or empty.
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
    """How the cluster is."""


class ClusterMove(Request[None], tag=205, frozen=True):
    """Let `node` lead `partition`; answered once it does."""

    partition: int
    node: str


class ClusterDrain(Request[None], tag=206, frozen=True):
    """Hand over all that `node` leads; answered once it leads nothing. Until it starts again."""

    node: str


class ClusterForget(Request[None], tag=207, frozen=True):
    """Drop a node that is gone for good; its copies are made elsewhere. Refused while it lives."""

    node: str


class ClusterImport(Request[int], tag=208, frozen=True):
    """Take in `directory`, a data directory or a backup on the machine of the node that is asked;
    into an empty cluster only. Answers how many namespaces there are.
    """

    directory: str


class ClusterRecover(Request[None], tag=47, frozen=True):
    """Let `partition` go on from the copy that `node` keeps, as a new history, whatever its log
    holds; answered once it is led there. Refused where it is led and that copy follows it.
    """

    partition: int
    node: str


CLUSTER_REQUESTS = (
    *(ClusterStatus, ClusterMove, ClusterDrain, ClusterForget, ClusterImport),
    ClusterRecover,
)
