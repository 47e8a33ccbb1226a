"""`Cluster`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.client.api.cluster import Cluster as AsyncCluster
from floruntime.core.cluster import ClusterInfo
from floruntime.sync.standing import PartOf


class Cluster(PartOf[AsyncCluster]):
    """`client.cluster`. All of it is for the role `admin`; others get `ForbiddenError`.

    Every method takes `timeout_ms`, by default the client's own, and raises `BadRequestError` where
    the server is alone.
    """

    @property
    def _of(self) -> AsyncCluster:
        return self._bridge.client.cluster

    def status(self, *, timeout_ms: int | None = None) -> ClusterInfo:
        """The nodes, the partitions and the state of NATS, as the node that answers sees them.

        Raises what the connection raises.
        """
        return self._bridge.run(self._of.status(timeout_ms=timeout_ms))

    def move(self, partition: int, node: str, *, timeout_ms: int | None = None) -> None:
        """Let `node` lead `partition` (0 is `system`); answered once it does.

        It stays so until the node is drained or lost. A copy that is behind catches up first.

        Raises `BadRequestError` on a partition that is not there or not kept there,
        `NotFoundError` on a node that is not there, `ConflictError` on one that does not live or is
        drained, and `UnavailableError` where it takes longer than the time-out, or ten seconds.
        """
        self._bridge.run(self._of.move(partition, node, timeout_ms=timeout_ms))

    def drain(self, node: str, *, timeout_ms: int | None = None) -> None:
        """Hand over all that `node` leads; answered once it leads nothing. Until it starts again.

        Raises `NotFoundError` on a node that is not there, `ConflictError` on one that does not
        live, and `UnavailableError` where it takes longer than the time-out, or ten seconds.
        """
        self._bridge.run(self._of.drain(node, timeout_ms=timeout_ms))

    def forget(self, node: str, *, timeout_ms: int | None = None) -> None:
        """Drop a node that is gone for good: other nodes keep its copies from now on.

        Raises `NotFoundError` on a node that is not there, `ConflictError` on one that lives.
        """
        self._bridge.run(self._of.forget(node, timeout_ms=timeout_ms))

    def import_backup(self, directory: str, *, timeout_ms: int | None = None) -> int:
        """Take data into this cluster, which must be empty.

        `directory` is a backup, of a single server or of a cluster with as many partitions, or the
        data directory of a server or a node that is stopped, on the machine of the node that is
        asked. Answers how many namespaces there are. All of a single server's is written once for
        each partition: give it the time.

        Raises `BadRequestError` on what is no such directory, `ConflictError` where the cluster is
        not empty, and `UnavailableError` where that node cannot lead all partitions now.
        """
        return self._bridge.run(self._of.import_backup(directory, timeout_ms=timeout_ms))

    def recover(self, partition: int, node: str, *, timeout_ms: int | None = None) -> None:
        """Let `partition` (0 is `system`) go on from the copy of `node`, as a new history.

        For a partition that nobody can lead: its log was set back or lost its beginning, and
        `status()` tells of trouble with its copies. What other copies and the log hold beyond that
        of `node` is given up. Answered once it is led; give it the time to write a checkpoint.

        Raises `BadRequestError` on a partition that is not there or not kept there,
        `NotFoundError` on a node that is not there, and `ConflictError` on one that does not live,
        or whose copy follows its log while somebody leads it.
        """
        self._bridge.run(self._of.recover(partition, node, timeout_ms=timeout_ms))
