"""The store on disk: RocksDB, whose write-ahead log is the log of the server.

The server relies on these properties, each with a test. A batch is in the log whole or not at all.
Recovery stops at the first record that is torn or damaged, so nothing follows a gap. It does not
report this, so there is a witness outside the log (`witness.py`). Log files are never recycled, so
no old record can be taken for a new one. The first failed write or sync ends the store.

Reads do not turn RocksDB's own errors (a damaged block) into ours: `guarded.py` does that where a
server reads, while `flo verify` reads on behind damage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NoReturn
from weakref import WeakSet

from rocksdict import (
    AccessType,
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    Checkpoint,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
    WriteBatch,
)

from floruntime.engine.store.errors import StoreFailedError
from floruntime.engine.store.foreign_records import disarm_logs
from floruntime.engine.store.protocol import Changes, PointRead, Reader
from floruntime.engine.store.rocks_scans import Deleted, Scans, latest_rising

MEMTABLE_BYTES = 16 * 1024 * 1024
"""Also what a start replays at most, times the number of memtables."""
MEMTABLES = 4
MEMTABLE_FILTER_SHARE = 0.015
"""Of a memtable's size, for a filter that says which keys are not in it: a get that finds its row
in a file takes a sixth less, a put a fiftieth more. A processor's cache holds all of it.
"""
BLOCK_CACHE_BYTES = 64 * 1024 * 1024
BLOOM_BITS_PER_KEY = 10
INDEX_PIECE_BYTES = 32 * 1024
"""With RocksDB's own 4 KiB a file has so many pieces that to find the right one takes long."""
FILE_BYTES = 32 * 1024 * 1024
CLEARED_RANGES_MAX = 1_000
"""Ranges that were cleared and are remembered one by one, to be compacted when space is short."""
INFO_LOG_BYTES = 1024 * 1024
INFO_LOGS = 3
#: A file whose rows are half deletions, within this many, is compacted soon: queues leave such.
DELETIONS_WINDOW_ROWS = 4096

_NOT_FOUND = ("key not found",)


class RocksStore:
    """A store in the directory `path`, made if missing. Drop all scans before `close`.

    `files_max`: how many files it keeps open, if that is bounded. `cache_bytes`: the size of the
    cache for blocks that were read.
    """

    get: PointRead
    """RocksDB's own method: a wrapper would cost more than the look-up."""

    def __init__(
        self,
        path: str,
        *,
        read_only: bool = False,
        files_max: int | None = None,
        cache_bytes: int = BLOCK_CACHE_BYTES,
    ) -> None:
        disarm_logs(path)
        access = AccessType.read_only(False) if read_only else AccessType.read_write()
        options = _options(cache_bytes)
        if files_max is not None:
            options.set_max_open_files(files_max)
        # Named again for its column family: else the binding opens an existing one with a cache
        # of its own default size.
        self._db = Rdict(path, options, {"default": options}, access)
        self._failure = ""
        self._cleared: list[tuple[bytes, bytes]] = []
        self._snapshots: WeakSet[_RocksSnapshot] = WeakSet()
        self._deleted = Deleted()
        self.get = self._db.get

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        self._check()
        if reverse:
            return Scans(self._db, self._deleted).falling(start, end)
        return latest_rising(self._db, start, end)

    def snapshot(self) -> Reader:
        self._check()
        snapshot = _RocksSnapshot(self._db, self._deleted)
        self._snapshots.add(snapshot)
        return snapshot

    def write(self, changes: Changes) -> None:
        self._check()
        if changes.cleared:
            self._note_cleared(changes.cleared)
        batch, deleted = _batch(changes)
        self._deleted.note(None if changes.cleared else deleted)
        try:
            self._db.write(batch)
        except Exception as error:
            self._fail("write", error)

    def sync(self) -> None:
        self._check()
        try:
            self._db.flush_wal(True)
        except Exception as error:
            self._fail("sync", error)

    def property_of(self, name: str) -> int | None:
        """A number that RocksDB tells of itself, if it knows it."""
        value: int | None = self._db.property_int_value(name)
        return value

    def _note_cleared(self, ranges: list[tuple[bytes, bytes]]) -> None:
        self._cleared += [pair for pair in ranges if pair[0] < pair[1]]
        if len(self._cleared) > CLEARED_RANGES_MAX:
            start = min(start for start, _ in self._cleared)
            self._cleared = [(start, max(end for _, end in self._cleared))]

    def give_back(self) -> None:
        """Give the space of what was deleted back to the disk, as far as it can be had at once.

        Deletions lie in a memtable until that is full, and what they delete stays until files are
        compacted. Only what was cleared as a range is compacted here: nothing of it is written
        again. For a thread; it may take seconds.
        """
        self._check()
        cleared, self._cleared = self._cleared, []
        self._db.flush()
        for start, end in cleared:
            self._db.compact_range(start, end)

    def checkpoint(self, directory: str) -> None:
        self._check()
        Checkpoint(self._db).create_checkpoint(directory)

    def close(self) -> None:
        if self._failure != _CLOSED:
            self._refuse_from_now_on(_CLOSED)
            # A snapshot that is still held somewhere would keep the files locked.
            for snapshot in list(self._snapshots):
                snapshot.release()
            self._db.close()

    def _check(self) -> None:
        if self._failure:
            raise StoreFailedError(self._failure)

    def _fail(self, action: str, error: Exception) -> NoReturn:
        message = (
            f"the {action} to {self._db.path()} failed: {error}; the server must end now, "
            "a restart recovers everything that was answered"
        )
        self._refuse_from_now_on(message)
        raise StoreFailedError(message) from error

    def _refuse_from_now_on(self, reason: str) -> None:
        self._failure = reason
        self.get = self._refuse_get

    def _refuse_get(self, key: bytes, /) -> bytes | None:
        raise StoreFailedError(self._failure)


_CLOSED = "the store is closed"


class _RocksSnapshot:
    """Point reads go through RocksDB's snapshot, scans through iterators as old as it.

    (A scan made from the binding's snapshot, in 0.3.29, shows the latest state.)
    """

    def __init__(self, database: Rdict, deleted: Deleted) -> None:
        self._snapshot: Any = database.snapshot()
        self._scans = Scans(database, deleted)

    def get(self, key: bytes, /) -> bytes | None:
        try:
            value: bytes = self._snapshot[key]
        except Exception as error:
            if error.args == _NOT_FOUND:
                return None
            raise
        return value

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        scans = self._scans
        return scans.falling(start, end) if reverse else scans.rising(start, end)

    def release(self) -> None:
        """Let the store close its files."""
        self._snapshot = released = _Released()
        self._scans.release(released)


class _Released:
    def __getitem__(self, key: bytes) -> bytes:
        raise StoreFailedError(_CLOSED)

    def seek(self, key: bytes) -> None:
        raise StoreFailedError(_CLOSED)

    seek_for_prev = seek


_NOTHING: Final[list[bytes]] = []


def _batch(changes: Changes) -> tuple[WriteBatch, list[bytes]]:
    """What is to be written, and the keys of its rows that are deleted."""
    batch = WriteBatch(raw_mode=True)
    for start, end in changes.cleared:
        if start < end:  # RocksDB takes an empty range for an error, permanently
            batch.delete_range(start, end)
    rows, deleted = changes.rows, _NOTHING
    if None in rows.values():
        deleted = [key for key, value in rows.items() if value is None]
        rows = rows.copy()
        for key in deleted:
            batch.delete(key)
            del rows[key]
    deque(map(batch.put, rows, rows.values()), maxlen=0)  # a loop without bytecode
    return batch, deleted


def _options(cache_bytes: int) -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(_tables(cache_bytes))
    _set_log_rules(options)
    _set_sizes(options)
    return options


def _set_log_rules(options: Options) -> None:
    options.set_wal_recovery_mode(DBRecoveryMode.point_in_time())
    options.set_recycle_log_file_num(0)
    options.set_paranoid_checks(True)
    options.set_keep_log_file_num(INFO_LOGS)
    options.set_max_log_file_size(INFO_LOG_BYTES)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)


def _set_sizes(options: Options) -> None:
    options.set_write_buffer_size(MEMTABLE_BYTES)
    options.set_max_write_buffer_number(MEMTABLES)
    options.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_SHARE)
    options.set_memtable_whole_key_filtering(True)
    options.set_target_file_size_base(FILE_BYTES)
    options.set_max_bytes_for_level_base(4 * MEMTABLE_BYTES)
    options.set_level_compaction_dynamic_level_bytes(True)
    options.set_max_background_jobs(2)
    # Written pages go to disk little by little; all at once they would hold up the log's syncs.
    options.set_bytes_per_sync(INFO_LOG_BYTES)
    options.set_level_zero_slowdown_writes_trigger(24)
    options.set_level_zero_stop_writes_trigger(48)
    options.set_compression_type(DBCompressionType.lz4())
    options.add_compact_on_deletion_collector_factory(
        DELETIONS_WINDOW_ROWS, DELETIONS_WINDOW_ROWS // 2, 0.5
    )


def _tables(cache_bytes: int) -> BlockBasedOptions:
    tables = BlockBasedOptions()
    tables.set_block_cache(Cache(cache_bytes))
    tables.set_format_version(5)
    tables.set_bloom_filter(BLOOM_BITS_PER_KEY, False)
    # Indexes and filters count towards the cache, so that memory stays bounded as data grows; in
    # small pieces, since one of a whole file is too large for a shard of the cache.
    tables.set_cache_index_and_filter_blocks(True)
    tables.set_index_type(BlockBasedIndexType.two_level_index_search())
    tables.set_partition_filters(True)
    tables.set_metadata_block_size(INDEX_PIECE_BYTES)
    tables.set_pin_top_level_index_and_filter(True)
    tables.set_pin_l0_filter_and_index_blocks_in_cache(True)
    return tables
