"""How results are written."""

from __future__ import annotations

import pytest

from floruntime.cli.base.output import at, cell, plain, size, to_json
from floruntime.core.duration_text import lasting
from floruntime.core.kv import KvEntry
from floruntime.core.stream import StreamID
from floruntime.core.types import Page


def test_results_become_objects_with_their_fields() -> None:
    entry = KvEntry("key", b"value", 1, 2)
    assert plain([entry, None]) == [
        {"key": "key", "value": "value", "version": 1, "updated_at_ms": 2, "expires_at_ms": None},
        None,
    ]
    assert plain(Page([1, 2], "next")) == {"items": [1, 2], "cursor": "next", "has_more": True}
    assert plain(StreamID(5, 1)) == "5-1"


def test_bytes_that_are_no_text_are_base64_under_another_name() -> None:
    assert plain({"value": b"\xff", "other": b"text"}) == {"value_base64": "/w==", "other": "text"}


def test_json_is_one_line_of_utf_8() -> None:
    assert to_json({"text": "ü\n"}) == '{"text": "ü\\n"}'
    assert to_json("\ud800") == '"?"'


def test_cells_escape_what_could_command_a_terminal() -> None:
    assert cell("a\x1b[31m\n\u202e") == "a\\x1b[31m\\n\\u202e"
    assert cell(b"\xff") == "base64:/w=="
    assert cell(None) == "-"
    assert cell("ü ✓") == "ü ✓"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "-"),
        (0, "0ms"),
        (999, "999ms"),
        (1_000, "1s"),
        (90_500, "1m 30s"),
        (3_600_000, "1h"),
        (86_400_000 + 3_600_000, "1d 1h"),
    ],
)
def test_durations_by_their_two_largest_units(ms: int | None, text: str) -> None:
    assert lasting(ms) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "-"), (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (2**20, "1.0 MiB")],
)
def test_sizes(number: int | None, text: str) -> None:
    assert size(number) == text


def test_times_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert at(0) == "1970-01-01 00:00:00"
    assert at(None) == "-"
    monkeypatch.undo()
    time.tzset()
