"""Damage on which RocksDB's recovery would never end."""

from __future__ import annotations

import logging
import multiprocessing
import shutil
from pathlib import Path

import pytest

from floruntime.engine.store.foreign_records import disarm_logs
from floruntime.engine.store.rocks import RocksStore
from tests.engine.store.test_rocks import log_of, put, whole_batches

BATCHES = 100
HEADER_BYTES = 7
KIND_AT = 6
RECYCLED = [5, 6, 7, 8, 11]
DEADLINE_S = 60


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What a killed process leaves."""
    store = RocksStore(str(tmp_path / "store"))
    for number in range(1, BATCHES + 1):
        put(store, number)
    shutil.copytree(tmp_path / "store", tmp_path / "left")
    store.close()
    return tmp_path / "left"


def opens(directory: Path) -> bool:
    """Whether the store can be opened, in a process that can be ended if it cannot."""
    process = multiprocessing.get_context("spawn").Process(target=whole_batches, args=(directory,))
    process.start()
    process.join(DEADLINE_S)
    process.kill()
    process.join()
    return process.exitcode == 0


@pytest.mark.parametrize("kind", RECYCLED)
@pytest.mark.parametrize("size_bytes", [0, 50])
def test_recovery_ends_at_a_record_of_a_recycled_log(
    left: Path, kind: int, size_bytes: int
) -> None:
    with log_of(left).open("ab") as file:
        file.write(b"\1\2\3\4" + bytes([size_bytes, 0, kind]) + bytes(size_bytes))
    if (kind, size_bytes) == (5, 0):
        assert opens(left)
    disarm_logs(str(left))
    assert whole_batches(left) == BATCHES


@pytest.mark.parametrize("kind", [*range(2, 14), 100, 127, 128, 129, 130, 131, 255])
def test_recovery_stops_at_a_damaged_kind_amid_the_log(left: Path, kind: int) -> None:
    log = log_of(left)
    data = bytearray(log.read_bytes())
    start = start_of(data, BATCHES // 2)
    data[start + KIND_AT] = kind
    if kind in RECYCLED:
        data[start] ^= 1  # else it would be whole again, as its checksum shows
    log.write_bytes(data)
    assert whole_batches(left) == BATCHES // 2


def start_of(data: bytearray, number: int) -> int:
    """Where the record after so many stands. (All are in the first block.)"""
    at = 0
    for _ in range(number):
        at += HEADER_BYTES + int.from_bytes(data[at + 4 : at + 6], "little")
    return at


def test_a_sound_log_is_left_alone(left: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = log_of(left).read_bytes()
    with caplog.at_level(logging.WARNING):
        disarm_logs(str(left))
    assert log_of(left).read_bytes() == before
    assert not caplog.records
