"""`client.cluster`: the state and administration of the cluster that a client is connected to."""

from __future__ import annotations

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.core.cluster import (
    ClusterDrain,
    ClusterForget,
    ClusterImport,
    ClusterInfo,
    ClusterMove,
    ClusterRecover,
    ClusterStatus,
)


class Cluster(Part):
    """`client.cluster`. All methods are for the role `admin`; other roles get `ForbiddenError`.

    Every method takes `timeout_ms`, by default the client's own, and raises `BadRequestError` if
    the server is not part of a cluster.
    """

    def status(self, *, timeout_ms: int | None = None) -> Operation[ClusterInfo]:
        """Return the nodes, the partitions and the state of NATS, as the answering node sees them.

        Raises what the connection raises.
        """
        return self._call(ClusterStatus(), None, timeout_ms)

    def move(self, partition: int, node: str, *, timeout_ms: int | None = None) -> Operation[None]:
        """Make `node` the leader of `partition` (0 is `system`). Returns once it leads.

        It keeps the partition until the node is drained or lost. If its copy is behind, the copy
        catches up first.

        Raises `BadRequestError` if there is no such partition, or if the node keeps no copy of it;
        `NotFoundError` if there is no such node; `ConflictError` if the node is not alive or is
        drained; and `UnavailableError` if it takes longer than the time-out, or ten seconds.
        """
        return self._call(ClusterMove(partition, node), None, timeout_ms)

    def drain(self, node: str, *, timeout_ms: int | None = None) -> Operation[None]:
        """Move all partitions that `node` leads to other nodes. Returns once it leads nothing.

        The node leads nothing until it is started again.

        Raises `NotFoundError` if there is no such node, `ConflictError` if it is not alive, and
        `UnavailableError` if it takes longer than the time-out, or ten seconds.
        """
        return self._call(ClusterDrain(node), None, timeout_ms)

    def forget(self, node: str, *, timeout_ms: int | None = None) -> Operation[None]:
        """Remove a node that will never come back: other nodes keep its copies from now on.

        Raises `NotFoundError` if there is no such node, `ConflictError` if it is alive.
        """
        return self._call(ClusterForget(node), None, timeout_ms)

    def import_backup(self, directory: str, *, timeout_ms: int | None = None) -> Operation[int]:
        """Load data into this cluster, which must be empty. Returns how many namespaces there are.

        `directory` is on the machine of the node that is asked. It is a backup, of a single server
        or of a cluster with the same number of partitions, or the data directory of a stopped
        server or node. The data of a single server is written once for each partition: give the
        call enough time.

        Raises `BadRequestError` if it is not such a directory, `ConflictError` if the cluster is
        not empty, and `UnavailableError` if the node that is asked cannot lead all partitions now.
        """
        return self._call(ClusterImport(directory), None, timeout_ms)

    def recover(
        self, partition: int, node: str, *, timeout_ms: int | None = None
    ) -> Operation[None]:
        """Continue `partition` (0 is `system`) from the copy of `node`, as a new history.

        Use it for a partition that nobody can lead: its log was set back or lost its beginning, and
        `status()` reports trouble with its copies. Everything that other copies and the log hold
        beyond the copy of `node` is lost. It returns once the partition is led again; give it time
        to write a checkpoint.

        Raises `BadRequestError` if there is no such partition, or if the node keeps no copy of it;
        `NotFoundError` if there is no such node; and `ConflictError` if the node is not alive, or
        if the partition has a leader and the node's copy follows its log.
        """
        return self._call(ClusterRecover(partition, node), None, timeout_ms)
