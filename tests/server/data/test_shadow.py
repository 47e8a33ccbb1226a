from __future__ import annotations

from pathlib import Path

import pytest

from floruntime.engine.store import Changes
from floruntime.engine.store.errors import StoreDamagedError
from floruntime.server.data.data_dir import DataDirectory
from floruntime.server.data.shadow import reading_store
from floruntime.server.data.verify import verify


def _state(root: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_reading_writes_nothing_where_the_store_lies(tmp_path: Path) -> None:
    path = tmp_path / "data"
    directory = DataDirectory(str(path))
    directory.store.write(Changes({b"mma": b"\x90"}, []))
    directory.close()
    before = _state(path)
    with reading_store(str(path)) as store:
        assert store.get(b"mma") == b"\x90"
    verify(str(path))
    assert _state(path) == before


def test_a_directory_without_a_lock_file_can_be_verified(tmp_path: Path) -> None:
    path = tmp_path / "data"
    DataDirectory(str(path)).close()
    (path / "LOCK").unlink()
    assert verify(str(path)).is_sound
    assert not (path / "LOCK").exists()


def test_what_cannot_be_opened_is_told_of_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "data"
    DataDirectory(str(path)).close()
    [manifest] = (path / "store").glob("MANIFEST-*")
    manifest.write_bytes(b"\xff" * 100)
    with (
        pytest.raises(StoreDamagedError, match=rf"store/{manifest.name}") as told,
        reading_store(str(path)),
    ):
        pass
    assert "flo-verify" not in str(told.value)
