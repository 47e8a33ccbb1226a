from __future__ import annotations

from pathlib import Path

import pytest

from floruntime.engine.store import StoreDamagedError
from floruntime.engine.store.witness import WitnessFile, create_witness, read_witness

SECOND_SLOT = 4096
SLOT_BYTES = 24


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "witness")
    create_witness(path, 7)
    return path


def flip(path: str, position: int) -> None:
    data = bytearray(Path(path).read_bytes())
    data[position] ^= 1
    Path(path).write_bytes(data)


def record_synced(path: str, *indexes: int) -> None:
    witness = WitnessFile(path)
    for index in indexes:
        witness.record(index)
        witness.sync()
    witness.close()


def test_a_new_witness_tells_the_index_it_was_made_with(path: str) -> None:
    assert read_witness(path) == 7
    witness = WitnessFile(path)
    assert witness.index == 7
    witness.close()


def test_the_last_record_is_read_synced_or_not(path: str) -> None:
    witness = WitnessFile(path)
    for index in (8, 9, 10):
        witness.record(index)
        assert witness.index == read_witness(path) == index
    witness.close()
    assert read_witness(path) == 10


def test_an_opened_witness_goes_on_from_the_newest_slot(path: str) -> None:
    for index in range(8, 14):
        record_synced(path, index)
        assert read_witness(path) == index


def test_the_bytes_are_as_documented(path: str) -> None:
    data = Path(path).read_bytes()
    assert data[:SLOT_BYTES].hex() == "464c4f77000000000000000007000000000000002835de11"
    assert data[SECOND_SLOT:].hex() == "464c4f7701000000000000000700000000000000b9a4b6bf"
    assert data[SLOT_BYTES:SECOND_SLOT] == bytes(SECOND_SLOT - SLOT_BYTES)


@pytest.mark.parametrize("position", range(SLOT_BYTES))
def test_one_flipped_bit_of_the_newest_slot_falls_back_to_the_other(
    path: str, position: int
) -> None:
    record_synced(path, 8, 9)  # turns 2 and 3: 9 lies in the second slot
    flip(path, SECOND_SLOT + position)
    assert read_witness(path) == 8


def test_a_torn_record_never_hides_the_last_synced_one(path: str) -> None:
    witness = WitnessFile(path)
    witness.record(8)
    witness.sync()
    for index in range(9, 20):
        witness.record(index)  # all into the same slot, until the next sync
    data = bytearray(Path(path).read_bytes())
    data[SECOND_SLOT + 10 : SECOND_SLOT + SLOT_BYTES] = bytes(14)
    torn = path + ".torn"
    Path(torn).write_bytes(data)
    witness.close()
    assert read_witness(torn) == 8


def test_a_witness_cut_short_falls_back_to_the_whole_slot(path: str) -> None:
    record_synced(path, 8, 9)
    Path(path).write_bytes(Path(path).read_bytes()[: SECOND_SLOT + 5])
    assert read_witness(path) == 8


def test_both_slots_damaged_is_an_error_that_names_the_file(path: str) -> None:
    flip(path, 5)
    flip(path, SECOND_SLOT + 5)
    with pytest.raises(StoreDamagedError, match=f"{path} is damaged"):
        read_witness(path)


def test_an_empty_or_missing_witness_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(StoreDamagedError, match="damaged"):
        read_witness(str(empty))
    with pytest.raises(StoreDamagedError, match="missing"):
        WitnessFile(str(tmp_path / "nowhere"))


def test_a_sync_is_due_once_a_second_and_only_after_a_record(path: str) -> None:
    witness = WitnessFile(path)
    assert not witness.sync_if_due(5_000)  # nothing recorded
    witness.record(8)
    assert witness.sync_if_due(5_000)
    witness.record(9)
    assert not witness.sync_if_due(5_999)
    assert witness.sync_if_due(6_000)
    assert not witness.sync_if_due(9_000)
    witness.close()
    assert read_witness(path) == 9
