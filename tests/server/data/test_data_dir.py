from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from floruntime.core.system import NamespaceCreate
from floruntime.engine.machine import Entry, Machine, applied_index
from floruntime.engine.rules import RULES
from floruntime.engine.store import Changes, StoreDamagedError
from floruntime.engine.store.witness import create_witness, read_witness
from floruntime.server.data import data_dir
from floruntime.server.data.data_dir import DataDirectory, DataDirectoryError
from floruntime.server.data.verify import verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def directory(path: Path) -> Iterator[DataDirectory]:
    opened = DataDirectory(str(path))
    yield opened
    opened.close()


def fill(directory: DataDirectory, count: int) -> None:
    """Apply `count` commands, each in a synced and witnessed batch of its own."""
    machine = Machine(directory.store, RULES)
    for number in range(machine.index, machine.index + count):
        machine.apply(Entry(1, "default", "", 0, NamespaceCreate(f"n{number}")))
        directory.store.write(machine.take())
        directory.store.sync()
        directory.witness.record(machine.index)


def damage_log(path: Path) -> None:
    """Flip one bit in the middle of the log."""
    log = max((path / "store").glob("*.log"), key=lambda path: path.stat().st_size)
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)


@pytest.fixture
def damaged(path: Path, tmp_path: Path) -> Path:
    """A killed server's directory of 100 synced commands, then one bit flipped in its log."""
    directory = DataDirectory(str(path))
    fill(directory, 100)
    shutil.copytree(path, tmp_path / "damaged")
    directory.close()
    damage_log(tmp_path / "damaged")
    return tmp_path / "damaged"


def test_a_new_directory_has_everything_and_can_be_opened_again(path: Path) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 3)
    directory.close()
    assert {entry.name for entry in path.iterdir()} == {"FORMAT", "LOCK", "store", "witness"}
    directory = DataDirectory(str(path))
    assert applied_index(directory.store) == directory.witness.index == 3
    directory.close()


def test_an_unfinished_creation_is_finished(path: Path) -> None:
    DataDirectory(str(path)).close()
    (path / "FORMAT").unlink()
    DataDirectory(str(path)).close()
    assert (path / "FORMAT").exists()


def test_a_store_that_lost_its_format_is_refused_and_kept(path: Path) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 5)
    directory.close()
    (path / "FORMAT").unlink()
    with pytest.raises(DataDirectoryError, match=r"lost its file FORMAT.*up to 5.*'flo-data 1'"):
        DataDirectory(str(path))
    with pytest.raises(DataDirectoryError, match=r"lost its file FORMAT.*up to 5"):
        verify(str(path))
    (path / "witness").unlink()
    with pytest.raises(DataDirectoryError, match="holds a store with rows"):
        DataDirectory(str(path))
    (path / "FORMAT").write_text("flo-data 1\n")
    assert verify(str(path)).index == 5


def test_a_manifest_that_lost_its_end_is_refused_until_the_loss_is_accepted(
    path: Path, tmp_path: Path
) -> None:
    directory = DataDirectory(str(path))
    for _ in range(3):
        fill(directory, 5)
        directory.store._db.flush()
    fill(directory, 5)
    killed = tmp_path / "killed"
    shutil.copytree(path, killed)
    directory.close()
    manifest = next((killed / "store").glob("MANIFEST-*"))
    manifest.write_bytes(manifest.read_bytes()[:-20])
    with pytest.raises(StoreDamagedError, match=r"lacks \d+ writes.*--accept-loss"):
        DataDirectory(str(killed))
    assert "lacks" in verify(str(killed)).problems[0]
    assert verify(str(killed), accept_loss=True).was_accepted
    DataDirectory(str(killed)).close()
    assert verify(str(killed)).is_sound


def test_a_directory_of_something_else_is_refused_and_left_alone(path: Path) -> None:
    path.mkdir()
    (path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(DataDirectoryError, match=r"not a data directory.*holiday\.jpg"):
        DataDirectory(str(path))
    assert (path / "holiday.jpg").exists()
    assert not (path / "store").exists()


def test_another_format_version_is_refused_by_name(path: Path) -> None:
    DataDirectory(str(path)).close()
    (path / "FORMAT").write_text("flo-data 99\n")
    with pytest.raises(DataDirectoryError, match=r"'flo-data 99'.*'flo-data 1'"):
        DataDirectory(str(path))


def test_a_directory_in_use_is_refused_and_the_error_names_the_holder(
    path: Path, directory: DataDirectory
) -> None:
    in_use = f"in use by process {os.getpid()};.*another directory"
    with pytest.raises(DataDirectoryError, match=in_use):
        DataDirectory(str(path))
    with pytest.raises(DataDirectoryError, match="in use"):
        verify(str(path))


def test_the_lock_holds_against_another_process_and_goes_with_it(path: Path) -> None:
    code = (
        "import sys\n"
        "from floruntime.server.data.data_dir import DataDirectory\n"
        "DataDirectory(sys.argv[1])\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(DataDirectoryError, match=f"process {other.pid}"):
            DataDirectory(str(path))
        other.kill()
    DataDirectory(str(path)).close()


def test_a_refused_opening_gives_the_lock_back(damaged: Path) -> None:
    for _ in range(2):
        with pytest.raises(StoreDamagedError):
            DataDirectory(str(damaged))


def test_free_space_is_that_of_the_file_system(directory: DataDirectory) -> None:
    free = shutil.disk_usage(directory.path).free
    assert abs(directory.free_bytes() - free) < free / 10


def test_one_flipped_bit_in_the_log_is_refused_and_the_loss_is_told(damaged: Path) -> None:
    with pytest.raises(StoreDamagedError) as refusal:
        DataDirectory(str(damaged))
    lost = refusal.value.lost_commands
    assert lost is not None
    assert 40 <= lost <= 60
    assert f"{lost} commands that were answered are lost" in str(refusal.value)
    assert f"flo verify {damaged} --accept-loss" in str(refusal.value)


def test_a_refusal_leaves_the_damaged_log_as_it_was(damaged: Path) -> None:
    before = {path.name: path.read_bytes() for path in (damaged / "store").glob("*.log")}
    with pytest.raises(StoreDamagedError):
        DataDirectory(str(damaged))
    after = {path.name: path.read_bytes() for path in (damaged / "store").glob("*.log")}
    assert after == before


def test_verify_tells_the_loss_and_changes_nothing_until_it_is_accepted(damaged: Path) -> None:
    for _ in range(2):
        report = verify(str(damaged))
        assert not report.is_sound
        assert not report.was_accepted
        assert report.witnessed_index == 100
        assert report.lost_commands == 100 - report.index
        assert "--accept-loss" in report.problems[0]


def test_an_accepted_loss_lets_the_server_start_with_what_is_left(damaged: Path) -> None:
    report = verify(str(damaged), accept_loss=True)
    assert report.was_accepted
    assert report.is_sound
    directory = DataDirectory(str(damaged))
    assert applied_index(directory.store) == directory.witness.index == report.index > 0
    fill(directory, 5)
    directory.close()
    assert verify(str(damaged)).index == report.index + 5


def test_a_store_ahead_of_its_witness_is_fine(path: Path) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 5)
    directory.close()
    create_witness(str(path / "witness"), 3)
    DataDirectory(str(path)).close()
    assert verify(str(path)).is_sound


@pytest.mark.parametrize("data", [None, b"", b"rubbish" * 1000])
def test_a_missing_or_damaged_witness_is_refused_until_accepted(
    path: Path, data: bytes | None
) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 5)
    directory.close()
    (path / "witness").unlink()
    if data is not None:
        (path / "witness").write_bytes(data)
    with pytest.raises(StoreDamagedError, match=r"witness.*--accept-loss"):
        DataDirectory(str(path))
    assert not verify(str(path)).is_sound
    assert verify(str(path), accept_loss=True).was_accepted
    assert read_witness(str(path / "witness")) == 5
    DataDirectory(str(path)).close()


def test_a_damaged_file_of_rows_is_told_with_what_to_do(path: Path) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 5)
    directory.close()
    DataDirectory(str(path)).close()  # its log has become a file of rows
    [table] = (path / "store").glob("*.sst")
    data = bytearray(table.read_bytes())
    data[20] ^= 1  # within the first block of rows
    table.write_bytes(data)
    for accept_loss in (False, True):
        report = verify(str(path), accept_loss=accept_loss)
        assert not report.is_sound
        assert not report.was_accepted
        assert "number of the store's last command cannot be read" in report.problems[-1]
        assert "tables from b'' on cannot all be read" in report.problems[0], "told once"
        assert f"in store/{table.name} offset" in report.problems[0]
        assert all("Restore a backup" in problem for problem in report.problems)
    with pytest.raises(StoreDamagedError, match=r"cannot be opened.*Restore a backup"):
        DataDirectory(str(path))


def test_a_store_that_cannot_be_opened_is_named_with_what_to_do(path: Path) -> None:
    DataDirectory(str(path)).close()
    (path / "store" / "CURRENT").write_bytes(b"rubbish\n")
    with pytest.raises(StoreDamagedError, match=r"cannot be opened.*Restore a backup"):
        DataDirectory(str(path))
    with pytest.raises(StoreDamagedError, match="cannot be opened"):
        verify(str(path))


def test_a_checkpoint_is_a_data_directory_of_its_own(
    directory: DataDirectory, tmp_path: Path
) -> None:
    fill(directory, 5)
    directory.checkpoint(str(tmp_path / "deep" / "copy"))
    fill(directory, 5)
    copy = DataDirectory(str(tmp_path / "deep" / "copy"))
    assert applied_index(copy.store) == copy.witness.index == 5
    fill(copy, 1)
    copy.close()
    assert applied_index(directory.store) == 10


def test_a_checkpoint_takes_an_empty_directory_and_refuses_one_that_is_not(
    directory: DataDirectory, tmp_path: Path
) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    directory.checkpoint(str(target))
    with pytest.raises(DataDirectoryError, match="not empty"):
        directory.checkpoint(str(target))
    assert verify(str(target)).is_sound


def test_others_reach_neither_the_data_nor_a_backup(
    directory: DataDirectory, path: Path, tmp_path: Path
) -> None:
    directory.checkpoint(str(tmp_path / "copy"))
    for made in (path, path / "store", tmp_path / "copy", tmp_path / "copy" / "store"):
        assert made.stat().st_mode & 0o777 == 0o700
    assert (path / "LOCK").stat().st_mode & 0o777 == 0o600


def test_a_directory_that_is_there_keeps_its_mode(path: Path) -> None:
    path.mkdir(0o750)
    DataDirectory(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o750
    assert (path / "store").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("below", ["", "deep/data"])
def test_a_file_in_the_way_is_named(directory: DataDirectory, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    wanted = str(tmp_path / "file" / below)
    for attempt in (DataDirectory, directory.checkpoint):
        with pytest.raises(DataDirectoryError, match=f"{tmp_path / 'file'} is a file"):
            attempt(wanted)


@pytest.mark.parametrize("exists", [False, True])
def test_a_failed_checkpoint_leaves_nothing(
    directory: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    def fail(path: str) -> None:
        raise OSError("no space left")

    target = tmp_path / "copy"
    if exists:
        target.mkdir()
    monkeypatch.setattr(data_dir, "write_format", fail)
    with pytest.raises(OSError, match="no space"):
        directory.checkpoint(str(target))
    assert target.exists() is exists
    assert not exists or not list(target.iterdir())


def test_verify_counts_the_rows_of_each_table(path: Path) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 7)
    directory.close()
    report = verify(str(path))
    assert report.is_sound
    assert report.rows == {"mm": 1, "ns": 7}
    assert (report.index, report.witnessed_index, report.lost_commands) == (7, 7, 0)


def test_verify_tells_of_rows_that_cannot_be_read(path: Path) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 1)
    strange: dict[bytes, bytes | None] = {
        b"zz1": b"",
        b"nsx": b"\xc1",
        b"tm\x00": b"",
        b"mmlonger": b"\x90",
    }
    directory.store.write(Changes(strange, []))
    directory.close()
    report = verify(str(path))
    assert report.problems_count == len(report.problems) == 4
    told = "\n".join(report.problems)
    for sentence in (
        "b'zz1' belongs to no table",
        "b'nsx' of table 'ns' has a value that cannot be read",
        "b'tm\\x00' of table 'tm' has a key that cannot be read",
        "b'mmlonger' of table 'mm' has a key that is too long",
    ):
        assert sentence in told


def test_verify_tells_of_a_damaged_block_and_goes_on(path: Path) -> None:
    directory = DataDirectory(str(path))
    fill(directory, 2000)
    directory.store._db.flush()
    directory.close()
    table = max((path / "store").glob("*.sst"), key=lambda path: path.stat().st_size)
    data = bytearray(table.read_bytes())
    data[len(data) // 3] ^= 1
    table.write_bytes(data)
    report = verify(str(path))
    assert not report.is_sound
    assert any("cannot all be read" in problem for problem in report.problems)
    assert report.rows["mm"] == 1


def test_verify_refuses_what_is_no_data_directory(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataDirectoryError, match="not a data directory"):
            verify(str(path))
    assert not list(tmp_path.iterdir())
