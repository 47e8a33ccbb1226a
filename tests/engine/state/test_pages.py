"""Pages of listings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.engine.state.cursors import open_cursor
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.pages import page_by_key, page_by_name, page_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.store.memory import MemoryStore


def rows(count: int) -> list[tuple[bytes, int]]:
    return [(bytes([number]), number) for number in range(count)]


def test_a_page_of_everything_has_no_cursor() -> None:
    assert page_of(rows(3), 3, "l", 0) == ([0, 1, 2], None)
    assert page_of([], 3, "l", 0) == ([], None)


def test_a_full_page_goes_on_after_its_last_item() -> None:
    items, cursor = page_of(rows(3), 2, "l", 0)
    assert items == [0, 1]
    assert open_cursor("l", 0, cursor) == b"\x01"


def test_a_page_ends_by_size_with_at_least_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPLY_BYTES_MAX", 5)
    items, cursor = page_of(rows(4), 10, "l", 0, size_of=lambda item: 100)
    assert items == [0]
    assert cursor is not None
    items, cursor = page_of(rows(4), 10, "l", 0, size_of=lambda item: 2)
    assert items == [0, 1, 2]


def test_what_is_passed_over_makes_no_further_page() -> None:
    assert page_of([*rows(2), (b"\x07", None)], 2, "l", 0) == ([0, 1], None)


def test_a_page_ends_after_so_many_rows_whatever_it_found() -> None:
    nothing: list[tuple[bytes, int | None]] = [(bytes([number]), None) for number in range(5)]
    items, cursor = page_of(nothing, 10, "l", 0, looked_at_max=3)
    assert items == []
    assert open_cursor("l", 0, cursor) == b"\x02"


NAMED: Table[int] = Table(b"zn", int, owner="u64", tail="name")
NUMBERED: Table[int] = Table(b"zk", int, owner="u64", number="u64")
FLAT: Table[int] = Table(b"zf", int, tail="name")


class Asked(NamedTuple):
    """A request for a page."""

    limit: int = 2
    cursor: str | None = None


@pytest.fixture
def tx() -> Tx:
    tx = Tx(MemoryStore())
    for number, name in enumerate((b"a", b"ab", b"b", b"c")):
        tx.put(NAMED, NAMED.key(7, tail=name), number)
        tx.put(FLAT, FLAT.key(tail=name), number)
        tx.put(NUMBERED, NUMBERED.key(7, number), number)
    tx.put(NAMED, NAMED.key(8, tail=b"another's"), 9)
    tx.put(NUMBERED, NUMBERED.key(8, 1), 9)
    return tx


def everything(page: Callable[[Asked], tuple[list[Any], str | None]]) -> list[list[Any]]:
    """All pages, one after the other."""
    pages, cursor = [], None
    while True:
        items, cursor = page(Asked(cursor=cursor))
        pages.append(items)
        if cursor is None:
            return pages


def test_names_come_in_their_order_of_one_owner_or_of_all(tx: Tx) -> None:
    def shown(name: str, number: int) -> str:
        return f"{name}{number}"

    pages = everything(lambda asked: page_by_name(tx, "l", NAMED, 7, asked, shown))
    assert pages == [["a0", "ab1"], ["b2", "c3"]]
    pages = everything(lambda asked: page_by_name(tx, "l", FLAT, None, asked, shown))
    assert pages == [["a0", "ab1"], ["b2", "c3"]]
    pages = everything(lambda asked: page_by_name(tx, "l", NAMED, 7, asked, shown, prefix=b"a"))
    assert pages == [["a0", "ab1"]]


def test_a_name_that_whoever_asks_may_not_see_is_left_out(tx: Tx) -> None:
    tx.spans = {"kv": ((b"ab", b"c"),)}
    page = page_by_name(tx, "l", NAMED, 7, Asked(), lambda name, _: name, primitive="kv")
    assert page == (["ab", "b"], None)


def test_keys_come_in_their_order_or_the_newest_first(tx: Tx) -> None:
    def shown(key: bytes, number: int) -> int | None:
        return None if number == 1 else NUMBERED.unpack(key)[1]

    pages = everything(lambda asked: page_by_key(tx, "l", NUMBERED, 7, asked, shown))
    assert pages == [[0, 2], [3]]
    pages = everything(
        lambda asked: page_by_key(tx, "l", NUMBERED, 7, asked, shown, newest_first=True)
    )
    assert pages == [[3, 2], [0]]
    span = NUMBERED.key(7, 2), NUMBERED.key(7, 3)
    assert page_by_key(tx, "l", NUMBERED, 7, Asked(), shown, span=span) == ([2], None)


def test_a_limit_or_cursor_that_is_none_is_refused(tx: Tx) -> None:
    for asked in (Asked(limit=0), Asked(cursor="no")):
        with pytest.raises(BadRequestError):
            page_by_key(tx, "l", NUMBERED, 7, asked, lambda key, _: key)
