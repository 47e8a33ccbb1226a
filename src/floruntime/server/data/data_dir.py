"""The data directory: its layout, its lock, its format version, and opening its store safely.

FORMAT     the version of what lies here; written last, so a directory that has it is complete
LOCK       locked while a process uses the directory; holds its process id
store/     RocksDB
witness    how far the store must reach (`engine/store/witness.py`)
reserve    room that is kept back for a start on a full disk (`reserve.py`)

What lies here is everybody's data and tokens, so directories are made for their owner alone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from floruntime.engine.machine import applied_index
from floruntime.engine.store.continuity import check_continuity
from floruntime.engine.store.errors import StoreDamagedError, StoreError
from floruntime.engine.store.rocks import BLOCK_CACHE_BYTES, RocksStore
from floruntime.engine.store.witness import WitnessFile, create_witness, read_witness
from floruntime.engine.system import eras
from floruntime.server.data.causes import cannot_open, cannot_use
from floruntime.server.data.reserve import give_up_for_start
from floruntime.server.open_files import store_files_max

FORMAT_VERSION = "flo-data 1"
_PARTS = {"FORMAT", "LOCK", "store", "witness", "witness.new", "reserve"}
_DATA_FILES = ("*.log", "*.sst", "*.blob")
"""What RocksDB keeps rows in; all other files of a store are about these."""
OWNER_ONLY = 0o700


class DataDirectoryError(StoreError):
    """The directory cannot be used: it is in use, of another format, or no data directory."""


class DataDirectory:
    """An open data directory, made if `path` is missing or empty. Holds the lock until `close`."""

    def __init__(self, path: str, cache_bytes: int = BLOCK_CACHE_BYTES) -> None:
        self.path = os.path.abspath(path)
        self._cache_bytes = cache_bytes
        try:
            make_directory(self.path)
            self._lock = DirectoryLock(self.path)
        except OSError as error:
            raise cannot_use(self.path, error) from error
        try:
            self._open()
        except OSError as error:
            self._lock.release()
            raise cannot_use(self.path, error) from error
        except BaseException:
            self._lock.release()
            raise

    def _open(self) -> None:
        give_up_for_start(self.path)
        if not has_format(self.path):
            _create(self.path)
        check_store(self.path)
        self.store = open_store(self.path, cache_bytes=self._cache_bytes)
        try:
            self.witness = WitnessFile(witness_path(self.path))
        except BaseException:
            self.store.close()
            raise

    def free_bytes(self) -> int:
        """What is left on the directory's file system for this process."""
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def checkpoint(self, directory: str) -> None:
        """Copy the state as it stands to `directory`, a data directory that can be started from.

        `directory` must be missing or empty; nothing is left of it when this fails.
        """
        target = os.path.abspath(directory)
        made = not os.path.isdir(target)
        if not made and os.listdir(target):
            raise DataDirectoryError(
                f"{target} is not empty; a backup needs a directory that is empty or missing"
            )
        make_directory(target)
        try:
            self._copy_to(target)
        except BaseException:
            _remove_contents(target, itself=made)
            raise

    def _copy_to(self, target: str) -> None:
        self.store.checkpoint(store_path(target))
        os.chmod(store_path(target), OWNER_ONLY)
        copied = open_store(target)
        try:
            index = applied_index(copied)
            eras.end_stored(copied, "a backup was restored")
            copied.sync()
        finally:
            copied.close()
        create_witness(witness_path(target), index)
        sync_tree(store_path(target))
        write_format(target)
        sync_directory(os.path.dirname(target))

    def close(self) -> None:
        """Close the store and let others use the directory."""
        self.store.close()
        self.witness.close()
        self._lock.release()


class DirectoryLock:
    """An exclusive lock on a data directory. It goes with its process, however that ends."""

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        # Whoever can open it can lock it, too.
        self._file = os.open(os.path.join(path, "LOCK"), flags, 0o600)
        _lock(self._file, path, fcntl.LOCK_EX)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have the directory."""
        os.close(self._file)


class ReadersLock:
    """Keeps servers off a data directory while it is read; writes nothing, so it may be read-only.

    Where there is no file LOCK no server has it open: a server makes one first.
    """

    def __init__(self, path: str) -> None:
        try:
            self._file = os.open(os.path.join(path, "LOCK"), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._file = -1
        else:
            _lock(self._file, path, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let servers have the directory."""
        if self._file >= 0:
            os.close(self._file)


def _lock(file: int, path: str, kind: int) -> None:
    """Lock the open file; closes it where somebody else holds it."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(file)
        raise DataDirectoryError(
            f"the data directory {path} is in use by process {holder}; "
            "stop that server, or use another directory"
        ) from None


def make_directory(path: str) -> None:
    """Make `path`, for its owner alone. One that is there is left as it is."""
    try:
        os.makedirs(path, OWNER_ONLY, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        there = (part for part in (Path(path), *Path(path).parents) if os.path.lexists(part))
        file = next(there, path)
        raise DataDirectoryError(
            f"the directory {path} cannot be created, since {file} is a file; choose another path"
        ) from None


def store_path(path: str) -> str:
    return os.path.join(path, "store")


def witness_path(path: str) -> str:
    return os.path.join(path, "witness")


def has_format(path: str) -> bool:
    """Whether `path` is a complete data directory; refuses one of another version."""
    try:
        with open(os.path.join(path, "FORMAT"), encoding="utf-8", errors="replace") as file:
            found = file.read(100).strip()
    except FileNotFoundError:
        return False
    if found.startswith("flo-cluster"):
        raise DataDirectoryError(
            f"{path} belongs to a cluster ({found!r}). Start a node of that cluster on it, "
            "with --cluster, or import it into an empty cluster with `flo cluster import`"
        )
    if found != FORMAT_VERSION:
        raise DataDirectoryError(
            f"{path} has the format {found!r}; this server knows {FORMAT_VERSION!r} only. "
            "Start it with the version that wrote it"
        )
    return True


def write_format(path: str) -> None:
    """Declare `path` complete, durably."""
    fresh = os.path.join(path, "FORMAT.new")
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(FORMAT_VERSION + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, os.path.join(path, "FORMAT"))
    sync_directory(path)


def open_store(
    path: str, *, read_only: bool = False, cache_bytes: int = BLOCK_CACHE_BYTES
) -> RocksStore:
    """The store of the data directory `path`. Raises a `StoreError` that says why it cannot be."""
    try:
        return RocksStore(
            store_path(path),
            read_only=read_only,
            files_max=store_files_max(),
            cache_bytes=cache_bytes,
        )
    except Exception as error:
        raise cannot_open(path, error) from error


def check_reach(path: str, witnessed: int, stored: int) -> None:
    """Refuse a store that has fallen behind its witness."""
    lost = witnessed - stored
    if lost > 0:
        raise StoreDamagedError(
            f"the store in {path} ends at command {stored}, but command {witnessed} was "
            f"durable: {lost} commands that were answered are lost, since its log is "
            f"damaged. Restore a backup, or run `flo verify {path} --accept-loss` to "
            "continue without them",
            lost_commands=lost,
        )


def check_gaps(path: str) -> None:
    """Refuse a store that lacks writes in the middle: see `engine/store/continuity.py`."""
    try:
        check_continuity(store_path(path))
    except StoreDamagedError as error:
        raise StoreDamagedError(
            f"{error}. Restore a backup, or run `flo verify {path} --accept-loss` to "
            "continue without what is missing"
        ) from None


def check_store(path: str) -> None:
    """Look before the store is opened for writing: that would throw a damaged log away.

    Raises a `StoreError`; changes nothing.
    """
    check_gaps(path)
    try:
        witnessed = read_witness(witness_path(path))
    except StoreDamagedError as error:
        raise StoreDamagedError(
            f"{error}. Restore a backup, or run `flo verify {path} --accept-loss` to trust the "
            "store as it is"
        ) from None
    store = open_store(path, read_only=True)
    try:
        stored = applied_index(store)
    except Exception as error:
        raise cannot_open(path, error) from error
    finally:
        store.close()
    check_reach(path, witnessed, stored)


def check_new(path: str) -> None:
    """Refuse a directory without a FORMAT that holds anything but what a start left unfinished."""
    strange = sorted(set(os.listdir(path)) - _PARTS - {"FORMAT.new"})
    if strange:
        raise DataDirectoryError(
            f"{path} is not a data directory, and not empty (it has {strange[0]!r}); "
            "choose an empty or missing directory with --data-dir"
        )
    check_unfinished(path)


def _create(path: str) -> None:
    check_new(path)
    shutil.rmtree(store_path(path), ignore_errors=True)
    os.mkdir(store_path(path), OWNER_ONLY)
    RocksStore(store_path(path)).close()
    create_witness(witness_path(path), 0)
    sync_tree(store_path(path))
    write_format(path)
    sync_directory(os.path.dirname(path))


def check_unfinished(path: str) -> None:
    """Only what a creation left behind may be made anew: a store with rows has lost its FORMAT."""
    store = Path(store_path(path))
    files = [file for pattern in _DATA_FILES for file in sorted(store.glob(pattern))]
    holding = next((file for file in files if file.stat().st_size), None)
    if holding is not None or _witnessed_index(path):
        reach = f"commands up to {_witnessed_index(path)}" if _witnessed_index(path) else "rows"
        raise DataDirectoryError(
            f"{path} has lost its file FORMAT, but holds a store with {reach}. Nothing was "
            f"changed. Write the file again (its text is {FORMAT_VERSION!r}), or restore a "
            "backup. For a new store choose another directory with --data-dir"
        )


def _witnessed_index(path: str) -> int:
    try:
        return read_witness(witness_path(path))
    except StoreDamagedError:
        return 0


def sync_directory(path: str) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: str) -> None:
    """Make everything under `path` durable."""
    for directory, _, names in os.walk(path, topdown=False):
        for name in names:
            descriptor = os.open(os.path.join(directory, name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_directory(directory)


def _remove_contents(path: str, *, itself: bool) -> None:
    for name in os.listdir(path) if os.path.isdir(path) else ():
        inner = os.path.join(path, name)
        if os.path.isdir(inner):
            shutil.rmtree(inner, ignore_errors=True)
        else:
            os.unlink(inner)
    if itself and os.path.isdir(path):
        os.rmdir(path)
