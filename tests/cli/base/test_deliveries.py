"""What was taken and could not be shown goes back, and is told."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, Result

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


def onto_a_full_disk(server: FloTestServer, *arguments: str) -> Result:
    command = [sys.executable, "-m", "floruntime", "--host", server.endpoint, "--json", *arguments]
    with FULL.open("wb") as out:
        ended = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
    return Result(ended.returncode, b"", ended.stderr.decode())


def into_a_pipe_that_nobody_reads(server: FloTestServer, *arguments: str) -> Result:
    command = [sys.executable, "-m", "floruntime", "--host", server.endpoint, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read().decode()
    return Result(process.returncode, b"", told)


async def error_of(server: FloTestServer, *arguments: str) -> Any:
    result = await asyncio.to_thread(onto_a_full_disk, server, *arguments)
    assert result.code == 5
    return result.error


async def test_messages_go_back_with_no_attempt_counted(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "q", "one", "two")
    error = await error_of(server, "queue", "dequeue", "q", "--count", "5")
    assert (error["error"], error["ran"]) == ("output", "yes")
    assert (error["taken"], error["handed_back"]) == (["1", "2"], True)
    left = (await flo("--json", "queue", "peek", "q", "--count", "5")).json["messages"]
    assert [(each["seq"], each["attempt"]) for each in left] == [(1, 0), (2, 0)]


async def test_a_reader_that_has_gone_is_told_too(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "q", "one")
    gone = await asyncio.to_thread(into_a_pipe_that_nobody_reads, server, "queue", "dequeue", "q")
    assert gone.code == 141
    assert "taken: 1, which were handed back" in gone.err
    assert (await flo("queue", "peek", "q")).code == 0
    gone = await asyncio.to_thread(into_a_pipe_that_nobody_reads, server, "kv", "incr", "k")
    assert (gone.code, "it has taken effect" in gone.err) == (141, True)


async def test_what_was_acked_on_delivery_is_named(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "q", "one")
    error = await error_of(server, "queue", "dequeue", "q", "--ack")
    assert (error["taken"], error["handed_back"], error["ran"]) == (["1"], False, "yes")
    assert "do not come again" in error["message"]


async def test_records_go_back_to_their_group(flo: Flo, server: FloTestServer) -> None:
    id = (await flo("stream", "append", "s", "one")).out.strip()
    read = ("stream", "group", "read", "s", "g")
    error = await error_of(server, *read, "me")
    assert (error["taken"], error["handed_back"]) == ([id], True)
    [record] = (await flo("--json", *read, "you")).json["records"]
    assert (record["id"], record["attempt"]) == (id, 1)
    error = await error_of(server, "stream", "group", "claim", "s", "g", "me", "--min-idle", "0ms")
    assert (error["taken"], error["handed_back"]) == ([id], True)
    error = await error_of(server, *read, "me", "--no-ack")
    assert error["handed_back"] is False


async def test_nothing_taken_is_nothing_to_hand_back(server: FloTestServer) -> None:
    error = await error_of(server, "queue", "dequeue", "empty")
    assert error["error"] == "output"
    assert "taken" not in error


async def test_a_write_whose_answer_was_lost_on_the_way_out_has_run(
    flo: Flo, server: FloTestServer
) -> None:
    error = await error_of(server, "kv", "incr", "count")
    assert (error["error"], error["ran"]) == ("output", "yes")
    assert (await flo("kv", "get", "count")).out == "1\n"
    assert (await error_of(server, "kv", "get", "count"))["ran"] == "no"


async def test_a_token_that_nobody_saw_is_revoked(
    flo: Flo, server: FloTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLO_TOKEN", (await flo("token", "create", "--role", "admin")).out.strip())
    error = await error_of(server, "token", "create", "--role", "web")
    assert "it is revoked" in error["message"]
    rows = (await flo("token", "list", "--json")).json["items"]
    [lost] = [each for each in rows if each["id"] == error["token_id"]]
    assert lost["revoked_at_ms"] is not None
