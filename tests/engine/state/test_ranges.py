from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.state.ranges import KeyRanges

POINT = st.integers(0, 12).map(lambda number: bytes([number]))


@given(st.lists(st.tuples(POINT, POINT), max_size=8), POINT, POINT)
def test_ranges_are_the_union_of_what_was_added(
    added: list[tuple[bytes, bytes]], low: bytes, high: bytes
) -> None:
    ranges = KeyRanges()
    for start, end in added:
        ranges.add(start, end)
    points = [bytes([number]) for number in range(13)]
    inside = {point for point in points if any(start <= point < end for start, end in added)}
    assert {point for point in points if point in ranges} == inside
    assert bool(ranges) == bool(inside)
    assert ranges.overlaps(low, high) == any(low <= point < high for point in inside)
    pairs = ranges.pairs()
    assert all(start < end for start, end in pairs)
    assert all(pairs[i][1] < pairs[i + 1][0] for i in range(len(pairs) - 1))


def test_a_copy_goes_its_own_way() -> None:
    ranges = KeyRanges()
    ranges.add(b"a", b"b")
    copied = ranges.copy()
    copied.add(b"x", b"y")
    assert ranges.pairs() == [(b"a", b"b")]
    assert copied.pairs() == [(b"a", b"b"), (b"x", b"y")]
