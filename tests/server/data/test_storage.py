"""Where a backup may be written, and what is said of a path where it may not."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from floruntime.core.errors import BadRequestError, StorageFullError
from floruntime.server.data.storage import DiskStorage


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[DiskStorage]:
    storage = DiskStorage(str(tmp_path / "data"))
    yield storage
    storage.close()


def refusal(storage: DiskStorage, directory: str) -> str:
    with pytest.raises(BadRequestError) as error:
        storage.checkpoint(directory)
    return error.value.message


@pytest.mark.parametrize(
    ("directory", "told"),
    [
        ("", "directory is empty"),
        ("a\0b", "the directory 'a\\x00b': embedded null byte"),
        ("/proc/x/y", "the directory '/proc/x/y': No such file or directory"),
        ("x" * 5_000, "File name too long"),
        ("/etc/passwd/x", "/etc/passwd is a file"),
        ("/dev/null", "/dev/null is a file"),
        ("/", "not empty"),
    ],
)
def test_an_impossible_path_is_a_bad_request(
    storage: DiskStorage, directory: str, told: str
) -> None:
    message = refusal(storage, directory)
    assert told in message
    assert len(message) < 250


def test_a_data_directory_holds_no_backup_of_itself(storage: DiskStorage, tmp_path: Path) -> None:
    os.symlink(tmp_path / "data", tmp_path / "link")
    for directory in ("data", "data/backup", "data/store/x", "link/backup"):
        assert "is inside the data directory" in refusal(storage, str(tmp_path / directory))
    assert storage.checkpoint(str(tmp_path / "data-backup")) == str(tmp_path / "data-backup")


def test_a_full_disk_is_told_as_one(
    storage: DiskStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("floruntime.server.data.data_dir.sync_tree", full)
    with pytest.raises(StorageFullError, match="No space left on device"):
        storage.checkpoint(str(tmp_path / "backup"))
    assert not (tmp_path / "backup").exists()
