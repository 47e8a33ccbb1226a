"""Every file of a data directory, missing, cut, flipped or older: refused, or nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from floruntime.core.system import NamespaceCreate, NamespaceList
from floruntime.engine.machine import Entry, Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store.errors import StoreError
from floruntime.server.data.data_dir import DataDirectory

COMMANDS = 90
AGE_AT = 60


def _fill(directory: DataDirectory, count: int) -> None:
    machine = Machine(directory.store, RULES)
    for number in range(machine.index, machine.index + count):
        machine.apply(Entry(1, "default", "", 0, NamespaceCreate(f"n{number:03}")))
        directory.store.write(machine.take())
        directory.store.sync()
        directory.witness.record(machine.index)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What a killed server leaves, files of rows and logs both; and the same at an earlier time."""
    path = tmp_path_factory.mktemp("data")
    directory = DataDirectory(str(path / "live"))
    _fill(directory, 30)
    directory.store._db.flush()
    _fill(directory, AGE_AT - 30)
    shutil.copytree(path / "live", path / "older")
    directory.store._db.flush()
    _fill(directory, COMMANDS - AGE_AT)
    shutil.copytree(path / "live", path / "killed")
    directory.close()
    return path / "killed", path / "older"


def _files(root: Path) -> list[Path]:
    return sorted(file.relative_to(root) for file in root.rglob("*") if file.is_file())


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :] if data else data


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda data: None,
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "one byte short": lambda data: data[:-1],
    "20 bytes short": lambda data: data[:-20],
    "flipped at the start": lambda data: _flip(data, 0),
    "flipped in the middle": lambda data: _flip(data, len(data) // 2),
    "flipped at the end": lambda data: _flip(data, len(data) - 1),
    "zeros at the end": lambda data: data[: len(data) * 3 // 4].ljust(len(data), b"\0"),
    "longer": lambda data: data + b"\0" * 100,
}


def _judge(root: Path) -> str:
    """`refused`, `whole`, `unreadable`, or what was lost without a word."""
    try:
        directory = DataDirectory(str(root))
    except StoreError as error:
        return "refused" if str(root) in str(error) else f"{error} does not say where"
    try:
        machine = Machine(directory.store, RULES)
        found = machine.query(directory.store, "default", 1, NamespaceList(limit=1_000)).items
    except Exception:
        return "unreadable"  # a damaged block: told at each read, never taken for an answer
    finally:
        directory.close()
    names = {f"n{number:03}" for number in range(COMMANDS)} - {space.name for space in found}
    return "whole" if not names else f"{len(names)} of {COMMANDS} are gone without a word"


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_any_file_loses_nothing_without_a_word(
    killed: tuple[Path, Path], tmp_path: Path, damage: str
) -> None:
    wrong: dict[str, str] = {}
    for number, name in enumerate(_files(killed[0])):
        root = tmp_path / str(number)
        shutil.copytree(killed[0], root)
        data = DAMAGES[damage]((root / name).read_bytes())
        (root / name).unlink()
        if data is not None:
            (root / name).write_bytes(data)
        verdict = _judge(root)
        if verdict not in ("refused", "whole", "unreadable"):
            wrong[str(name)] = verdict
        shutil.rmtree(root)
    assert not wrong


def test_an_older_copy_of_any_file_loses_nothing_without_a_word(
    killed: tuple[Path, Path], tmp_path: Path
) -> None:
    wrong: dict[str, str] = {}
    for name in _files(killed[1]):
        root = tmp_path / "tried"
        shutil.copytree(killed[0], root)
        shutil.copyfile(killed[1] / name, root / name)
        verdict = _judge(root)
        if verdict not in ("refused", "whole", "unreadable"):
            wrong[str(name)] = verdict
        shutil.rmtree(root)
    assert not wrong
