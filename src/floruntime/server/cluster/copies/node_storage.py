"""A node's data directory: a store for each partition, whose node it is, and a lock.

FORMAT          names the version of this layout
LOCK            held exclusively by the process that has the directory open
node.json       the node's name, its cluster, and which start of it was the last
partitions/N/   the store of partition N
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable

from floruntime.core.errors import BadRequestError
from floruntime.engine.store import Store
from floruntime.engine.store.rocks import RocksStore
from floruntime.server.cluster.copies.directories import (
    BACKUP_FORMAT,
    CLUSTER_FORMAT,
    place_of,
)
from floruntime.server.config import MEMORY_BYTES_MIN, ConfigError
from floruntime.server.data.data_dir import (
    DataDirectoryError,
    DirectoryLock,
    make_directory,
    sync_directory,
)
from floruntime.server.data.reserve import give_up_for_start
from floruntime.server.memory import MEMORY_BYTES_DEFAULT, blocks_bytes, warm_bytes

FRESH = ".new"
"""Behind the name of what is not in its place yet."""
WRITE_STOPPED = "rocksdb.is-write-stopped"
"""1 or 0: of this property the greatest counts, not the sum."""


def check_node_directory(path: str, node: str) -> dict[str, str]:
    """What the directory says of its node; nothing if it is empty or says nothing yet.

    Changes nothing. Raises `StoreError`, or `ConfigError` if the directory is another node's.
    """
    if not _has_format(path):
        strange = sorted(set(os.listdir(path)) - {"LOCK", "FORMAT.new"})
        if strange:
            raise DataDirectoryError(
                f"{path} is not empty (it has {strange[0]!r}) and is not the directory of a "
                "node; choose an empty or missing directory with --data-dir"
            )
        return {}
    record = _read_record(path)
    held = record.get("node", node)
    if held != node:
        raise ConfigError(
            f"node is {node!r}, but {path} is the directory of node {held!r}; start the "
            "node with that name, or on another directory"
        )
    return record


def check_of_cluster(path: str, held: str, cluster_id: str, cluster_name: str) -> None:
    """Raise `ConfigError` if a directory belongs to the cluster `held`, and NATS has another."""
    if held not in ("", cluster_id):
        raise ConfigError(
            f"{path} belongs to another cluster than {cluster_name!r} in this NATS "
            f"({held} and {cluster_id}); choose another directory, or the right NATS"
        )


def _has_format(path: str) -> bool:
    try:
        with open(os.path.join(path, "FORMAT"), encoding="utf-8", errors="replace") as opened:
            found = opened.read(100).strip()
    except FileNotFoundError:
        return False
    if found != CLUSTER_FORMAT:
        is_backup = found == BACKUP_FORMAT
        of = "a backup of a cluster" if is_backup else "the data directory of a single server"
        raise DataDirectoryError(
            f"{path} is {of} ({found!r}), but cluster is set. Start a node on an empty directory, "
            "and import the data with `flo cluster import DIR`"
        )
    return True


def _read_record(path: str) -> dict[str, str]:
    try:
        with open(os.path.join(path, "node.json"), encoding="utf-8") as file:
            record: dict[str, str] = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DataDirectoryError(f"{path} has a damaged file node.json: {error}") from None
    return record


class NodeStorage:
    """An open directory, made if `path` is missing or empty. Raises `StoreError`, `ConfigError`.

    `memory_bytes`: the memory for rows and blocks that were read, of all `partitions` together.
    """

    def __init__(
        self,
        path: str,
        node: str,
        memory_bytes: int = MEMORY_BYTES_DEFAULT,
        *,
        partitions: int = 1,
    ) -> None:
        #: How much memory keeps blocks that were read.
        self.memory_bytes = memory_bytes
        partition_bytes = max(memory_bytes // partitions, MEMORY_BYTES_MIN)
        #: How much memory each partition has for decoded rows.
        self.warm_bytes = warm_bytes(partition_bytes)
        self._blocks_bytes = blocks_bytes(partition_bytes)
        self.path: str | None = os.path.abspath(path)
        #: The same as `path`: every storage has this attribute.
        self.place = self._path = self.path
        #: By partition, the open stores, whose deleted space `give_back` frees.
        self._stores: dict[int, RocksStore] = {}
        #: Held while `give_back` works on a store, which must not be closed meanwhile.
        self._giving_back = threading.Lock()
        make_directory(self._path)
        self._lock = DirectoryLock(self._path)
        give_up_for_start(self._path)
        try:
            self._record = check_node_directory(self._path, node)
            if not _has_format(self._path):
                self._write("FORMAT", CLUSTER_FORMAT + "\n")
        except BaseException:
            self._lock.release()
            raise

    def belong_to(self, node: str, cluster_id: str, cluster_name: str) -> None:
        """Note whose directory it is. Raises `ConfigError` if it belongs to another cluster."""
        check_of_cluster(self._path, self.cluster_id, cluster_id, cluster_name)
        if not self._record:
            self._record = {"node": node, "cluster_id": cluster_id}
            self._write("node.json", json.dumps(self._record) + "\n")

    @property
    def cluster_id(self) -> str:
        """The cluster that the directory belongs to; empty if it belongs to none yet."""
        return self._record.get("cluster_id", "")

    @property
    def last_run(self) -> str:
        """Which start of the node used this directory last; empty if none is noted."""
        return self._record.get("run", "")

    def note_run(self, run: str) -> None:
        """Note that this start of the node uses the directory."""
        self._record["run"] = run
        self._write("node.json", json.dumps(self._record) + "\n")

    def _write(self, name: str, text: str) -> None:
        fresh = os.path.join(self._path, name + FRESH)
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, os.path.join(self._path, name))
        sync_directory(self._path)

    def _place_of(self, partition: int) -> str:
        return place_of(self._path, partition)

    def open_partition(self, partition: int) -> Store:
        """The store of a partition, made if it is missing."""
        make_directory(os.path.dirname(self._place_of(partition)))
        return self._open(partition)

    def _open(self, partition: int) -> Store:
        store = RocksStore(self._place_of(partition), cache_bytes=self._blocks_bytes)
        self._stores[partition] = store
        return store

    def fill_apart(self, partition: int, fill: Callable[[Store], None]) -> None:
        """Fill a new store beside a partition's, which stays in use until `put_in_place`."""
        fresh = self._place_of(partition) + FRESH
        shutil.rmtree(fresh, ignore_errors=True)
        store = RocksStore(fresh)
        try:
            fill(store)
            store.sync()
        finally:
            store.close()

    def put_in_place(self, partition: int) -> Store:
        """Put the filled store in place of the partition's, which must be closed, and open it."""
        place = self._place_of(partition)
        shutil.rmtree(place, ignore_errors=True)
        os.rename(place + FRESH, place)
        return self._open(partition)

    def drop_partition(self, partition: int) -> None:
        """Delete the store of a partition, which must be closed."""
        for place in (self._place_of(partition), self._place_of(partition) + FRESH):
            shutil.rmtree(place, ignore_errors=True)

    def free_bytes(self) -> int:
        """What is left on the directory's file system for this process."""
        status = os.statvfs(self._path)
        return status.f_bavail * status.f_frsize

    def give_back(self) -> None:
        """Give the space of deleted data back to the disk. Call it in a thread."""
        for partition in list(self._stores):
            with self._giving_back:
                store = self._stores.get(partition)
                if store is not None:
                    store.give_back()

    def let_go(self, partition: int) -> None:
        """Prepare to close the store of a partition: wait until `give_back` has left it. Call it in
        a thread.
        """
        with self._giving_back:
            self._stores.pop(partition, None)

    def properties(self, names: Iterable[str]) -> dict[str, int]:
        """These numbers of RocksDB, combined over all stores."""
        found: dict[str, int] = {}
        for name in names:
            told = [store.property_of(name) for store in self._stores.values()]
            numbers = [each for each in told if each is not None]
            if numbers:
                found[name] = max(numbers) if name == WRITE_STOPPED else sum(numbers)
        return found

    def checkpoint(self, directory: str) -> str:
        """Refuse: each partition has a store of its own, see `cluster_backup.py`."""
        raise BadRequestError(
            f"a node has several stores, so it cannot copy one store to {directory!r}"
        )

    def close(self) -> None:
        """Release the lock, so that another process can use the directory."""
        self._lock.release()
