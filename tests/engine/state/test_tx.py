"""The transaction against a plain dict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from floruntime.core.types import Value
from floruntime.engine.rules import RULES
from floruntime.engine.state.keyspace import Table, by_tag
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.store import Changes
from floruntime.engine.store.memory import MemoryStore


class Row(Value, frozen=True):
    number: int


COLD: Table[Row] = Table(b"~5", Row, item="u8")
CACHED: Table[Row] = Table(b"~6", Row, item="u8", cached=True)
WARM: Table[Row] = Table(b"~9", Row, item="u8", warm_bytes=2)
LASTING: Table[Row] = Table(b"~7", Row, item="u8", lasting=True)
LISTS: Table[list[int]] = Table(b"~8", list[int], item="u8", cached=True)
ITEM = st.integers(0, 7)
TABLES = (COLD, CACHED, WARM)
TABLE = st.sampled_from(TABLES)
NUMBER = st.integers(0, 199)
"""Those from 128 on take three bytes: too many to stay warm."""


def tx_over(store: MemoryStore) -> Tx:
    return Tx(store, rules=replace(RULES, tables=by_tag(COLD, CACHED, WARM, LASTING, LISTS)))


class CountingStore(MemoryStore):
    """Counts the point reads that reach the store."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        read = self.get

        def get(key: bytes, /) -> bytes | None:
            self.reads += 1
            return read(key)

        self.get = get


def rows_of(view: View, table: Table[Row], *, reverse: bool = False) -> list[tuple[int, int]]:
    scanned = view.scan(table, *table.range(), reverse=reverse)
    return [(table.unpack(key)[0], row.number) for key, row in scanned]


class TxMachine(RuleBasedStateMachine):
    """Random commands; after each step, every way of reading must agree with the model."""

    @initialize()
    def start(self) -> None:
        self.store = MemoryStore()
        self.tx = tx_over(self.store)
        #: (tag, item) to number: as the store, the batch and the open command see it.
        self.stored: dict[tuple[bytes, int], int] = {}
        self.durable: dict[tuple[bytes, int], int] = {}
        self.settle()
        self.batch: dict[tuple[bytes, int], int] = {}
        self.command: dict[tuple[bytes, int], int] = {}

    @rule(table=TABLE, item=ITEM, number=NUMBER)
    def put(self, table: Table[Row], item: int, number: int) -> None:
        self.tx.put(table, table.key(item), Row(number))
        self.command[table.tag, item] = number

    @rule(table=TABLE, item=ITEM)
    def delete(self, table: Table[Row], item: int) -> None:
        self.tx.delete(table, table.key(item))
        self.command.pop((table.tag, item), None)

    @rule(table=TABLE, low=ITEM, high=ITEM)
    def clear(self, table: Table[Row], low: int, high: int) -> None:
        self.tx.clear(table, table.key(low), table.key(high))
        for item in range(low, high):
            self.command.pop((table.tag, item), None)

    @rule(table=TABLE, item=ITEM)
    def get(self, table: Table[Row], item: int) -> None:
        row = self.tx.get(table, table.key(item))
        assert (None if row is None else row.number) == self.command.get((table.tag, item))

    @rule(table=TABLE, low=ITEM, high=ITEM, reverse=st.booleans())
    def scan(self, table: Table[Row], low: int, high: int, reverse: bool) -> None:
        scanned = self.tx.scan(table, table.key(low), table.key(high), reverse=reverse)
        expected = [
            (table.key(item), Row(number))
            for (tag, item), number in sorted(self.command.items())
            if tag == table.tag and low <= item < high
        ]
        assert list(scanned) == (expected[::-1] if reverse else expected)

    @rule()
    def accept(self) -> None:
        self.tx.accept()
        self.batch = self.command.copy()
        assert not self.tx.wrote

    @rule()
    def refuse(self) -> None:
        self.tx.refuse()
        self.command = self.batch.copy()
        assert not self.tx.wrote

    @rule()
    def take(self) -> None:
        self.accept()
        self.settle()  # one batch at a time is on its way to the disk
        self.store.write(self.tx.take())
        self.stored = self.batch.copy()

    @rule()
    def settle(self) -> None:
        self.tx.warm.settle()
        self.durable = self.stored.copy()
        self.query = View(self.store.snapshot(), "", 0, 1)
        self.query.warm = self.tx.warm

    @rule(table=TABLE, item=ITEM)
    def ask(self, table: Table[Row], item: int) -> None:
        """A query sees what is durable, whatever commands have done since."""
        row = self.query.get(table, table.key(item))
        assert (None if row is None else row.number) == self.durable.get((table.tag, item))

    @invariant()
    def the_store_holds_what_was_taken_and_no_more(self) -> None:
        for table in TABLES:
            expected = [
                (item, number)
                for (tag, item), number in sorted(self.stored.items())
                if tag == table.tag
            ]
            assert rows_of(View(self.store, "", 0, 1), table) == expected

    def teardown(self) -> None:
        self.take()
        self.the_store_holds_what_was_taken_and_no_more()
        for table in TABLES:
            for item in range(8):
                self.get(table, item)
            self.scan(table, 0, 8, False)
            self.scan(table, 0, 8, True)


TestTxAgreesWithAPlainDict = TxMachine.TestCase


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def tx(store: CountingStore) -> Tx:
    return tx_over(store)


def stored(store: MemoryStore, table: Table[Row], **numbers: int) -> None:
    rows: dict[bytes, bytes | None] = {
        table.key(int(item[1:])): msgspec.msgpack.encode(Row(number))
        for item, number in numbers.items()
    }
    store.write(Changes(rows, []))


def test_rows_of_a_cached_table_are_read_once(tx: Tx, store: CountingStore) -> None:
    stored(store, CACHED, i1=1)
    for _ in range(3):
        assert tx.get(CACHED, CACHED.key(1)) == Row(1)
        assert tx.get(CACHED, CACHED.key(2)) is None
    assert store.reads == 2


@pytest.mark.parametrize("is_cleared", [False, True])
def test_a_command_reads_what_the_batch_in_flight_did_not_the_row_before_it(
    tx: Tx, store: CountingStore, is_cleared: bool
) -> None:
    """That row is in the cache until the batch is durable, for queries."""
    key = WARM.key(1)
    tx.put(WARM, key, Row(5))
    tx.accept()
    store.write(tx.take())
    tx.warm.settle()
    if is_cleared:
        tx.clear(WARM, *WARM.range())
    else:
        tx.put(WARM, key, Row(199))  # too large to stay in the cache
    tx.accept()
    store.write(tx.take())
    assert tx.warm.get(key) == Row(5)
    assert tx.get(WARM, key) == (None if is_cleared else Row(199))


def test_rows_of_a_lasting_table_stay_known_to_the_views_of_later_states(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("floruntime.engine.state.tx._CACHED_ROWS_MAX", 3)
    lasting: dict[bytes, Any] = {}
    for item in range(1, 9):
        view = View(store, "default", 0, 0, lasting)
        assert view.get(LASTING, LASTING.key(item)) is None  # and a later state may have it
        stored(store, LASTING, **{f"i{item}": item})
        reads_before = store.reads
        for _ in range(3):
            later = View(store, "default", 0, 0, lasting)
            assert later.get(LASTING, LASTING.key(item)) == Row(item)
        assert store.reads == reads_before + 1
        assert len(lasting) <= 3


def test_rows_of_a_cached_table_stay_known_after_they_are_written(
    tx: Tx, store: CountingStore
) -> None:
    tx.put(CACHED, CACHED.key(1), Row(1))
    tx.delete(CACHED, CACHED.key(2))
    tx.accept()
    store.write(tx.take())
    assert tx.get(CACHED, CACHED.key(1)) == Row(1)
    assert tx.get(CACHED, CACHED.key(2)) is None
    assert store.reads == 0


def test_rows_that_are_lists_are_kept_as_they_were_written_last(
    tx: Tx, store: CountingStore
) -> None:
    for numbers in ([1], [1, 2]):
        tx.put(LISTS, LISTS.key(1), numbers)
        tx.accept()
        store.write(tx.take())
        assert tx.get(LISTS, LISTS.key(1)) == numbers
    assert store.reads == 0


def test_rows_of_other_tables_are_not_kept(tx: Tx, store: CountingStore) -> None:
    tx.put(COLD, COLD.key(1), Row(1))
    tx.accept()
    store.write(tx.take())
    for _ in range(2):
        assert tx.get(COLD, COLD.key(1)) == Row(1)
    assert store.reads == 2
    assert not tx._rows


def test_what_is_at_hand_is_what_was_written_or_read(tx: Tx, store: CountingStore) -> None:
    key = CACHED.key(1)
    assert tx.at_hand(key) is None
    tx.put(CACHED, key, Row(1))
    assert tx.at_hand(key) == Row(1)
    tx.accept()
    assert tx.at_hand(key) == Row(1)
    store.write(tx.take())
    assert tx.at_hand(key) == Row(1)
    tx.delete(CACHED, key)
    assert tx.at_hand(key) is None
    assert store.reads == 0


def test_the_cache_is_bounded(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floruntime.engine.state.tx._CACHED_ROWS_MAX", 5)
    for item in range(100):
        tx.put(CACHED, CACHED.key(item), Row(item))
        tx.accept()
        tx.take()
        assert len(tx._rows) <= 5


@pytest.mark.parametrize("table", [COLD, CACHED])
def test_a_cleared_row_is_gone_also_where_it_was_cached(
    tx: Tx, store: CountingStore, table: Table[Row]
) -> None:
    stored(store, table, i1=1, i2=2)
    assert tx.get(table, table.key(1)) == Row(1)
    tx.clear(table, *table.range())
    assert tx.get(table, table.key(1)) is None
    assert rows_of(tx, table) == []
    tx.put(table, table.key(2), Row(3))
    tx.accept()
    assert rows_of(tx, table) == [(2, 3)]
    store.write(tx.take())
    assert rows_of(tx, table) == [(2, 3)]
    assert tx.get(table, table.key(1)) is None


def test_a_refused_command_leaves_nothing(tx: Tx, store: CountingStore) -> None:
    stored(store, CACHED, i1=1)
    stored(store, COLD, i1=1)
    stored(store, WARM, i1=1)
    for table in TABLES:
        tx.put(table, table.key(2), Row(2))
    tx.accept()
    tx.namespace = "default"
    for table in TABLES:
        tx.put(table, table.key(1), Row(9))
        tx.delete(table, table.key(2))
        tx.put(table, table.key(3), Row(9))
        tx.clear(table, table.key(1), table.key(7))
    tx.touch(("default", "kv", "a"))
    tx.end_waits(("default", "kv", "b"))
    tx.delivery = object()
    tx.refuse()
    for table in TABLES:
        assert rows_of(tx, table) == [(1, 1), (2, 2)]
    assert (tx.touched, tx.ended, tx.delivery, tx.wrote) == ([], [], None, False)
    changes = tx.take()
    assert set(changes.rows) == {table.key(2) for table in TABLES}
    assert changes.cleared == []


def test_a_stay_in_another_namespace_ends_whatever_happens_there(tx: Tx) -> None:
    tx.namespace = "home"
    with tx.within("away"):
        assert tx.namespace == "away"
        with pytest.raises(ValueError, match="lost"), tx.within("farther"):
            raise ValueError("lost")
        assert tx.namespace == "away"
    assert tx.namespace == "home"


def test_hints_go_with_the_refused_writes_they_may_tell_of(tx: Tx) -> None:
    tx.hints["head"] = 1
    tx.refuse()
    assert tx.hints == {"head": 1}  # nothing was written: it still tells the truth
    tx.put(COLD, COLD.key(1), Row(1))
    tx.hints["head"] = 2
    tx.refuse()
    assert tx.hints == {}


def test_a_scan_goes_on_while_its_rows_are_deleted(tx: Tx, store: CountingStore) -> None:
    stored(store, COLD, i1=1, i3=3)
    tx.put(COLD, COLD.key(2), Row(2))
    seen = []
    for key, row in tx.scan(COLD, *COLD.range()):
        seen.append(row.number)
        tx.delete(COLD, key)
    assert seen == [1, 2, 3]
    assert rows_of(tx, COLD) == []


def test_taking_gives_deletions_as_none_and_starts_a_new_batch(tx: Tx) -> None:
    tx.put(COLD, COLD.key(1), Row(1))
    tx.delete(COLD, COLD.key(2))
    tx.clear(COLD, COLD.key(4), COLD.key(6))
    tx.clear(COLD, COLD.key(5), COLD.key(7))
    tx.accept()
    changes = tx.take()
    assert changes.rows == {COLD.key(1): msgspec.msgpack.encode(Row(1)), COLD.key(2): None}
    assert changes.cleared == [(COLD.key(4), COLD.key(7))]
    assert tx.take() == Changes({}, [])


@given(st.lists(st.tuples(ITEM, st.none() | st.integers(0, 9)), max_size=12), st.booleans())
def test_a_scan_agrees_with_single_reads(
    writes: list[tuple[int, int | None]], accepts: bool
) -> None:
    store = MemoryStore()
    stored(store, COLD, i0=0, i3=3, i5=5)
    tx = tx_over(store)
    for item, number in writes:
        write: Any = None if number is None else Row(number)
        tx.put(COLD, COLD.key(item), write)
        if accepts:
            tx.accept()
        read = [(at, tx.get(COLD, COLD.key(at))) for at in range(8)]
        assert rows_of(tx, COLD) == [(at, row.number) for at, row in read if row is not None]
