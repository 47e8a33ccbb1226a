"""Pages, and what all messages have in common."""

from __future__ import annotations

import msgspec
import pytest

from floruntime.core import kv, queue, stream, wire
from floruntime.core.cluster import CLUSTER_REQUESTS
from floruntime.core.types import AckResult, Command, Page, Query


def test_a_page_is_a_sequence() -> None:
    page = Page(["a", "b", "c"], "next")
    assert list(page) == ["a", "b", "c"]
    assert (len(page), page[0], page[-1], page[1:]) == (3, "a", "c", ["b", "c"])
    assert "b" in page
    assert page.index("c") == 2
    with pytest.raises(IndexError):
        page[3]


def test_a_page_tells_whether_more_follows() -> None:
    assert Page([1], "next").has_more
    assert not Page([1], None).has_more
    assert not Page([], None)


def test_pages_compare_by_items_and_cursor_and_with_lists_by_items() -> None:
    assert Page([1, 2], "c") == Page((1, 2), "c")
    assert Page([1, 2], "c") != Page([1, 2], None)
    assert Page([1, 2], "c") == [1, 2]
    assert Page([1, 2], "c") != [1]
    assert Page([1], None) != 1


def test_a_page_shows_its_items() -> None:
    assert repr(Page([1], "c")) == "Page([1], cursor='c')"


def test_what_a_read_a_dequeue_or_a_scan_answers_is_gone_through() -> None:
    message = queue.Message(1, b"m", 10, 1, 1, 0)
    assert list(queue.DequeueResult([message])) == [message]
    entry = kv.KvEntry("k", b"v", 1, 0)
    assert list(kv.ScanResult([entry], "next")) == [entry]
    record = stream.StreamRecord(stream.StreamID(1, 0), 0, 0, "s", b"r", {}, None, 1, 0)
    assert [each.payload for each in stream.ReadResult([record])] == [b"r"]


def test_results_are_frozen_and_compared_by_value() -> None:
    result = AckResult([1], [2])
    assert result == AckResult([1], [2])
    with pytest.raises(AttributeError):
        result.done = []  # type: ignore[misc]  # frozen, as tested


def test_every_request_is_frozen_and_but_for_a_few_a_command_or_a_query() -> None:
    others = {each.__name__ for each in wire.ALL_REQUESTS if not issubclass(each, Command | Query)}
    ours = {"Hello", "Ping", "GetServerInfo", "Backup", "CancelWait", "TokenMint", "WhoAmI"}
    assert others == ours | {each.__name__ for each in CLUSTER_REQUESTS}
    assert all(each.__struct_config__.frozen for each in wire.ALL_REQUESTS)


def test_a_request_is_an_array_led_by_its_tag() -> None:
    assert msgspec.msgpack.decode(wire.encode(kv.KvIncr("hits", 2))) == [8, "hits", 2]
