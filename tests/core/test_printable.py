"""Text for people's eyes."""

from __future__ import annotations

import json

from floruntime.core.printable import printable, printable_json


def test_what_a_terminal_would_obey_is_shown_by_its_escape() -> None:
    nasty = "a\x1b[2Jb\x07c\x9bd\u202ee\u2066f\x7fg\U000e0001\u2028"
    assert printable(nasty) == "a\\x1b[2Jb\\x07c\\x9bd\\u202ee\\u2066f\\x7fg\\U000e0001\\u2028"
    assert printable("two\nlines\t") == "two\\nlines\\t"
    assert printable("two\nlines\r", keep="\n") == "two\nlines\\r"


def test_bytes_that_are_no_utf_8_are_shown_as_bytes() -> None:
    assert printable(b"\xff\x9b".decode("utf-8", "surrogateescape")) == "\\xff\\x9b"
    assert printable("\ud800") == "\\ud800"


def test_all_else_stays() -> None:
    assert printable("東京 🐈 ü") == "東京 🐈 ü"


def test_json_stays_json() -> None:
    text = json.dumps({"key": "a\x9b\x7f\u202e\U000e0001\n ü"}, ensure_ascii=False)
    assert printable_json(text).isprintable()
    assert json.loads(printable_json(text)) == json.loads(text)
    assert "ü" in printable_json(text)
