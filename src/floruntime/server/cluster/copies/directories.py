"""The directories of a node or of a cluster's backup: a store for each partition."""

from __future__ import annotations

import os

CLUSTER_FORMAT = "flo-cluster 1"
BACKUP_FORMAT = "flo-cluster-backup 1"


def is_of_a_cluster(directory: str) -> bool:
    """Whether the directory is a backup of a cluster, or the data directory of a node."""
    try:
        with open(os.path.join(directory, "FORMAT"), encoding="utf-8", errors="replace") as file:
            return file.read(100).strip() in (BACKUP_FORMAT, CLUSTER_FORMAT)
    except OSError:
        return False


def partitions_in(directory: str) -> list[int]:
    """The numbers of the partitions in the directory."""
    try:
        names = os.listdir(os.path.join(directory, "partitions"))
    except FileNotFoundError:
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def place_of(directory: str, partition: int) -> str:
    """Where the store of a partition lies."""
    return os.path.join(directory, "partitions", str(partition))
