"""The habits that RocksDB needs, and what else only a store on disk can get wrong."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rocksdict import Rdict

from floruntime.engine.store import Changes, StoreFailedError
from floruntime.engine.store.rocks import BLOCK_CACHE_BYTES, RocksStore

ALL = (b"", b"\xff" * 9)


def put(store: RocksStore, number: int) -> None:
    """Write one batch of three rows that belong together."""
    rows: dict[bytes, bytes | None] = {b"%s%05d" % (kind, number): b"v" for kind in (b"a", b"b")}
    store.write(Changes({**rows, b"index": b"%d" % number}, []))


def whole_batches(directory: Path) -> int:
    """How many batches the store holds; none in part, none after a gap."""
    store = RocksStore(str(directory))
    rows = dict(store.scan(*ALL))
    store.close()
    count = int(rows.pop(b"index", b"0"))
    expected = {
        b"%s%05d" % (kind, number) for kind in (b"a", b"b") for number in range(1, count + 1)
    }
    assert set(rows) == expected
    return count


def log_of(directory: Path) -> Path:
    return max(directory.glob("*.log"), key=lambda path: path.stat().st_size)


def test_what_was_written_is_there_after_a_reopening(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        store = RocksStore(str(tmp_path))
        put(store, number)
        store.close()
    assert whole_batches(tmp_path) == 3


def test_what_was_written_survives_the_end_of_the_process_even_unsynced(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path / "store"))
    put(store, 1)
    # What a killed process leaves: the files as the system has them, nothing closed or flushed.
    shutil.copytree(tmp_path / "store", tmp_path / "left")
    store.close()
    assert whole_batches(tmp_path / "left") == 1


@pytest.mark.parametrize("kept_of_unsynced", [0, 1, 10, 29, 30, 50, 199, 200, 10_000])
def test_a_power_cut_loses_nothing_synced_and_leaves_the_rest_whole_or_not_at_all(
    tmp_path: Path, kept_of_unsynced: int
) -> None:
    store = RocksStore(str(tmp_path / "store"))
    for number in range(1, 21):
        put(store, number)
    store.sync()
    synced_bytes = log_of(tmp_path / "store").stat().st_size
    for number in range(21, 41):
        put(store, number)
    shutil.copytree(tmp_path / "store", tmp_path / "left")
    store.close()
    log = log_of(tmp_path / "left")
    log.write_bytes(log.read_bytes()[: synced_bytes + kept_of_unsynced])
    count = whole_batches(tmp_path / "left")
    assert count >= 20
    if kept_of_unsynced == 0:
        assert count == 20


def test_damage_in_the_log_loses_the_rest_silently_which_is_why_a_witness_exists(
    tmp_path: Path,
) -> None:
    store = RocksStore(str(tmp_path / "store"))
    for number in range(1, 101):
        put(store, number)
        store.sync()
    shutil.copytree(tmp_path / "store", tmp_path / "left")
    store.close()
    log = log_of(tmp_path / "left")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    assert 40 <= whole_batches(tmp_path / "left") <= 60


def test_log_files_are_not_recycled_and_recovery_is_point_in_time(tmp_path: Path) -> None:
    RocksStore(str(tmp_path)).close()
    RocksStore(str(tmp_path)).close()  # the options must hold for an existing store too
    options = max(tmp_path.glob("OPTIONS-*")).read_text()
    for rule in (
        "recycle_log_file_num=0",
        "wal_recovery_mode=kPointInTimeRecovery",
        "manual_wal_flush=false",
        "paranoid_checks=true",
        "partition_filters=true",
    ):
        assert rule in options


def test_an_existing_store_gets_the_cache_it_was_meant_to_have(tmp_path: Path) -> None:
    for _ in range(2):
        store = RocksStore(str(tmp_path))
        assert store._db.property_int_value("rocksdb.block-cache-capacity") == BLOCK_CACHE_BYTES
        store.close()


class Failing:
    """Stands in for the database: everything works but one method."""

    def __init__(self, database: Rdict, broken: str) -> None:
        self._database = database
        self._broken = broken

    def __getattr__(self, name: str) -> object:
        if name == self._broken:
            return self._fail
        return getattr(self._database, name)

    def _fail(self, *arguments: object) -> None:
        raise Exception("IO error: No space left on device")


@pytest.mark.parametrize(
    ("broken", "action", "use"),
    [
        ("write", "write", lambda store: put(store, 2)),
        ("flush_wal", "sync", lambda store: store.sync()),
    ],
)
def test_the_first_failed_write_or_sync_ends_the_store_for_good(
    tmp_path: Path, broken: str, action: str, use: Callable[[RocksStore], None]
) -> None:
    store = RocksStore(str(tmp_path))
    put(store, 1)
    database = store._db
    store._db = Failing(database, broken)  # type: ignore[assignment]  # stands in for it
    with pytest.raises(StoreFailedError, match=f"the {action} to .* failed: IO error: No space"):
        use(store)
    store._db = database  # it would work again, but nobody may know
    for later_use in (
        lambda: put(store, 3),
        store.sync,
        store.snapshot,
        lambda: store.get(b"index"),
        lambda: store.scan(*ALL),
        lambda: store.checkpoint(str(tmp_path / "copy")),
    ):
        with pytest.raises(StoreFailedError, match="No space left"):
            later_use()
    store.close()


def test_a_scan_over_a_damaged_block_raises_instead_of_ending_early(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path))
    rows: dict[bytes, bytes | None] = {
        b"%06d" % number: (b"%d" % (number * number)) * 9 for number in range(5000)
    }
    store.write(Changes(rows, []))
    store._db.flush()
    store.close()
    table = max(tmp_path.glob("*.sst"), key=lambda path: path.stat().st_size)
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(data)
    store = RocksStore(str(tmp_path))
    for reader in (store, store.snapshot()):
        for reverse in (False, True):
            with pytest.raises(Exception, match="checksum mismatch"):
                list(reader.scan(*ALL, reverse=reverse))
    del reader
    store.close()


def test_scans_of_one_snapshot_may_be_interleaved(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path))
    store.write(Changes({b"%03d" % number: b"v" for number in range(50)}, []))
    snapshot = store.snapshot()
    store.write(Changes({}, [(b"010", b"040")]))
    every = [b"%03d" % number for number in range(50)]
    up, down = snapshot.scan(*ALL), snapshot.scan(*ALL, reverse=True)
    seen_up, seen_down = [], []
    for (low, _), (high, _) in zip(up, down, strict=True):
        seen_up.append(low)
        seen_down.append(high)
        assert list(snapshot.scan(b"x", b"z")) == []  # moves the shared iterator, gives nothing
    assert seen_up == every
    assert seen_down == every[::-1]
    store.close()


def test_closing_frees_the_files_although_a_snapshot_is_still_held(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path))
    put(store, 1)
    snapshot = store.snapshot()
    store.close()
    RocksStore(str(tmp_path)).close()
    with pytest.raises(StoreFailedError, match="closed"):
        snapshot.get(b"index")
    with pytest.raises(StoreFailedError, match="closed"):
        list(snapshot.scan(*ALL))


def test_a_read_only_store_shows_everything_and_changes_nothing(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path / "store"))
    put(store, 1)
    shutil.copytree(tmp_path / "store", tmp_path / "left")
    store.close()
    log_before = log_of(tmp_path / "left").read_bytes()
    reader = RocksStore(str(tmp_path / "left"), read_only=True)
    assert reader.get(b"index") == b"1"
    assert len(list(reader.scan(*ALL))) == 3
    with pytest.raises(StoreFailedError):
        put(reader, 2)
    reader.close()
    assert log_of(tmp_path / "left").read_bytes() == log_before


def test_info_logs_do_not_pile_up(tmp_path: Path) -> None:
    for _ in range(10):
        RocksStore(str(tmp_path)).close()
    assert len(list(tmp_path.glob("LOG*"))) <= 3


def test_space_of_what_was_cleared_is_given_back(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path))

    def size_bytes() -> int:
        sizes = 0
        for file in tmp_path.iterdir():
            if file.suffix in (".sst", ".log"):
                with contextlib.suppress(FileNotFoundError):  # RocksDB drops files meanwhile
                    sizes += file.stat().st_size
        return sizes

    for number in range(60):
        store.write(Changes({b"a%03d" % number: os.urandom(1_000_000)}, []))
    store.write(Changes({b"b": b"stays"}, []))
    store.write(Changes({}, [(b"a", b"b")]))
    store.sync()
    assert size_bytes() > 50_000_000
    store.give_back()
    assert size_bytes() < 1_000_000
    assert store.get(b"b") == b"stays"
    store.close()
