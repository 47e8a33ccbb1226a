"""A node's data directory: whose it is, and the stores in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from floruntime.engine.store import Changes
from floruntime.server.cluster.copies.node_storage import NodeStorage
from floruntime.server.cluster.copies.verifying import verify_partitions
from floruntime.server.cluster.log.message import POSITION_KEY, Position
from floruntime.server.cluster.log.position import encode_position
from floruntime.server.config import ConfigError
from floruntime.server.data.data_dir import DataDirectory, DataDirectoryError

FILES = "rocksdb.total-sst-files-size"


def test_deleted_space_of_all_copies_is_given_back_and_no_closed_one_is_touched(
    tmp_path: Path,
) -> None:
    storage = NodeStorage(str(tmp_path), "a")
    stores = [storage.open_partition(number) for number in (0, 1)]
    for store in stores:
        store.write(Changes({b"%06d" % number: bytes(1_000) for number in range(1_000)}, []))
    storage.give_back()
    full_bytes = storage.properties([FILES])[FILES]
    for store in stores:
        store.write(Changes({}, [(b"0", b"1")]))
    storage.give_back()
    assert storage.properties([FILES])[FILES] < full_bytes / 2
    storage.let_go(0)
    stores[0].close()
    storage.give_back()
    storage.let_go(1)
    stores[1].close()
    assert storage.properties([FILES]) == {}
    storage.close()


def test_which_start_had_the_directory_last_is_kept(tmp_path: Path) -> None:
    storage = NodeStorage(str(tmp_path), "a")
    storage.belong_to("a", "of-this-cluster", "flo")
    assert storage.last_run == ""
    storage.note_run("first")
    storage.close()
    again = NodeStorage(str(tmp_path), "a")
    again.belong_to("a", "of-this-cluster", "flo")
    assert again.last_run == "first"
    with pytest.raises(ConfigError, match="belongs to another cluster"):
        again.belong_to("a", "of-another", "flo")
    again.close()


def test_a_single_server_and_a_node_refuse_each_others_directories(tmp_path: Path) -> None:
    node, single = tmp_path / "node", tmp_path / "single"
    NodeStorage(str(node), "a").close()
    with pytest.raises(DataDirectoryError, match="belongs to a cluster"):
        DataDirectory(str(node))
    DataDirectory(str(single)).close()
    with pytest.raises(DataDirectoryError, match="directory of a single server"):
        NodeStorage(str(single), "a")


def test_a_node_does_not_start_on_a_backup_of_a_cluster_and_is_told_what_to_do(
    tmp_path: Path,
) -> None:
    (tmp_path / "FORMAT").write_text("flo-cluster-backup 1\n")
    with pytest.raises(DataDirectoryError, match=r"is a backup of a cluster .*cluster import"):
        NodeStorage(str(tmp_path), "a")


def test_each_copy_in_a_nodes_directory_is_verified(tmp_path: Path) -> None:
    storage = NodeStorage(str(tmp_path), "a")
    stores = [storage.open_partition(number) for number in (0, 3)]
    for store in stores:
        store.write(Changes({POSITION_KEY: encode_position(Position(7, 1))}, []))
    stores[1].write(Changes({b"?!": b"of nobody"}, []))
    with pytest.raises(DataDirectoryError, match="is in use"):
        verify_partitions(str(tmp_path))
    for store in stores:
        store.close()
    storage.close()
    report = verify_partitions(str(tmp_path))
    assert report.problems == [
        "partition 3: the row b'?!' belongs to no table that this version knows"
    ]
    assert report.rows == {"cl": 2}
    with pytest.raises(DataDirectoryError, match="accept-loss is for a single server"):
        verify_partitions(str(tmp_path), accept_loss=True)
