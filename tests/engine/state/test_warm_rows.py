"""Rows at hand: of which state they are, and how many."""

from __future__ import annotations

from floruntime.core.limits import MIB
from floruntime.engine.state.ranges import KeyRanges
from floruntime.engine.state.warm_rows import ROW_OVERHEAD_BYTES, SHARDS, WarmRows

KEY = b"kv-a"
NOTHING = KeyRanges()


def of_size(rows: int, row_bytes: int) -> WarmRows:
    """Room for so many rows of that size, once it has seen what size they have."""
    return WarmRows([b"kv"], rows * (ROW_OVERHEAD_BYTES + row_bytes))


def cleared(start: bytes, end: bytes) -> KeyRanges:
    ranges = KeyRanges()
    ranges.add(start, end)
    return ranges


def test_what_a_batch_writes_is_at_hand_once_it_is_durable() -> None:
    warm = WarmRows([b"kv"])
    warm.keep(KEY, "old", 3)
    warm.await_batch({KEY: "new", b"kv-b": "b"}, 4, NOTHING)
    assert warm.is_pending(KEY)
    assert not warm.is_pending(b"kv-c")
    assert warm.get(KEY) == "old"
    assert warm.get(b"kv-b") is None
    warm.settle()
    assert not warm.is_pending(KEY)
    assert warm.get(KEY) == "new"
    assert warm.get(b"kv-b") == "b"


def test_what_is_deleted_or_not_kept_is_not_at_hand() -> None:
    warm = WarmRows([b"kv"])
    warm.keep(KEY, "old", 3)
    warm.await_batch({KEY: None}, 0, NOTHING)
    warm.settle()
    assert warm.get(KEY) is None


def test_what_is_cleared_is_not_at_hand() -> None:
    warm = WarmRows([b"kv"])
    warm.keep(KEY, "old", 3)
    warm.await_batch({}, 0, cleared(b"kv", b"kw"))
    assert warm.get(KEY) == "old"
    assert warm.is_pending(KEY)
    warm.keep(b"kv-b", "read before it is durable", 3)
    warm.settle()
    assert warm.get(KEY) is None
    assert warm.get(b"kv-b") is None
    assert not warm.is_pending(KEY)


def test_what_is_cleared_elsewhere_leaves_all_at_hand() -> None:
    warm = WarmRows([b"kv"])
    warm.keep(KEY, "old", 3)
    warm.await_batch({}, 0, cleared(b"kc-a", b"kc-z"))
    warm.settle()
    assert warm.get(KEY) == "old"


def test_many_rows_that_were_cleared_go_little_by_little() -> None:
    warm = WarmRows([b"kv"])
    for number in range(10_000):
        warm.keep(b"kv%d" % number, number, 3)
    warm.await_batch({}, 0, cleared(b"kv", b"kw"))
    warm.settle()
    assert len(warm) == 0
    left = len(warm._dropped)
    assert left == SHARDS
    warm.settle()
    assert len(warm._dropped) == left - 1


def test_there_are_as_many_as_fit_and_the_latest_stay() -> None:
    for row_bytes in (10, 1_000):
        warm = of_size(20_000, row_bytes)
        for number in range(100_000):
            warm.keep(b"kv%d" % number, number, row_bytes)
        assert 16_000 < len(warm) <= 20_500
        assert warm.get(b"kv99999") == 99_999
        assert warm.get(b"kv0") is None


def test_fewer_fit_once_they_are_larger() -> None:
    warm = WarmRows([b"kv"], 8 * MIB)
    for number in range(40_000):
        warm.keep(b"kv%d" % number, number, 10)
    small = len(warm)
    for number in range(200_000):
        warm.await_batch({b"kx%d" % number: number}, 2_000, NOTHING)
        warm.settle()
    assert len(warm) < small / 5
    assert len(warm) * (ROW_OVERHEAD_BYTES + 2_000) < 9 * MIB


def test_the_least_budget_keeps_a_few() -> None:
    warm = WarmRows([b"kv"], 0)
    for number in range(1_000):
        warm.keep(b"kv%d" % number, number, 100)
    assert 0 < len(warm) <= SHARDS
