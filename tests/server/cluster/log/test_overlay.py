"""A store with a batch on top reads as if the batch were in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.store import Changes
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.cluster.log.message import DamagedLogError, decode_changes, decode_message
from floruntime.server.cluster.log.overlay import Overlay

KEYS = st.binary(min_size=1, max_size=2)
ROWS = st.dictionaries(KEYS, st.none() | st.binary(max_size=2), max_size=8)
RANGES = st.lists(st.tuples(KEYS, KEYS), max_size=2)


@given(ROWS, ROWS, RANGES, KEYS, KEYS, st.booleans())
def test_it_shows_what_the_store_would_after_the_batch(
    before: dict[bytes, bytes | None],
    rows: dict[bytes, bytes | None],
    cleared: list[tuple[bytes, bytes]],
    start: bytes,
    end: bytes,
    reverse: bool,
) -> None:
    cleared = [(low, high) for low, high in cleared if low < high]
    under, after = MemoryStore(), MemoryStore()
    for store in (under, after):
        store.write(Changes(before, []))
    overlay = Overlay(under)
    overlay.lay(Changes(rows, cleared))
    after.write(Changes(rows, cleared))
    assert [*overlay.scan(start, end, reverse=reverse)] == [
        *after.scan(start, end, reverse=reverse)
    ]
    assert all(overlay.get(key) == after.get(key) for key in {*before, *rows, start, end})
    overlay.clear()
    assert [*overlay.scan(start, end)] == [*under.scan(start, end)]


@pytest.mark.parametrize("read", [decode_message, decode_changes])
def test_what_is_no_message_is_refused(read: object) -> None:
    with pytest.raises(DamagedLogError):
        read(b"no message")  # type: ignore[operator]  # either of the two readers
