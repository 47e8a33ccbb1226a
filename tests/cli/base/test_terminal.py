"""What reaches a terminal, and how wide."""

from __future__ import annotations

import re
from typing import Any

import pytest

from floruntime.cli.base.terminal import harmless_lines, is_terminal, table_text
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, Result

NASTY = "a\x1b[2Jb\x07c\x9bd\u202ee\u2066f\x7fg\U000e0001"
SHOWN = "a\\x1b[2Jb\\x07c\\x9bd\\u202ee\\u2066f\\x7fg\\U000e0001"
NASTY_NAME = "a\u202eb\u2066c\U000e0001"  # names have no control characters
RAW = re.compile(r"[^\x20-\x7e\n\t…]")
BOLD = re.compile(r"\x1b\[[01]m")


def test_a_text_of_several_lines_keeps_them() -> None:
    assert harmless_lines("two\nlines\t\r" + NASTY) == "two\nlines\t\\r" + SHOWN


def test_a_stream_that_is_closed_or_missing_is_no_terminal() -> None:
    class Closed:
        def isatty(self) -> bool:
            raise ValueError("I/O operation on closed file")

    assert not is_terminal(None)
    assert not is_terminal(Closed())


# Tables


def lines_of(columns: list[str], rows: list[list[str]], width: int) -> list[str]:
    return BOLD.sub("", table_text(columns, rows, width)).splitlines()


def test_what_fits_is_not_cut() -> None:
    assert lines_of(["a", "long"], [["xyz", "1"], ["x", "two words"]], 14) == [
        "A    LONG",
        "xyz  1",
        "x    two words",
    ]


def test_the_last_column_is_cut_first_and_words_stay_whole() -> None:
    rows = [["run-17", "failed", "no such customer in the list"]]
    assert lines_of(["run", "status", "error"], rows, 34)[1] == "run-17  failed  no such customer…"
    assert lines_of(["run", "status", "error"], rows, 30)[1] == "run-17  failed  no such…"
    assert lines_of(["run", "status", "error"], rows, 16)[1] == "run-17  …      …"


def test_json_parts_at_its_marks() -> None:
    assert lines_of(["payload"], [['{"order":42,"customer":"ada"}']], 20)[1] == '{"order":42,"…'


def test_wide_characters_count_twice_and_part_anywhere() -> None:
    assert lines_of(["name"], [["東京都千代田区"]], 9)[1] == "東京都千…"
    assert lines_of(["name", "n"], [["東京", "1"], ["abcd", "2"]], 80)[1:] == ["東京  1", "abcd  2"]


@pytest.mark.parametrize("width", [1, 2, 5, 10, 20, 40, 80])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    rows = [["some words here", "x" * 50, "1"], ["1", "two words", '{"a": [1, 2, 3], "b": "text"}']]
    columns = ["first", "second", "third"]
    assert all(len(line) <= width for line in lines_of(columns, rows, width))


# Every command


@pytest.fixture
async def filled(server: FloTestServer) -> FloTestServer:
    """A server with hostile texts wherever there can be one."""
    async with server.client() as client:
        await client.kv.put(NASTY, NASTY)
        await client.kv.json_set("doc", "$", {"k": NASTY})
        await client.queue.enqueue("q", NASTY)
        await client.stream.append("s", NASTY, partition_key=NASTY_NAME, headers={"h": NASTY})
        await client.action.register("act", description=NASTY)
        await client.action.invoke("act", NASTY)
    return server


COMMANDS = [
    ("kv", "get", NASTY),
    ("kv", "entry", NASTY),
    ("kv", "scan"),
    ("kv", "mget", NASTY),
    ("kv", "history", NASTY),
    ("kv", "json-get", "doc"),
    ("kv", "watch", NASTY, "--from-version", "0", "--limit", "1"),
    ("queue", "peek", "q"),
    ("queue", "dequeue", "q"),
    ("stream", "read", "s"),
    ("stream", "group", "read", "s", "g", NASTY_NAME),
    ("action", "get", "act"),
    ("action", "list"),
    ("action", "runs"),
    ("kv", "get", NASTY + "missing"),
    ("queue", "stats", NASTY),
    ("queue", "stats", NASTY_NAME),
    ("kv", "put", "k", "v", "--ttl", NASTY),
    (NASTY,),
    ("workflow", "validate", NASTY),
]


@pytest.mark.usefixtures("filled")
async def test_nothing_stored_speaks_to_a_terminal(flo: Flo) -> None:
    for command in COMMANDS:
        for options in ((), ("--json",)):
            told = await flo(*options, *command, tty=True)
            shown = BOLD.sub("", told.out)
            assert not RAW.search(shown + told.err), (command, shown, told.err)
            assert shown + told.err


@pytest.mark.usefixtures("filled")
async def test_a_pipe_gets_what_was_stored(flo: Flo) -> None:
    assert (await flo("kv", "get", NASTY)).out == NASTY + "\n"
    assert (await flo("kv", "get", NASTY, "--json")).json["value"] == NASTY
    assert (await flo("kv", "get", NASTY, "--raw", tty=True)).out == NASTY


async def test_a_table_is_as_wide_as_the_terminal(
    flo: Flo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    await flo("kv", "put", "key", "word " * 50)
    assert max(map(len, await table_lines(flo))) <= 80
    monkeypatch.setenv("COLUMNS", "200")
    assert 80 < max(map(len, await table_lines(flo))) <= 200
    assert "word " * 50 in (await flo("kv", "scan")).out, "a pipe gets all of it"


async def table_lines(flo: Flo) -> list[str]:
    told: Any = await flo("kv", "scan", tty=True)
    assert isinstance(told, Result)
    return BOLD.sub("", told.out).splitlines()
