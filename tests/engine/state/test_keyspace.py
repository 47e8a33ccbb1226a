from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.state.keyspace import Table, after, by_tag, next_key

PLAIN: Table[Any] = Table(b"~1", Any, owner="u64", kind="u8", part="u16", item="u32")
TAILED: Table[Any] = Table(b"~2", Any, tail="name", owner="u64")
U8, U16 = st.integers(0, 2**8 - 1), st.integers(0, 2**16 - 1)
U32, U64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
FIELDS = st.tuples(U64, U8, U16, U32)
TAIL = st.binary(max_size=6)


def test_keys_are_these_bytes() -> None:
    assert PLAIN.key(1, 2, 3, 4).hex() == "7e31000000000000000102000300000004"
    assert TAILED.key(2**64 - 1, tail=b"ab").hex() == "7e32ffffffffffffffff6162"
    assert Table(b"~3", Any, tail="name").key(tail=b"x") == b"~3x"


@given(FIELDS)
def test_fields_come_back_from_a_key(fields: tuple[int, int, int, int]) -> None:
    key = PLAIN.key(*fields)
    assert PLAIN.unpack(key) == fields
    assert PLAIN.tail_of(key) == b""


@given(U64, TAIL)
def test_a_tail_comes_back_from_a_key(owner: int, tail: bytes) -> None:
    key = TAILED.key(owner, tail=tail)
    assert TAILED.unpack(key) == (owner,)
    assert TAILED.tail_of(key) == tail


@given(FIELDS, FIELDS)
def test_the_order_of_keys_is_that_of_the_fields(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> None:
    assert (PLAIN.key(*one) < PLAIN.key(*other)) == (one < other)


@given(U64, TAIL, U64, TAIL)
def test_the_order_of_keys_with_tails_is_that_of_the_pairs(
    one: int, one_tail: bytes, other: int, other_tail: bytes
) -> None:
    first, second = TAILED.key(one, tail=one_tail), TAILED.key(other, tail=other_tail)
    assert (first < second) == ((one, one_tail) < (other, other_tail))


@given(FIELDS, FIELDS, st.integers(0, 4))
def test_a_range_holds_exactly_the_keys_that_begin_with_its_fields(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int], count: int
) -> None:
    start, end = PLAIN.range(*one[:count])
    assert start <= PLAIN.key(*one) < end
    assert (start <= PLAIN.key(*other) < end) == (other[:count] == one[:count])


@given(U64, TAIL, TAIL)
def test_a_range_with_the_start_of_a_tail_holds_exactly_the_tails_with_that_start(
    owner: int, beginning: bytes, tail: bytes
) -> None:
    start, end = TAILED.range(owner, tail=beginning)
    assert (start <= TAILED.key(owner, tail=tail) < end) == tail.startswith(beginning)
    assert not start <= TAILED.key((owner + 1) % 2**64, tail=tail) < end


@pytest.mark.parametrize("fields", [(2**64, 0, 0, 0), (0, 256, 0, 0), (-1, 0, 0, 0)])
def test_a_number_that_does_not_fit_its_field_is_refused_not_wrapped(
    fields: tuple[int, int, int, int],
) -> None:
    with pytest.raises(struct.error):
        PLAIN.key(*fields)


def test_a_key_of_another_table_is_refused() -> None:
    with pytest.raises(ValueError, match="not in table"):
        PLAIN.unpack(b"~9" + PLAIN.key(1, 2, 3, 4)[2:])


@pytest.mark.parametrize("tag", [b"x", b"xyz"])
def test_a_tag_that_is_not_two_bytes_is_refused(tag: bytes) -> None:
    with pytest.raises(ValueError, match="two bytes"):
        Table(tag, Any)


def test_rows_that_are_kept_are_of_one_class() -> None:
    with pytest.raises(ValueError, match="one class"):
        Table(b"~1", int | str, cached=True)
    assert Table(b"~1", list[int], cached=True).row_class is list


def test_tables_are_found_by_their_tags_of_which_each_is_there_once() -> None:
    assert by_tag(PLAIN, TAILED) == {b"~1": PLAIN, b"~2": TAILED}
    with pytest.raises(ValueError, match="two tables have the same tag"):
        by_tag(PLAIN, TAILED, Table(b"~1", Any))


def test_written_rows_of_cached_tables_stay_decoded_whatever_their_size() -> None:
    assert Table(b"~3", Any, cached=True).kept_bytes > 2**20
    assert Table(b"~3", Any, lasting=True).kept_bytes > 2**20
    assert Table(b"~3", Any, warm_bytes=256).kept_bytes == 256
    assert PLAIN.kept_bytes == 0


@given(st.binary(max_size=5), st.binary(max_size=3))
def test_after_is_greater_than_all_that_begins_so_and_not_than_what_follows(
    prefix: bytes, rest: bytes
) -> None:
    prefix = b"a" + prefix
    end = after(prefix)
    assert prefix + rest < end
    assert end[:-1] + bytes([end[-1] - 1]) <= prefix  # the one before it is reached by the prefix


@given(st.binary(max_size=4), st.binary(max_size=4))
def test_nothing_lies_between_a_key_and_the_next(key: bytes, other: bytes) -> None:
    assert key < next_key(key)
    assert not key < other < next_key(key)
