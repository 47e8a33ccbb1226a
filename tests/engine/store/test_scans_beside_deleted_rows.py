"""Scans of the store on disk do not walk on over what was deleted beside their range."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, NoReturn

import pytest

from floruntime.engine.store import Changes, rocks_scans
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.store.protocol import Reader, Store
from floruntime.engine.store.rocks import RocksStore
from floruntime.engine.store.rocks_scans import SKIPPED_MAX, Scans, Shared

DELETED = 3 * SKIPPED_MAX


class Impatient:
    """In the place of the iterator that walks over anything."""

    def seek(self, key: bytes) -> NoReturn:
        raise AssertionError("it walks on over what was deleted")

    seek_for_prev = seek


@pytest.fixture
def nobody_walks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that would pass more than so much in vain fails."""
    made = Scans.__init__

    def make(scans: Scans, *arguments: Any) -> None:
        made(scans, *arguments)
        scans._patient = Shared(Impatient())

    monkeypatch.setattr(Scans, "__init__", make)


def key(place: bytes, number: int = 0) -> bytes:
    return place + b"%08d" % number


def store_with_deleted_rows(path: Path) -> RocksStore:
    """Rows `a`, `c` and `e`; all that was deleted lies at `b` and at `d`."""
    store = RocksStore(str(path))
    deleted = [key(place, number) for place in (b"b", b"d") for number in range(DELETED)]
    store.write(Changes(dict.fromkeys([b"a", b"c", b"e", *deleted], b"row"), []))
    store.write(Changes(dict.fromkeys(deleted), []))
    return store


@pytest.mark.usefixtures("nobody_walks_on")
@pytest.mark.parametrize("is_snapshot", [False, True])
def test_a_scan_ends_beside_them(tmp_path: Path, is_snapshot: bool) -> None:
    store = store_with_deleted_rows(tmp_path)
    reader = store.snapshot() if is_snapshot else store
    for reverse in (False, True):
        assert keys_of(reader, b"a", b"b", reverse=reverse) == [b"a"]
        assert keys_of(reader, b"a0", b"b", reverse=reverse) == []
        assert keys_of(reader, b"c", b"d", reverse=reverse) == [b"c"]
        assert keys_of(reader, b"c0", b"d", reverse=reverse) == []
    store.close()


def test_where_something_is_left_behind_them_it_is_found(tmp_path: Path) -> None:
    store = store_with_deleted_rows(tmp_path)
    for reader in (store.snapshot(), store):
        assert keys_of(reader, b"a", b"f") == [b"a", b"c", b"e"]
        assert keys_of(reader, b"a", b"f", reverse=True) == [b"e", b"c", b"a"]
    store.close()


def test_a_snapshot_finds_what_was_deleted_since(tmp_path: Path) -> None:
    store = store_with_deleted_rows(tmp_path)
    snapshots = [store.snapshot()]
    store.write(Changes({b"c": None}, []))
    snapshots.append(store.snapshot())
    store.write(Changes({}, [(b"e", b"f")]))
    for number in range(2 * rocks_scans.WRITES_KNOWN):
        assert [keys_of(each, b"a0", b"f") for each in snapshots] == [[b"c", b"e"], [b"e"]], number
        store.write(Changes({b"x": b"%d" % number}, []))
    assert keys_of(store, b"a0", b"f") == []
    store.close()


@pytest.mark.parametrize("seed", range(20))
def test_it_finds_what_a_store_in_memory_finds(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it gives up after two deleted rows, whatever is written between the steps of scans."""
    monkeypatch.setattr(rocks_scans, "SKIPPED_MAX", 2)
    chance = random.Random(seed)
    rocks, memory = RocksStore(str(tmp_path)), MemoryStore()
    states: list[tuple[Reader, Reader]] = [(rocks, memory)]
    for _ in range(150):
        for store in _pair_of_changes(chance):
            rocks.write(store)
            memory.write(store)
        if chance.random() < 0.3:
            states.append((rocks.snapshot(), memory.snapshot()))
            del states[1:-4]
        reader, model = chance.choice(states)
        start, end = sorted(key(b"", chance.randrange(60)) for _ in range(2))
        reverse = chance.random() < 0.5
        scan = reader.scan(start, end, reverse=reverse)
        expected = list(model.scan(start, end, reverse=reverse))
        found = []
        for row in scan:
            found.append(row)
            if chance.random() < 0.2:
                keys_of(reader, *sorted(key(b"", chance.randrange(60)) for _ in range(2)))
        assert found == expected
    del reader, scan, states
    rocks.close()


def _pair_of_changes(chance: random.Random) -> list[Changes]:
    def some(value: bytes | None) -> dict[bytes, bytes | None]:
        first = chance.randrange(60)
        return {key(b"", first + each): value for each in range(chance.randrange(12))}

    cleared = []
    if chance.random() < 0.1:
        first = chance.randrange(60)
        cleared.append((key(b"", first), key(b"", first + 5)))
    return [Changes(some(b"%d" % chance.randrange(99)), []), Changes(some(None), cleared)]


def keys_of(reader: Reader | Store, start: bytes, end: bytes, *, reverse: bool = False) -> Any:
    return [key for key, _ in reader.scan(start, end, reverse=reverse)]
