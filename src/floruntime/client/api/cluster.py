"""The cluster that a client is connected to: how it is, and where its leads are to be."""

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
    """`client.cluster`. All of it is for the role `admin`; others get `ForbiddenError`.

    Every method takes `timeout_ms`, by default the client's own, and raises `BadRequestError` where
    the server is alone.
    """

    def status(self, *, timeout_ms: int | None = None) -> Operation[ClusterInfo]:
        """The nodes, the partitions and the state of NATS, as the node that answers sees them.

        Raises what the connection raises.
        """
        return self._call(ClusterStatus(), None, timeout_ms)

    def move(self, partition: int, node: str, *, timeout_ms: int | None = None) -> Operation[None]:
        """Let `node` lead `partition` (0 is `system`); answered once it does.

        It stays so until the node is drained or lost. A copy that is behind catches up first.

        Raises `BadRequestError` on a partition that is not there or not kept there,
        `NotFoundError` on a node that is not there, `ConflictError` on one that does not live or is
        drained, and `UnavailableError` where it takes longer than the time-out, or ten seconds.
        """
        return self._call(ClusterMove(partition, node), None, timeout_ms)

    def drain(self, node: str, *, timeout_ms: int | None = None) -> Operation[None]:
        """Hand over all that `node` leads; answered once it leads nothing. Until it starts again.

        Raises `NotFoundError` on a node that is not there, `ConflictError` on one that does not
        live, and `UnavailableError` where it takes longer than the time-out, or ten seconds.
        """
        return self._call(ClusterDrain(node), None, timeout_ms)

    def forget(self, node: str, *, timeout_ms: int | None = None) -> Operation[None]:
        """Drop a node that is gone for good: other nodes keep its copies from now on.

        Raises `NotFoundError` on a node that is not there, `ConflictError` on one that lives.
        """
        return self._call(ClusterForget(node), None, timeout_ms)

    def import_backup(self, directory: str, *, timeout_ms: int | None = None) -> Operation[int]:
        """Take data into this cluster, which must be empty.

        `directory` is a backup, of a single server or of a cluster with as many partitions, or the
        data directory of a server or a node that is stopped, on the machine of the node that is
        asked. Answers how many namespaces there are. All of a single server's is written once for
        each partition: give it the time.

        Raises `BadRequestError` on what is no such directory, `ConflictError` where the cluster is
        not empty, and `UnavailableError` where that node cannot lead all partitions now.
        """
        return self._call(ClusterImport(directory), None, timeout_ms)

    def recover(
        self, partition: int, node: str, *, timeout_ms: int | None = None
    ) -> Operation[None]:
        """Let `partition` (0 is `system`) go on from the copy of `node`, as a new history.

        For a partition that nobody can lead: its log was set back or lost its beginning, and
        `status()` tells of trouble with its copies. What other copies and the log hold beyond that
        of `node` is given up. Answered once it is led; give it the time to write a checkpoint.

        Raises `BadRequestError` on a partition that is not there or not kept there,
        `NotFoundError` on a node that is not there, and `ConflictError` on one that does not live,
        or whose copy follows its log while somebody leads it.
        """
        return self._call(ClusterRecover(partition, node), None, timeout_ms)
