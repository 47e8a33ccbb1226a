"""Opaque cursors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.core.errors import BadRequestError
from floruntime.engine.state.cursors import make_cursor, open_cursor


def test_no_cursor_is_the_first_page() -> None:
    assert open_cursor("keys", 1, None) is None


@given(st.text(), st.integers(0, 2**63), st.binary())
def test_a_cursor_opens_where_it_was_made(listing: str, owner_id: int, position: bytes) -> None:
    assert open_cursor(listing, owner_id, make_cursor(listing, owner_id, position)) == position


def test_a_cursor_of_another_listing_or_owner_is_refused() -> None:
    cursor = make_cursor("keys", 1, b"k")
    for listing, owner_id in (("keys", 2), ("queues", 1)):
        with pytest.raises(BadRequestError, match="another listing"):
            open_cursor(listing, owner_id, cursor)


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_cursor_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    data = bytearray(make_cursor("keys", 1, b"position").encode())
    data[place % len(data)] ^= change
    with pytest.raises(BadRequestError):
        open_cursor("keys", 1, data.decode("latin-1"))


@given(st.text())
def test_any_text_is_refused_with_a_typed_error(text: str) -> None:
    with pytest.raises(BadRequestError):
        open_cursor("keys", 1, text)
