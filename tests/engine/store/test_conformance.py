"""What every store must do, run on each of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from floruntime.engine.store import Changes, Reader, Store, StoreFailedError
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.store.rocks import RocksStore

ALL = (b"", b"\xff" * 9)


@pytest.fixture(params=["memory", "rocks"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    if request.param == "memory":
        return MemoryStore
    return lambda: RocksStore(str(tmp_path / "store"))


@pytest.fixture
def store(make: Callable[[], Store]) -> Iterator[Store]:
    store = make()
    yield store
    store.close()


def put(store: Store, *keys: bytes, value: bytes = b"v") -> None:
    store.write(Changes({key: value for key in keys}, []))


def keys(reader: Reader, start: bytes, end: bytes, *, reverse: bool = False) -> list[bytes]:
    return [key for key, _ in reader.scan(start, end, reverse=reverse)]


def test_what_was_written_is_read(store: Store) -> None:
    put(store, b"a", value=b"1")
    assert store.get(b"a") == b"1"
    assert store.get(b"b") is None


def test_a_later_write_replaces_and_none_deletes(store: Store) -> None:
    put(store, b"a", b"b")
    store.write(Changes({b"a": b"2", b"b": None, b"never there": None}, []))
    assert dict(store.scan(*ALL)) == {b"a": b"2"}


def test_empty_keys_and_empty_values_are_rows_like_others(store: Store) -> None:
    put(store, b"", value=b"")
    assert store.get(b"") == b""
    assert list(store.scan(*ALL)) == [(b"", b"")]
    store.write(Changes({b"": None}, []))
    assert store.get(b"") is None


def test_a_value_of_sixteen_megabytes_comes_back_whole(store: Store) -> None:
    value = bytes(range(256)) * 65536
    put(store, b"a", value=value)
    assert store.get(b"a") == value
    assert list(store.scan(*ALL)) == [(b"a", value)]


def test_a_scan_goes_by_bytes_includes_its_start_and_excludes_its_end(store: Store) -> None:
    put(store, b"a", b"a\x00", b"a\xff", b"b", b"\xff\xff", b"B")
    assert keys(store, b"a", b"b") == [b"a", b"a\x00", b"a\xff"]
    assert keys(store, b"a\x00", b"b\x00") == [b"a\x00", b"a\xff", b"b"]
    assert keys(store, *ALL) == [b"B", b"a", b"a\x00", b"a\xff", b"b", b"\xff\xff"]


def test_a_reverse_scan_gives_the_same_rows_in_falling_order(store: Store) -> None:
    put(store, b"a", b"b", b"c", b"d")
    assert keys(store, b"b", b"d", reverse=True) == [b"c", b"b"]
    assert keys(store, b"b", b"d\x00", reverse=True) == [b"d", b"c", b"b"]
    assert keys(store, *ALL, reverse=True) == [b"d", b"c", b"b", b"a"]


def test_a_scan_of_an_empty_or_inverted_range_gives_nothing(store: Store) -> None:
    put(store, b"a", b"b", b"c")
    for start, end in ((b"b", b"b"), (b"c", b"a"), (b"bb", b"bc"), (b"", b"")):
        assert keys(store, start, end) == []
        assert keys(store, start, end, reverse=True) == []


def test_a_long_scan_gives_every_row_once_in_both_directions(store: Store) -> None:
    every = [b"%05d" % number for number in range(3000)]
    put(store, *every)
    assert keys(store, *ALL) == every
    assert keys(store, *ALL, reverse=True) == every[::-1]


def test_cleared_ranges_go_before_the_rows_of_their_batch(store: Store) -> None:
    put(store, b"a", b"b", b"c", b"d")
    store.write(Changes({b"b": b"new"}, [(b"b", b"d")]))
    assert dict(store.scan(*ALL)) == {b"a": b"v", b"b": b"new", b"d": b"v"}


def test_cleared_ranges_may_overlap_be_empty_or_inverted(store: Store) -> None:
    put(store, b"a", b"b", b"c", b"d")
    store.write(Changes({}, [(b"b", b"d"), (b"a", b"c"), (b"d", b"d"), (b"z", b"a")]))
    assert keys(store, *ALL) == [b"d"]
    put(store, b"e")  # an empty range must not have spoilt the store
    assert keys(store, *ALL) == [b"d", b"e"]


def test_a_snapshot_does_not_see_what_is_written_later(store: Store) -> None:
    put(store, b"a", b"b", b"c", b"d")
    before = store.snapshot()
    store.write(Changes({b"a": b"new", b"e": b"new"}, [(b"b", b"d")]))
    put(store, b"c", value=b"newer")
    old = dict.fromkeys([b"a", b"b", b"c", b"d"], b"v")
    assert dict(before.scan(*ALL)) == old
    assert list(before.scan(*ALL, reverse=True)) == sorted(old.items(), reverse=True)
    assert [before.get(key) for key in (b"a", b"b", b"c", b"e", b"f")] == [
        b"v",
        b"v",
        b"v",
        None,
        None,
    ]
    assert keys(store.snapshot(), *ALL) == [b"a", b"c", b"d", b"e"]


def test_each_snapshot_keeps_its_own_moment(store: Store) -> None:
    snapshots = []
    for number in range(5):
        put(store, b"a", b"%d" % number, value=b"%d" % number)
        snapshots.append(store.snapshot())
    for number, snapshot in enumerate(snapshots):
        assert snapshot.get(b"a") == b"%d" % number
        assert len(keys(snapshot, *ALL)) == number + 2


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_gives_the_state_as_of_its_call_while_writes_go_on(
    store: Store, reverse: bool
) -> None:
    every = [b"%05d" % number for number in range(2000)]
    put(store, *every)
    scan = store.scan(*ALL, reverse=reverse)
    store.write(Changes({b"00000": None, b"01000x": b"new"}, [(b"00500", b"00700")]))
    seen = []
    for position, (key, value) in enumerate(scan):
        assert value == b"v"
        seen.append(key)
        if position % 300 == 0:
            store.write(Changes({b"01900": b"%d" % position, b"%05dy" % position: b"new"}, []))
            store.write(Changes({}, [(b"00900", b"01100")]))
    assert seen == (every[::-1] if reverse else every)


def test_a_scan_left_halfway_holds_nothing_up(store: Store) -> None:
    put(store, b"a", b"b")
    scan = store.scan(*ALL)
    next(scan)
    del scan
    put(store, b"c")
    assert keys(store, *ALL) == [b"a", b"b", b"c"]


def test_sync_keeps_everything_readable(store: Store) -> None:
    put(store, b"a")
    store.sync()
    store.sync()
    assert store.get(b"a") == b"v"


def test_a_closed_store_refuses_everything(make: Callable[[], Store]) -> None:
    store = make()
    put(store, b"a")
    store.close()
    store.close()  # twice does no harm
    for use in (
        lambda: store.get(b"a"),
        lambda: store.scan(*ALL),
        store.snapshot,
        store.sync,
        lambda: put(store, b"b"),
    ):
        with pytest.raises(StoreFailedError, match="closed"):
            use()


KEY = st.binary(max_size=3).map(lambda key: bytes(byte % 4 for byte in key))
STEP = st.one_of(
    st.tuples(
        st.just("write"),
        st.dictionaries(KEY, st.none() | st.binary(max_size=4), max_size=6),
        st.lists(st.tuples(KEY, KEY), max_size=2),
    ),
    st.tuples(st.just("snapshot")),
    st.tuples(st.just("scan"), KEY, KEY, st.booleans()),
    st.tuples(st.just("step"), st.integers(0, 3)),
    st.tuples(st.just("drop")),
)


class Model:
    """A store beside a plain dict, with snapshots and running scans of both."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rows: dict[bytes, bytes] = {}
        self.snapshots: list[tuple[Reader, dict[bytes, bytes]]] = []
        self.scans: list[tuple[Iterator[tuple[bytes, bytes]], Iterator[tuple[bytes, bytes]]]] = []

    def write(
        self, rows: dict[bytes, bytes | None], cleared: list[tuple[bytes, bytes]]
    ) -> None:
        self.store.write(Changes(rows, cleared))
        kept = {
            key: value
            for key, value in self.rows.items()
            if not any(start <= key < end for start, end in cleared)
        }
        self.rows = {
            key: value for key, value in {**kept, **rows}.items() if value is not None
        }

    def snapshot(self) -> None:
        self.snapshots.append((self.store.snapshot(), self.rows.copy()))

    def drop(self) -> None:
        del self.snapshots[:1], self.scans[:1]

    def scan(self, start: bytes, end: bytes, reverse: bool) -> None:
        for reader, rows in (*self.snapshots, (self.store, self.rows)):
            expected = [item for item in sorted(rows.items()) if start <= item[0] < end]
            if reverse:
                expected.reverse()
            assert list(reader.scan(start, end, reverse=reverse)) == expected
            self.scans.append((reader.scan(start, end, reverse=reverse), iter(expected)))

    def step(self, which: int) -> None:
        if which < len(self.scans):
            got, expected = self.scans[which]
            assert next(got, None) == next(expected, None)

    def check(self) -> None:
        for reader, rows in (*self.snapshots, (self.store, self.rows)):
            assert dict(reader.scan(*ALL)) == rows
            for first in range(4):
                key = bytes([first])
                assert reader.get(key) == rows.get(key)
        for got, expected in self.scans:
            assert list(got) == list(expected)


def drive(store: Store, steps: list[tuple[str, ...]]) -> None:
    model = Model(store)
    for name, *arguments in steps:
        getattr(model, name)(*arguments)
    model.check()


@given(st.lists(STEP, max_size=30))
def test_memory_agrees_with_a_plain_dict(steps: list[tuple[str, ...]]) -> None:
    drive(MemoryStore(), steps)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=30))
def test_rocks_agrees_with_a_plain_dict(steps: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = RocksStore(directory)
        try:
            drive(store, steps)
        finally:
            store.close()
