from __future__ import annotations

import errno
import os

import pytest

from floruntime.engine.store.errors import StoreDamagedError, StoreError, StoreUnusableError
from floruntime.server.data.causes import cannot_open, cannot_use


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EACCES, "chown"),
        (errno.EROFS, "mount it for writing"),
        (errno.ENOMEM, "memory"),
    ],
)
@pytest.mark.parametrize("is_from_rocksdb", [False, True])
def test_the_cause_is_said_with_what_to_do_and_no_damage(
    code: int, remedy: str, is_from_rocksdb: bool
) -> None:
    reason = os.strerror(code)
    error: Exception = OSError(code, reason, "/data/store/CURRENT")
    if is_from_rocksdb:
        error = Exception(f"IO error: While appending to file: /data/store/1.sst: {reason}")
    told = cannot_open("/data", error)
    assert isinstance(told, StoreUnusableError)
    assert reason in str(told)
    assert remedy in str(told)
    assert "Nothing is damaged" in str(told)
    assert "backup" not in str(told)


def test_anything_else_is_damage() -> None:
    told = cannot_open("/data", Exception("Corruption: MANIFEST may be corrupted.. "))
    assert isinstance(told, StoreDamagedError)
    assert str(told).endswith("Corruption: MANIFEST may be corrupted. Restore a backup")


def test_a_store_in_use_is_said_to_be() -> None:
    told = cannot_open("/data", Exception("IO error: lock hold by current process"))
    assert isinstance(told, StoreUnusableError)
    assert "in use by another process" in str(told)


def test_what_is_explained_already_stays_as_it_is() -> None:
    error = StoreError("explained")
    assert cannot_open("/data", error) is error


def test_the_file_that_cannot_be_used_is_named() -> None:
    denied = PermissionError(errno.EACCES, "Permission denied", "/data/LOCK")
    assert str(cannot_use("/data", denied)).startswith("cannot use /data/LOCK: Permission denied;")
    gone = FileNotFoundError(errno.ENOENT, "No such file or directory", "/data")
    assert str(cannot_use("/data", gone)) == (
        "cannot use the data directory /data: No such file or directory"
    )
