"""`flo kv`: every command, its exit codes, and the shape of its JSON."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo


async def test_put_and_get_print_the_value_and_a_line_end(flo: Flo) -> None:
    assert (await flo("kv", "put", "key", "hello")).out == "version 1\n"
    assert (await flo("kv", "get", "key")).stdout == b"hello\n"


async def test_get_raw_prints_the_exact_bytes(flo: Flo) -> None:
    await flo("kv", "put", "key", "-", stdin=b"\x00\xff\n")
    assert (await flo("kv", "get", "key", "--raw")).stdout == b"\x00\xff\n"


async def test_get_of_a_missing_key_is_not_found(flo: Flo) -> None:
    result = await flo("kv", "get", "nope")
    assert (result.code, result.out) == (1, "")
    assert result.err == "error: the key 'nope' does not exist\n"


async def test_get_json_has_the_entry(flo: Flo, server: FloTestServer) -> None:
    await flo("kv", "put", "key", "hello", "--ttl", "1m")
    assert (await flo("kv", "get", "key", "--json")).json == {
        "key": "key",
        "value": "hello",
        "version": 1,
        "updated_at_ms": server.now_ms,
        "expires_at_ms": server.now_ms + 60_000,
    }


async def test_json_has_bytes_that_are_no_text_as_base64(flo: Flo) -> None:
    await flo("kv", "put", "key", "-", stdin=b"\xff\xfe")
    entry = (await flo("--json", "kv", "get", "key")).json
    assert entry["value_base64"] == "//4="
    assert "value" not in entry


async def test_get_block_waits_for_the_key(flo: Flo, server: FloTestServer) -> None:
    waiting = asyncio.create_task(flo("kv", "get", "key", "--block", "1m"))
    async with server.client() as client:
        assert await client.kv.get("key") is None
        await client.kv.put("key", b"came")
    assert (await waiting).out == "came\n"


async def test_values_come_from_files_and_standard_input(flo: Flo, tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_bytes(b"from a file")
    await flo("kv", "put", "file", f"@{file}")
    await flo("kv", "put", "stdin", "-", stdin=b"from stdin")
    await flo("kv", "put", "at", "@@home")
    assert (await flo("kv", "get", "file")).out == "from a file\n"
    assert (await flo("kv", "get", "stdin")).out == "from stdin\n"
    assert (await flo("kv", "get", "at")).out == "@home\n"


async def test_a_file_that_cannot_be_read_is_a_usage_error(flo: Flo, tmp_path: Path) -> None:
    result = await flo("kv", "put", "key", f"@{tmp_path}/nope")
    assert result.code == 2
    assert "No such file" in result.err


async def test_conditions_that_lose_are_refused(flo: Flo) -> None:
    await flo("kv", "put", "key", "one", "--cas", "0")
    assert (await flo("kv", "put", "key", "two", "--if-not-exists")).code == 3
    assert (await flo("kv", "put", "nope", "two", "--if-exists")).code == 3
    result = await flo("kv", "put", "key", "two", "--cas-version", "7", "--json")
    assert result.code == 3
    assert result.error["error"] == "conflict"
    assert result.error["ran"] == "no"
    assert result.error["current_version"] == 1
    assert (await flo("kv", "put", "key", "two", "--cas", "1", "--json")).json == {"version": 2}


async def test_delete_tells_whether_it_existed(flo: Flo) -> None:
    await flo("kv", "put", "key", "value")
    assert (await flo("kv", "delete", "key", "--cas", "9")).code == 3
    assert (await flo("kv", "delete", "key", "--json")).json == {"deleted": True}
    assert (await flo("kv", "delete", "key")).code == 1


async def test_scan_lists_by_prefix_and_pages(flo: Flo) -> None:
    for key in ("a:1", "a:2", "a:3", "b:1"):
        await flo("kv", "put", key, "value")
    first = await flo("kv", "scan", "a:", "--limit", "2", "--json")
    assert [each["key"] for each in first.json["entries"]] == ["a:1", "a:2"]
    assert first.json["cursor"] in first.err
    rest = await flo("kv", "scan", "a:", "--cursor", first.json["cursor"], "--json")
    assert [each["key"] for each in rest.json["entries"]] == ["a:3"]
    assert rest.json["cursor"] is None
    everything = await flo("kv", "scan", "--all", "--limit", "1", "--keys-only", "--json")
    assert [each["key"] for each in everything.json["entries"]] == ["a:1", "a:2", "a:3", "b:1"]
    assert "value" not in everything.json["entries"][0]


async def test_scan_prints_tab_separated_rows_into_a_pipe(flo: Flo) -> None:
    await flo("kv", "put", "key", "two\nlines")
    lines = (await flo("kv", "scan")).out.splitlines()
    assert lines[0].split("\t") == ["key", "version", "updated", "expires", "value"]
    assert lines[1].split("\t")[0::4] == ["key", "two\\nlines"]


async def test_scan_prints_a_table_on_a_terminal(flo: Flo) -> None:
    await flo("kv", "put", "key", "[red]value\x1b[2J")
    result = await flo("kv", "scan", tty=True)
    assert "KEY" in result.out
    assert "[red]value\\x1b[2J" in result.out


async def test_scan_of_nothing_is_empty(flo: Flo) -> None:
    result = await flo("kv", "scan", "nope")
    assert (result.code, result.out) == (1, "")
    nothing: Any = {"entries": [], "cursor": None, "has_more": False}
    assert (await flo("kv", "scan", "--json")).json == nothing


async def test_a_foreign_cursor_is_refused(flo: Flo) -> None:
    assert (await flo("kv", "scan", "--cursor", "garbled")).code == 3


async def test_history_shows_versions_and_deletions(flo: Flo) -> None:
    await flo("kv", "put", "key", "one")
    await flo("kv", "delete", "key")
    versions = (await flo("kv", "history", "key", "--json")).json
    assert [(each["version"], each["deleted"]) for each in versions] == [(2, True), (1, False)]
    assert len((await flo("kv", "history", "key", "--limit", "1", "--json")).json) == 1
    assert "deleted" in (await flo("kv", "history", "key")).out
    assert (await flo("kv", "history", "nope")).code == 1


async def test_incr_takes_negative_numbers(flo: Flo) -> None:
    assert (await flo("kv", "incr", "counter")).out == "1\n"
    assert (await flo("kv", "incr", "counter", "-5")).out == "-4\n"
    assert (await flo("kv", "incr", "counter", "10", "--json")).json == {"value": 6}
    await flo("kv", "put", "text", "no number")
    assert (await flo("kv", "incr", "text")).code == 3


async def test_touch_and_persist_change_the_ttl(flo: Flo, server: FloTestServer) -> None:
    await flo("kv", "put", "key", "value")
    assert (await flo("kv", "touch", "key", "--ttl", "30s", "--json")).json == {"touched": True}
    entry = (await flo("kv", "entry", "key", "--json")).json
    assert entry["expires_at_ms"] == server.now_ms + 30_000
    assert (await flo("kv", "persist", "key", "--json")).json == {"persisted": True}
    assert (await flo("kv", "entry", "key", "--json")).json["expires_at_ms"] is None
    assert (await flo("kv", "touch", "nope", "--ttl-ms", "5")).code == 1
    assert (await flo("kv", "persist", "nope")).code == 1
    assert (await flo("kv", "touch", "key")).code == 2


async def test_a_ttl_is_plain_milliseconds_or_a_duration(flo: Flo, server: FloTestServer) -> None:
    for text, ttl_ms in (("1500", 1_500), ("2h", 7_200_000)):
        await flo("kv", "put", "key", "value", "--ttl-ms", text)
        entry = (await flo("kv", "entry", "key", "--json")).json
        assert entry["expires_at_ms"] == server.now_ms + ttl_ms


async def test_entry_shows_version_and_times(flo: Flo) -> None:
    await flo("kv", "put", "key", "value")
    assert "version  1\n" in (await flo("kv", "entry", "key")).out
    assert (await flo("kv", "entry", "nope")).code == 1


async def test_exists_answers_with_its_exit_code(flo: Flo) -> None:
    await flo("kv", "put", "key", "value")
    assert (await flo("kv", "exists", "key")).code == 0
    result = await flo("kv", "exists", "nope", "--json")
    assert (result.code, result.json) == (1, {"exists": False})


async def test_mget_reads_several_keys(flo: Flo) -> None:
    await flo("kv", "put", "a", "1")
    found = (await flo("kv", "mget", "nope", "a", "--json")).json
    assert found[0] is None
    assert found[1]["value"] == "1"
    assert len((await flo("kv", "mget", "nope", "a")).out.splitlines()) == 2
    assert (await flo("kv", "mget", "nope")).code == 1


async def test_watch_shows_changes_a_line_each(flo: Flo) -> None:
    await flo("kv", "put", "user:1", "Ada")
    await flo("kv", "put", "other", "x")
    await flo("kv", "delete", "user:1")
    watch = ("kv", "watch", "user:", "--prefix", "--from-version", "0", "--limit", "2")
    assert (await flo(*watch, "--json")).json_lines == [
        {"key": "user:1", "value": "Ada", "version": 1, "deleted": False},
        {"key": "user:1", "value": "", "version": 3, "deleted": True},
    ]
    assert (await flo(*watch)).out == "1\tput\tuser:1\tAda\n3\tdelete\tuser:1\n"


async def test_json_documents(flo: Flo) -> None:
    text = '{"n": 12345678901234567890, "none": null, "list": [1]}'
    assert (await flo("kv", "json-set", "doc", "$", text)).out == "version 1\n"
    assert (await flo("kv", "json-get", "doc", "$.n")).out == "12345678901234567890\n"
    assert (await flo("kv", "json-get", "doc", "$.list", "--json")).json == [1]
    assert (await flo("kv", "json-get", "doc", "$.none")).out == "null\n"
    assert (await flo("kv", "json-get", "doc", "$.nope")).code == 1
    assert (await flo("kv", "json-set", "doc", "$.list[0]", "-", stdin=b"2", tty=False)).code == 0
    assert (await flo("kv", "json-get", "doc", "$.list")).out == "[\n  2\n]\n"
    assert (await flo("kv", "json-del", "doc", "$.list", "--json")).json == {"deleted": True}
    assert (await flo("kv", "json-del", "doc", "$.list")).code == 1
    assert (await flo("kv", "json-set", "doc", "$", "no json")).code == 3


async def test_half_a_character_in_a_document_is_shown_as_its_escape(flo: Flo) -> None:
    text = '{"half": "\\ud800", "whole": "ü"}'
    assert (await flo("kv", "json-set", "doc", "$", text)).code == 0
    assert (await flo("kv", "json-get", "doc")).out == (
        '{\n  "half": "\\ud800",\n  "whole": "ü"\n}\n'
    )


async def test_delete_takes_all_keys_that_begin_so(flo: Flo) -> None:
    for key in ("user:1", "user:2", "other"):
        await flo("kv", "put", key, "x")
    job = await flo("kv", "delete", "--prefix", "user:", "--yes", "--json")
    assert (job.code, job.json["done"]) == (0, 2)
    assert (await flo("kv", "get", "other")).code == 0
    for wrong in (["delete"], ["delete", "a", "--prefix", "b"]):
        assert (await flo("kv", *wrong)).code != 0
    refused = await flo("kv", "delete", "--prefix", "b", "--cas", "1", "--yes")
    assert refused.code != 0
    assert "--cas" in refused.err
