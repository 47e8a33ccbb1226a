"""A scan of the store on disk ends where its range ends, whoever else keeps the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from floruntime.engine.store import Changes
from floruntime.engine.store.rocks import RocksStore

ROWS = {b"k%c-%02d" % (tag, number): b"row" for tag in b"abc" for number in range(20)}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("on_snapshot", [False, True])
def test_the_end_of_a_scan_holds_though_nobody_else_keeps_it(
    tmp_path: Path, on_snapshot: bool, reverse: bool
) -> None:
    store = RocksStore(str(tmp_path))
    store.write(Changes(dict(ROWS), []))
    reader = store.snapshot() if on_snapshot else store
    for _ in range(50):
        rows = reader.scan(bytes([107, 97]), bytes([107, 98]), reverse=reverse)
        overwriting = [bytes([number % 26 + 97]) * 2 for number in range(500)]
        keys = [key for key, _ in rows]
        assert sorted(keys) == [key for key in ROWS if key < b"kb"], len(overwriting)
    del rows, reader
    store.close()
