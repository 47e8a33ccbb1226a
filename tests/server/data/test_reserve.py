"""Room that is kept back for a start on a full disk."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from floruntime.server.data import reserve as module
from floruntime.server.data.data_dir import DataDirectory
from floruntime.server.data.reserve import Reserve, give_up_for_start

LOW_BYTES = 8 * 64 * 1024
KEPT_BYTES = LOW_BYTES // module.LOW_PART


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    return Reserve(str(tmp_path), low_bytes=LOW_BYTES)


def full(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    status = SimpleNamespace(f_bavail=free_bytes, f_frsize=1)
    monkeypatch.setattr(os, "statvfs", lambda path: status)


def test_room_is_kept_back_where_there_is_plenty(reserve: Reserve, tmp_path: Path) -> None:
    assert not reserve.is_wanted(4 * LOW_BYTES)
    assert reserve.is_wanted(4 * LOW_BYTES + KEPT_BYTES)
    reserve.make()
    status = (tmp_path / "reserve").stat()
    assert status.st_size == KEPT_BYTES
    assert status.st_blocks * 512 >= KEPT_BYTES, "the disk has it, not only the name"
    assert not reserve.is_wanted(10 * LOW_BYTES), "it is there"


def test_a_directory_that_may_grow_to_the_end_keeps_nothing_back(tmp_path: Path) -> None:
    assert not Reserve(str(tmp_path), low_bytes=0).is_wanted(2**40)


def test_a_start_on_a_full_disk_has_it(
    reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve.make()
    give_up_for_start(str(tmp_path))
    assert (tmp_path / "reserve").exists(), "there is room enough"
    full(monkeypatch, KEPT_BYTES - 1)
    give_up_for_start(str(tmp_path))
    assert not (tmp_path / "reserve").exists()


def test_a_running_server_gives_it_up_last(reserve: Reserve, tmp_path: Path) -> None:
    reserve.make()
    reserve.give_up_if_short(KEPT_BYTES // 8)
    assert (tmp_path / "reserve").exists()
    reserve.give_up_if_short(KEPT_BYTES // 8 - 1)
    assert not (tmp_path / "reserve").exists()


def test_a_directory_is_opened_with_it_and_after_half_of_its_making(tmp_path: Path) -> None:
    DataDirectory(str(tmp_path)).close()
    Reserve(str(tmp_path), low_bytes=LOW_BYTES).make()
    (tmp_path / "reserve.new").write_bytes(b"")
    DataDirectory(str(tmp_path)).close()
    assert not (tmp_path / "reserve.new").exists()


def test_a_disk_that_refuses_it_is_let_be(
    reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int, offset: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    reserve.make()
    assert list(tmp_path.iterdir()) == []
