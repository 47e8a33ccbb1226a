from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from floruntime.engine.store import Changes, StoreDamagedError
from floruntime.engine.store.continuity import check_continuity
from floruntime.engine.store.rocks import RocksStore


def _write(store: RocksStore, name: bytes) -> None:
    store.write(Changes({name: name * 100, b"newest": name}, []))
    store.sync()


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A store as a SIGKILL leaves it: two files of rows, and a log behind them."""
    store = RocksStore(str(tmp_path / "live"))
    for name in (b"a", b"b", b"c"):
        _write(store, name)
        store._db.flush()
    _write(store, b"d")
    shutil.copytree(tmp_path / "live", tmp_path / "killed")
    store.close()
    return tmp_path / "killed"


def _logs(path: Path) -> list[Path]:
    return sorted(path.glob("*.log"), key=lambda log: int(log.stem))


def test_what_a_kill_leaves_is_whole(killed: Path) -> None:
    check_continuity(str(killed))


def test_a_checkpoint_and_a_store_that_was_closed_are_whole(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path / "live"))
    for name in (b"a", b"b"):
        _write(store, name)
    store.checkpoint(str(tmp_path / "copy"))
    store.close()
    for path in ("copy", "live"):
        check_continuity(str(tmp_path / path))
        RocksStore(str(tmp_path / path)).close()
        check_continuity(str(tmp_path / path))


def test_a_manifest_that_forgot_a_file_of_rows_is_refused(killed: Path) -> None:
    manifest = next(killed.glob("MANIFEST-*"))
    data = manifest.read_bytes()
    manifest.write_bytes(data[:-20])
    with pytest.raises(StoreDamagedError, match=rf"lacks 2 writes.*{manifest.name} has lost"):
        check_continuity(str(killed))


def test_a_log_that_is_missing_in_the_middle_is_refused(tmp_path: Path) -> None:
    store = RocksStore(str(tmp_path / "live"))
    _write(store, b"a")
    shutil.copytree(tmp_path / "live", tmp_path / "killed")
    store._db.flush()  # moves on to the next log
    _write(store, b"b")
    newest = _logs(tmp_path / "live")[-1]
    shutil.copy(newest, tmp_path / "killed" / newest.name)
    check_continuity(str(tmp_path / "killed"))
    _logs(tmp_path / "killed")[0].unlink()
    with pytest.raises(StoreDamagedError, match="lacks 2 writes"):
        check_continuity(str(tmp_path / "killed"))
    store.close()


@pytest.mark.parametrize("cut", [lambda size: size - 1, lambda size: size // 2])
def test_a_torn_end_is_told_with_file_place_and_size(
    killed: Path, caplog: pytest.LogCaptureFixture, cut: Callable[[int], int]
) -> None:
    newest = _logs(killed)[-1]
    size = cut(newest.stat().st_size)
    newest.write_bytes(newest.read_bytes()[:size])
    with caplog.at_level(logging.WARNING):
        check_continuity(str(killed))
    assert f"{newest} ends in an incomplete write: its last {size} bytes" in caplog.text


def test_a_directory_without_a_store_is_left_to_rocksdb(tmp_path: Path) -> None:
    check_continuity(str(tmp_path))
