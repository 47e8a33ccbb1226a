"""`flo stream`."""

from __future__ import annotations

from typing import Any

from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo
from tests.cli.streams import fill


async def payloads(flo: Flo, *options: str) -> list[str]:
    records: list[Any] = (await flo("stream", "read", "events", *options, "--json")).json["records"]
    return [each["payload"] for each in records]


async def test_append_prints_the_id(flo: Flo, server: FloTestServer) -> None:
    options = ("--key", "user", "-H", "a=1", "--header", "b=x=y")
    result = await flo("stream", "append", "events", "one", *options)
    assert result.out == f"{server.now_ms}-0\n"
    [record] = (await flo("stream", "read", "events", "--json")).json["records"]
    assert record["headers"] == {"a": "1", "b": "x=y"}
    assert record["partition_key"] == "user"
    assert record["id"] == f"{server.now_ms}-0"
    appended = (await flo("stream", "append", "events", "two", "--json")).json
    assert (appended["offset"], appended["partition"]) == (1, 0)
    assert len((await flo("stream", "append", "events", "a", "b")).out.splitlines()) == 2


async def test_headers_that_are_none_are_usage_errors(flo: Flo) -> None:
    assert (await flo("stream", "append", "events", "one", "-H", "plain")).code == 2
    assert (await flo("stream", "append", "events", "a", "-H", "a=1", "-H", "a=2")).code == 2
    assert (await flo("stream", "append", "events", "a", "b", "-H", "a=1")).code == 2


async def test_read_takes_positions(flo: Flo) -> None:
    ids = await fill(flo)
    assert await payloads(flo) == ["one", "two", "three"]
    assert await payloads(flo, "--limit", "1") == ["one"]
    assert await payloads(flo, "--start", ids[1]) == ["two", "three"]
    assert await payloads(flo, "--after", ids[1]) == ["three"]
    assert await payloads(flo, "--end", ids[1]) == ["one", "two"]
    assert await payloads(flo, "--offset", "2") == ["three"]
    assert await payloads(flo, "--tail") == []
    assert (await flo("stream", "read", "events", "--start", "nonsense")).code == 3


async def test_read_shows_rows(flo: Flo) -> None:
    ids = await fill(flo)
    lines = (await flo("stream", "read", "events")).out.splitlines()
    assert lines[1].split("\t")[0] == ids[0]
    assert lines[3].split("\t")[-1] == "three"


async def test_read_of_nothing_is_empty(flo: Flo) -> None:
    await fill(flo)
    assert (await flo("stream", "read", "events", "--tail")).code == 1


async def test_read_takes_partitions(flo: Flo) -> None:
    await flo("stream", "create", "events", "--partitions", "2")
    await flo("stream", "append", "events", "zero", "--partition", "0")
    await flo("stream", "append", "events", "one", "--partition", "1")
    assert await payloads(flo, "--partition", "1") == ["one"]
    assert await payloads(flo, "--partition", "0") == ["zero"]


async def test_follow_prints_a_line_for_each_record(flo: Flo) -> None:
    ids = await fill(flo)
    follow = ("stream", "read", "events", "--follow")
    lines = (await flo(*follow, "--limit", "3", "--json")).json_lines
    assert [each["payload"] for each in lines] == ["one", "two", "three"]
    assert (await flo(*follow, "--after", ids[1], "--limit", "1")).out == f"{ids[2]}\tthree\n"
    assert (await flo(*follow, "--start", ids[1], "--limit", "1")).out == f"{ids[1]}\ttwo\n"
    assert (await flo(*follow, "--end", ids[1])).code == 2
    assert (await flo(*follow, "--tail", "--start", "0")).code == 2
    assert (await flo(*follow, "--limit", "0")).code == 2


async def test_create_alter_and_info(flo: Flo) -> None:
    create = ("stream", "create", "events", "--partitions", "4", "--max-age", "7d")
    created = (await flo(*create, "--max-records", "100", "--json")).json
    assert (created["partitions"], created["max_age_ms"]) == (4, 7 * 86_400_000)
    alter = ("stream", "alter", "events", "--max-bytes", "1MiB", "--max-records", "none")
    altered = (await flo(*alter, "--json")).json
    assert altered["max_age_ms"] == 7 * 86_400_000
    assert altered["max_records"] is None
    assert altered["max_bytes"] == 2**20
    assert (await flo("stream", "info", "events", "--json")).json == altered
    assert "max age      7d\n" in (await flo("stream", "info", "events")).out
    assert (await flo("stream", "info", "nope")).code == 1
    assert (await flo("stream", "alter", "events", "--max-age", "soon")).code == 2


async def test_list_pages(flo: Flo) -> None:
    assert (await flo("stream", "list")).code == 1
    for name in ("a", "b", "c"):
        await flo("stream", "create", name)
    page = (await flo("stream", "list", "--limit", "2", "--json")).json
    assert [each["name"] for each in page["items"]] == ["a", "b"]
    rest = (await flo("stream", "list", "--cursor", page["cursor"], "--json")).json
    assert [each["name"] for each in rest["items"]] == ["c"]
    assert len((await flo("stream", "list", "--all")).out.splitlines()) == 4


async def test_trim_removes_or_only_tells(flo: Flo) -> None:
    ids = await fill(flo)
    dry = await flo("stream", "trim", "events", "--max-records", "1", "--dry-run", "--json")
    assert dry.json == {"removed": 2, "dry_run": True}
    assert len(await payloads(flo)) == 3
    assert (await flo("stream", "trim", "events", "--before", ids[1])).out == "1 record removed\n"
    assert await payloads(flo) == ["two", "three"]


async def test_delete_wants_force_where_there_is_something(flo: Flo) -> None:
    await fill(flo)
    assert (await flo("stream", "delete", "events")).code == 3
    deleted = await flo("stream", "delete", "events", "--force", "--json")
    assert deleted.json == {"deleted": True}
    assert (await flo("stream", "delete", "events")).code == 1
