"""The command line, as API.md promises it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from floruntime import FloClient
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, invoke


async def document(flo: Flo, *arguments: str) -> Any:
    """What a command that is done says with `--json`."""
    result = await flo("--json", *arguments)
    assert result.code == 0, result.err
    return result.json


# global options, environment, exit codes


async def test_global_options_stand_before_or_after(server: FloTestServer) -> None:
    host = server.endpoint
    for arguments in (
        ("--host", host, "-n", "shop", "--json", "kv", "put", "k", "v"),
        ("kv", "put", "k", "v", "--host", host, "-n", "shop", "--json"),
        (f"--host={host}", "kv", "--namespace=shop", "put", "--json", "k", "v"),
        ("kv", "put", "k", "v", "--host", host, "--namespace", "shop", "--json"),
    ):
        result = await asyncio.to_thread(invoke, arguments)
        assert (result.code, sorted(result.json)) == (0, ["version"]), result.err
    async with server.client() as client:
        assert await client.kv.get("k", namespace="shop") == b"v"
        assert await client.kv.get("k") is None


async def test_the_environment_gives_host_and_namespace_and_options_win(
    flo: Flo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLO_NAMESPACE", "shop")
    assert (await flo("kv", "put", "k", "v")).code == 0
    assert (await flo("-n", "default", "kv", "get", "k")).code == 1
    assert (await flo("kv", "get", "k")).out == "v\n"
    assert (await flo("--host", "127.0.0.1:1", "kv", "get", "k")).code == 4


async def test_each_exit_code(flo: Flo) -> None:
    await flo("kv", "put", "k", "v")
    codes = {
        ("kv", "get", "k"): 0,
        ("kv", "get", "missing"): 1,
        ("kv", "delete", "missing"): 1,
        ("kv", "exists", "missing"): 1,
        ("kv", "scan", "missing"): 1,
        ("queue", "dequeue", "missing"): 1,
        ("stream", "read", "missing"): 1,
        ("stream", "info", "missing"): 1,
        ("kv", "get"): 2,
        ("kv", "nonsense"): 2,
        ("nonsense",): 2,
        ("kv", "get", "k", "--nonsense"): 2,
        ("queue", "dequeue", "q", "--count", "many"): 2,
        ("kv", "put", "k", "v", "--if-not-exists"): 3,
        ("kv", "put", "k", "v", "--cas-version", "99"): 3,
        ("kv", "scan", "--limit", "1001"): 3,
        ("kv", "incr", "k"): 3,
        ("-n", "9", "kv", "get", "k"): 3,
        ("--host", "127.0.0.1:1", "kv", "get", "k"): 4,
        ("verify", "/nonexistent/directory"): 5,
    }
    for arguments, code in codes.items():
        result = await flo(*arguments)
        assert result.code == code, (arguments, result.err)
        if code > 1:
            assert result.err.startswith("error: ")
            assert result.err.count("\n") == 1
            assert result.out == ""


async def test_errors_are_json_with_json(flo: Flo) -> None:
    result = await flo("--json", "kv", "put", "k", "v", "--cas-version", "7")
    assert result.code == 3
    assert result.error["error"] == "conflict"
    assert result.error["ran"] == "no"
    assert result.error["current_version"] == 0
    missing = await flo("kv", "get", "k", "--json")
    assert (missing.code, missing.error["error"]) == (1, "not_found")


# kv


async def test_kv_put_get_delete(flo: Flo) -> None:
    version = (await document(flo, "kv", "put", "k", "v"))["version"]
    assert (await flo("kv", "get", "k")).out == "v\n"
    entry = await document(flo, "kv", "get", "k")
    assert (entry["key"], entry["value"], entry["version"]) == ("k", "v", version)
    assert (await flo("kv", "put", "k", "w", "--cas-version", str(version))).code == 0
    assert (await flo("kv", "delete", "k")).code == 0
    assert (await flo("kv", "get", "k")).code == 1


async def test_kv_values_come_from_arguments_stdin_and_files(flo: Flo, tmp_path: Path) -> None:
    exact = bytes(range(256))
    (tmp_path / "value").write_bytes(exact)
    await flo("kv", "put", "a", "-", stdin=exact)
    await flo("kv", "put", "b", f"@{tmp_path / 'value'}")
    for key in ("a", "b"):
        assert (await flo("kv", "get", key, "--raw")).stdout == exact
    await flo("kv", "put", "c", "")
    assert (await flo("kv", "get", "c", "--raw")).stdout == b""
    assert (await flo("kv", "put", "d", "@/nonexistent")).code == 2


@pytest.mark.parametrize(
    "ttl", [("--ttl", "1m"), ("--ttl-ms", "60000"), ("--ttl-seconds", "60"), ("--ttl", "60s")]
)
async def test_kv_ttl(flo: Flo, server: FloTestServer, ttl: tuple[str, str]) -> None:
    await flo("kv", "put", "k", "v", *ttl)
    await flo("kv", "put", "t", "v")
    await flo("kv", "touch", "t", *ttl)
    await server.advance(59_999)
    assert (await flo("kv", "exists", "k")).code == 0
    await server.advance(1)
    for key in ("k", "t"):
        assert (await flo("kv", "exists", key)).code == 1


async def test_kv_the_rest(flo: Flo) -> None:
    assert (await flo("kv", "incr", "n")).out == "1\n"
    assert (await flo("kv", "incr", "n", "5")).out == "6\n"
    assert (await flo("kv", "incr", "n", "-7")).out == "-1\n"
    await flo("kv", "put", "user:1", "a")
    await flo("kv", "put", "user:2", "b")
    page = await document(flo, "kv", "scan", "user:", "--limit", "1")
    assert [each["key"] for each in page["entries"]] == ["user:1"]
    assert page["has_more"] is True
    rest = await document(flo, "kv", "scan", "user:", "--cursor", page["cursor"])
    assert [each["key"] for each in rest["entries"]] == ["user:2"]
    assert (rest["cursor"], rest["has_more"]) == (None, False)
    history = await document(flo, "kv", "history", "n", "--limit", "2")
    assert [each["value"] for each in history] == ["-1", "6"]
    await flo("kv", "json-set", "doc", "$", '{"a": {"b": 1}}')
    await flo("kv", "json-set", "doc", "$.a.c", "[1, null]")
    assert await document(flo, "kv", "json-get", "doc") == {"a": {"b": 1, "c": [1, None]}}
    assert await document(flo, "kv", "json-get", "doc", "$.a.b") == 1
    assert (await flo("kv", "json-del", "doc", "$.a.b")).code == 0
    assert (await flo("kv", "json-del", "doc", "$.a.b")).code == 1
    assert (await flo("kv", "json-get", "doc", "$.a.b")).code == 1


async def test_kv_watch_shows_changes(flo: Flo, served: FloClient) -> None:
    await served.kv.put("k", "old")
    watching = asyncio.create_task(
        flo("--json", "kv", "watch", "k", "--from-version", "1", "--limit", "2")
    )
    await served.kv.put("k", "new")
    await served.kv.delete("k")
    shown = (await asyncio.wait_for(watching, 5)).json_lines
    assert [each["deleted"] for each in shown] == [False, True]
    assert shown[0]["value"] == "new"


# queue


async def test_queue_from_enqueue_to_ack(flo: Flo) -> None:
    seq = (await document(flo, "queue", "enqueue", "q", "work", "--priority", "5"))["seq"]
    assert (await document(flo, "queue", "peek", "q"))["messages"][0]["seq"] == seq
    [message] = (await document(flo, "queue", "dequeue", "q"))["messages"]
    assert (message["seq"], message["payload"], message["priority"]) == (seq, "work", 5)
    stats = await document(flo, "queue", "stats", "q")
    assert (stats["ready"], stats["leased"], stats["enqueued_total"]) == (0, 1, 1)
    assert (await document(flo, "queue", "ack", "q", str(seq)))["done"] == [seq]
    assert (await flo("queue", "ack", "q", "999")).code == 3
    assert (await flo("queue", "dequeue", "q")).code == 1


async def test_queue_options(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "q", "later", "--delay-ms", "5000", "--dedup-key", "d")
    await flo("queue", "enqueue", "q", "again", "--dedup-key", "d")
    assert (await flo("queue", "dequeue", "q")).code == 1
    await server.advance(5_000)
    options = ("--count", "5", "--visibility-timeout-ms", "1000", "--block-ms", "0")
    [message] = (await document(flo, "queue", "dequeue", "q", *options))["messages"]
    assert message["payload"] == "later"
    await server.advance(1_000)
    [message] = (await document(flo, "queue", "dequeue", "q", "--ack-mode", "on_delivery"))[
        "messages"
    ]
    assert message["attempt"] == 2
    await server.advance(60_000)
    assert (await flo("queue", "dequeue", "q")).code == 1
    assert (await flo("queue", "dequeue", "q", "--ack-mode", "never")).code == 3


async def test_queue_dead_letters(flo: Flo) -> None:
    await flo("queue", "enqueue", "q", "bad")
    [message] = (await document(flo, "queue", "dequeue", "q"))["messages"]
    seq = str(message["seq"])
    await flo("queue", "nack", "q", seq, "--to-dlq", "--error", "no good")
    [dead] = (await document(flo, "queue", "dlq", "list", "q"))["messages"]
    assert (dead["reason"], dead["error"]) == ("nacked", "no good")
    assert (await flo("queue", "dlq", "requeue", "q", seq)).code == 0
    assert (await flo("queue", "dlq", "requeue", "q", seq)).code == 1
    assert [each["name"] for each in (await document(flo, "queue", "list"))["items"]] == ["q"]
    assert (await document(flo, "queue", "purge", "q"))["purged"] == 1


# stream


async def test_stream_append_and_read(flo: Flo) -> None:
    options = ("--partition-key", "ada", "--header", "a=b")
    first = await document(flo, "stream", "append", "s", "one", *options)
    await flo("stream", "append", "s", "-", stdin=b"two\n")
    [one, two] = (await document(flo, "stream", "read", "s"))["records"]
    assert one["id"] == first["id"]
    assert (one["payload"], one["headers"], one["partition_key"]) == ("one", {"a": "b"}, "ada")
    assert two["payload"] == "two\n"
    for place in (("--after", one["id"]), ("--start", two["id"]), ("--offset", "1")):
        assert (await document(flo, "stream", "read", "s", *place))["records"] == [two]
    assert (await document(flo, "stream", "read", "s", "--end", one["id"]))["records"] == [one]
    assert len((await document(flo, "stream", "read", "s", "--limit", "1"))["records"]) == 1
    assert (await flo("stream", "read", "s", "--start", "$")).code == 1
    assert (await flo("stream", "read", "s", "--tail")).code == 1


async def test_stream_read_follow(flo: Flo, server: FloTestServer, served: FloClient) -> None:
    await served.stream.append("s", b"old")
    following = asyncio.create_task(flo("stream", "read", "s", "--follow", "--limit", "2"))
    while not server.server.commit.queries.waiters:  # noqa: ASYNC110 # it connects in a thread
        await asyncio.sleep(0)
    await served.stream.append("s", b"new")
    result = await asyncio.wait_for(following, 5)
    assert [line.split("\t")[1] for line in result.out.splitlines()] == ["old", "new"]


async def test_stream_admin(flo: Flo) -> None:
    options = ("--partitions", "2", "--max-age-ms", "60000", "--max-records", "9")
    info = await document(flo, "stream", "create", "s", *options, "--max-bytes", "1000")
    assert (info["partitions"], info["max_age_ms"], info["max_records"]) == (2, 60_000, 9)
    assert info["max_bytes"] == 1000
    await flo("stream", "append", "s", "a", "b", "c")
    assert (await document(flo, "stream", "info", "s"))["count"] == 3
    assert (await document(flo, "stream", "list"))["items"][0]["name"] == "s"
    trimmed = await document(flo, "stream", "trim", "s", "--max-records", "1", "--dry-run")
    assert trimmed["removed"] == 2
    assert (await document(flo, "stream", "trim", "s", "--max-records", "1"))["removed"] == 2
    assert (await flo("stream", "delete", "s")).code == 3
    assert (await flo("stream", "delete", "s", "--force")).code == 0
    assert (await flo("stream", "delete", "s", "--force")).code == 1


async def test_stream_groups(flo: Flo) -> None:
    await flo("stream", "append", "s", "a", "b")
    created = await document(flo, "stream", "group", "create", "s", "g", "--mode", "exclusive")
    assert (created["name"], created["mode"], created["lag"]) == ("g", "exclusive", 2)
    joined = await document(flo, "stream", "group", "join", "s", "g", "c")
    assert joined["consumers"] == ["c"]
    [a, b] = (await document(flo, "stream", "group", "read", "s", "g", "c"))["records"]
    acked = await document(flo, "stream", "group", "ack", "s", "g", a["id"])
    assert acked == {"done": [a["id"]], "stale": []}
    pending = await document(flo, "stream", "group", "pending", "s", "g")
    assert [each["id"] for each in pending["items"]] == [b["id"]]
    assert (await flo("stream", "group", "nack", "s", "g", b["id"])).code == 0
    assert (await flo("stream", "group", "touch", "s", "g", b["id"])).code == 3
    claimed = await document(flo, "stream", "group", "claim", "s", "g", "c", "--min-idle-ms", "0")
    assert claimed["records"][0]["attempt"] == 2
    assert (await document(flo, "stream", "group", "info", "s", "g"))["pending"] == 1
    assert (await flo("stream", "group", "dead", "s", "g")).code == 1
    assert (await document(flo, "stream", "group", "list", "s"))["items"][0]["name"] == "g"
    assert (await document(flo, "stream", "group", "seek", "s", "g", "0"))["lag"] == 2
    assert (await flo("stream", "group", "leave", "s", "g", "c")).code == 0
    assert (await flo("stream", "group", "delete", "s", "g")).code == 0
    assert (await flo("stream", "group", "info", "s", "g")).code == 1


# namespaces, server


async def test_namespaces(flo: Flo) -> None:
    assert (await flo("ns", "create", "shop")).code == 0
    await flo("-n", "shop", "kv", "put", "k", "v")
    names = [each["name"] for each in (await document(flo, "ns", "list"))["items"]]
    assert "shop" in names
    assert (await flo("ns", "delete", "shop")).code == 3
    assert (await flo("ns", "delete", "shop", "--force")).code == 0
    assert (await flo("ns", "delete", "shop", "--force")).code == 1
    assert (await flo("-n", "shop", "kv", "get", "k")).code == 1


async def test_server_info(flo: Flo) -> None:
    info = await document(flo, "server", "info")
    assert info["durability"] == "sync"
    assert info["limits"]["value_bytes_max"] == 1024 * 1024
    assert info["uptime_ms"] >= 0
    assert info["version"]


@contextmanager
def started(*options: str, how_it_ends: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """`flo server start` as a process of its own; where it listens."""
    command = [sys.executable, "-m", "floruntime", "server", "start", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            said = iter(process.stderr.readline, "")
            match = next(
                filter(None, (re.search(r"127\.0\.0\.1:\d+", line) for line in said)), None
            )
            assert match is not None
            yield match[0]
        finally:
            process.send_signal(how_it_ends)
            process.communicate(timeout=30)
        assert process.returncode == (0 if how_it_ends == signal.SIGTERM else -how_it_ends)


async def test_a_killed_server_keeps_what_it_answered_and_its_backup_starts(
    tmp_path: Path,
) -> None:
    data, copy = str(tmp_path / "data"), str(tmp_path / "copy")
    with started("--data-dir", data, how_it_ends=signal.SIGKILL) as endpoint:
        async with FloClient(endpoint) as client:
            await client.queue.enqueue("jobs", b"job")
            [job] = (await client.queue.dequeue("jobs")).messages
            async with client.batch() as batch:
                batch.queue.ack("jobs", [job])
                batch.kv.incr("done")
                batch.stream.append("events", b"done")
            backup = await asyncio.to_thread(invoke, ("--host", endpoint, "--json", "backup", copy))
            assert backup.code == 0, backup.err
            await client.stream.append("events", b"after the backup")
    for directory, events in ((data, 2), (copy, 1)):
        verified = invoke(("--json", "verify", directory))
        assert (verified.code, verified.json["is_sound"]) == (0, True)
        with started("--data-dir", directory) as endpoint:
            async with FloClient(endpoint) as client:
                assert await client.kv.get("done") == b"1"
                assert len((await client.stream.read("events")).records) == events
                assert (await client.queue.stats("jobs")).leased == 0


def test_server_settings_from_flags_environment_and_file(tmp_path: Path) -> None:
    (tmp_path / "flo.toml").write_text('durability = "async"\nlog_format = "json"\n')
    environment = {**os.environ, "FLO_PORT": "0", "FLO_DURABILITY": "ephemeral"}
    command = [sys.executable, "-m", "floruntime", "server", "start", "--config", "flo.toml"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=30)
    assert "ephemeral" in json.dumps(json.loads(line))
    assert process.returncode == 0


@pytest.mark.parametrize(
    "flags",
    [("--durability", "maybe"), ("--port", "70000"), ("--config", "missing.toml"), ("--nonsense",)],
    ids=" ".join,
)
def test_bad_server_settings_are_usage_errors(flags: tuple[str, ...], tmp_path: Path) -> None:
    result = invoke(("server", "start", "--data-dir", str(tmp_path / "data"), *flags))
    assert result.code == 2
    assert result.err.startswith("error: ")
