"""Scans of the store on disk end where they were told to, whatever happens before they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from floruntime.engine.store.protocol import Changes
from floruntime.engine.store.rocks import RocksStore


def key(number: int) -> bytes:
    return b"%04d" % number


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("is_snapshot", [False, True])
def test_scans_made_together_keep_their_own_ends(
    tmp_path: Path, is_snapshot: bool, reverse: bool
) -> None:
    store = RocksStore(str(tmp_path / "data"))
    store.write(Changes({key(number): b"x" for number in range(400)}, []))
    reader = store.snapshot() if is_snapshot else store
    begins = range(0, 390, 5)
    scans = [reader.scan(key(begin), key(begin + 5), reverse=reverse) for begin in begins]
    found = [sorted(found for found, _ in scan) for scan in scans]
    store.close()
    assert found == [[key(begin + step) for step in range(5)] for begin in begins]
