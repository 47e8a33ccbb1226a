"""`Cluster`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.client.api.cluster import Cluster as AsyncCluster
from floruntime.core.cluster import ClusterInfo
from floruntime.sync.standing import PartOf


class Cluster(PartOf[AsyncCluster]):
    """`client.cluster`. All methods are for the role `admin`; other roles get `ForbiddenError`.

    Every method takes `timeout_ms`, by default the client's own, and raises `BadRequestError` if
    the server is not part of a cluster.
    """

    @property
    def _of(self) -> AsyncCluster:
        return self._bridge.client.cluster

    def status(self, *, timeout_ms: int | None = None) -> ClusterInfo:
        """Return the nodes, the partitions and the state of NATS, as the answering node sees them.

        Raises what the connection raises.
        """
        return self._bridge.run(self._of.status(timeout_ms=timeout_ms))

    def move(self, partition: int, node: str, *, timeout_ms: int | None = None) -> None:
        """Make `node` the leader of `partition` (0 is `system`). Returns once it leads.

        It keeps the partition until the node is drained or lost. If its copy is behind, the copy
        catches up first.

        Raises `BadRequestError` if there is no such partition, or if the node keeps no copy of it;
        `NotFoundError` if there is no such node; `ConflictError` if the node is not alive or is
        drained; and `UnavailableError` if it takes longer than the time-out, or ten seconds.
        """
        self._bridge.run(self._of.move(partition, node, timeout_ms=timeout_ms))

    def drain(self, node: str, *, timeout_ms: int | None = None) -> None:
        """Move all partitions that `node` leads to other nodes. Returns once it leads nothing.

        The node leads nothing until it is started again.

        Raises `NotFoundError` if there is no such node, `ConflictError` if it is not alive, and
        `UnavailableError` if it takes longer than the time-out, or ten seconds.
        """
        self._bridge.run(self._of.drain(node, timeout_ms=timeout_ms))

    def forget(self, node: str, *, timeout_ms: int | None = None) -> None:
        """Remove a node that will never come back: other nodes keep its copies from now on.

        Raises `NotFoundError` if there is no such node, `ConflictError` if it is alive.
        """
        self._bridge.run(self._of.forget(node, timeout_ms=timeout_ms))

    def import_backup(self, directory: str, *, timeout_ms: int | None = None) -> int:
        """Load data into this cluster, which must be empty. Returns how many namespaces there are.

        `directory` is on the machine of the node that is asked. It is a backup, of a single server
        or of a cluster with the same number of partitions, or the data directory of a stopped
        server or node. The data of a single server is written once for each partition: give the
        call enough time.

        Raises `BadRequestError` if it is not such a directory, `ConflictError` if the cluster is
        not empty, and `UnavailableError` if the node that is asked cannot lead all partitions now.
        """
        return self._bridge.run(self._of.import_backup(directory, timeout_ms=timeout_ms))

    def recover(self, partition: int, node: str, *, timeout_ms: int | None = None) -> None:
        """Continue `partition` (0 is `system`) from the copy of `node`, as a new history.

        Use it for a partition that nobody can lead: its log was set back or lost its beginning, and
        `status()` reports trouble with its copies. Everything that other copies and the log hold
        beyond the copy of `node` is lost. It returns once the partition is led again; give it time
        to write a checkpoint.

        Raises `BadRequestError` if there is no such partition, or if the node keeps no copy of it;
        `NotFoundError` if there is no such node; and `ConflictError` if the node is not alive, or
        if the partition has a leader and the node's copy follows its log.
        """
        self._bridge.run(self._of.recover(partition, node, timeout_ms=timeout_ms))
