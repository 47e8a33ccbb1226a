"""Words that depend on a number."""

from __future__ import annotations

from floruntime.cli.base.words import counted


def test_one_is_no_plural() -> None:
    assert [counted(count, "record") for count in (0, 1, 2)] == [
        "0 records",
        "1 record",
        "2 records",
    ]
