"""Exit codes, errors, global options: what all commands share."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from floruntime.cli.base.run import exit_code_of
from floruntime.cli.main import hoist
from floruntime.core import errors
from floruntime.core.version import VERSION
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, invoke


def free_endpoint() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_no_server_is_exit_code_4() -> None:
    result = invoke(("--host", free_endpoint(), "ping"))
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith("error: cannot connect to 127.0.0.1:")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("kv", "watch", "key"), ("stream", "read", "events", "--follow")]
)
def test_following_begins_with_a_server(arguments: tuple[str, ...]) -> None:
    assert invoke(("--host", free_endpoint(), *arguments)).code == 4


def test_errors_are_json_objects_with_json() -> None:
    result = invoke(("ping", "--json", "--host", free_endpoint()))
    assert result.code == 4
    assert result.error["error"] == "connection_failed"
    assert result.error["ran"] == "no"
    assert set(result.error) == {"error", "message", "ran"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("kv", "nonsense"),
        ("kv", "get"),
        ("kv", "get", "key", "--nonsense"),
        ("kv", "put", "key", "value", "--ttl", "soon"),
        ("kv", "scan", "--limit", "many"),
        ("queue", "ack", "jobs", "one"),
        ("queue", "enqueue", "jobs", "a", "b", "--dedup-key", "k"),
        ("queue", "dlq", "requeue", "jobs"),
        ("stream", "read", "events", "--follow", "--end", "1-0"),
        ("--timeout", "x", "ping"),
        ("token", "create", "--role", "king"),
    ],
)
def test_usage_errors_are_exit_code_2_and_one_line(arguments: tuple[str, ...]) -> None:
    arguments = ("--host", "127.0.0.1:1", *arguments)
    result = invoke(arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert "Value error" not in result.err
    assert "Input should" not in result.err
    assert result.err.count("\n") == 1
    assert invoke((*arguments, "--json")).error["error"] == "usage"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFoundError("x"), 1),
        (errors.ConflictError("x"), 3),
        (errors.BadRequestError("x"), 3),
        (errors.GapError("x"), 3),
        (errors.UnauthorizedError("x"), 3),
        (errors.ForbiddenError("x"), 3),
        (errors.ConnectionFailedError("x"), 4),
        (errors.NotConnectedError("x"), 4),
        (errors.RequestTimeoutError("x"), 4),
        (errors.OverloadedError("x"), 5),
        (errors.StorageFullError("x"), 5),
        (errors.UnavailableError("x"), 5),
        (errors.ProtocolError("x"), 5),
        (errors.InternalServerError("x"), 5),
    ],
)
def test_every_error_has_its_exit_code(error: errors.FloError, code: int) -> None:
    assert exit_code_of(error) == code


async def test_a_bad_request_is_refused(flo: Flo) -> None:
    result = await flo("kv", "scan", "--limit", "5000")
    assert result.code == 3
    assert "limit is 5000" in result.err


@pytest.mark.parametrize("address", ["host:port", "flo://host:9000/shop?caa=x"])
def test_a_bad_address_is_an_error_of_usage(address: str) -> None:
    result = invoke(("--host", address, "ping"))
    assert (result.code, result.err.count("\n")) == (2, 1)


def test_the_host_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLO_HOST", free_endpoint())
    assert os.environ["FLO_HOST"] in invoke(("ping",)).err


def test_a_server_inside_the_process_will_do() -> None:
    assert invoke(("--host", "memory://", "kv", "incr", "counter")).out == "1\n"


def test_an_unexpected_error_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("floruntime.cli.main.Settings", broken)
    result = invoke(("ping",))
    assert (result.code, result.err) == (5, "error: RuntimeError: out of luck\n")
    monkeypatch.setenv("FLO_DEBUG", "1")
    with pytest.raises(RuntimeError):
        invoke(("ping",))


def test_what_only_a_server_has_is_said_how_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "floruntime.cli.server.verify", raising=False)
    monkeypatch.setitem(sys.modules, "floruntime.server.data.verify", None)
    assert "ModuleNotFoundError" in invoke(("verify", "d")).err, "a fault of ours is one"

    def broken(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'rocksdict'", name="rocksdict")

    monkeypatch.setattr("floruntime.cli.main.Settings", broken)
    message = "this needs packages that are not installed: pip install 'floruntime[server]'"
    assert invoke(("ping",)).err == f"error: {message} (No module named 'rocksdict')\n"


def test_version() -> None:
    assert invoke(("--version",)).out == f"flo {VERSION}\n"


def test_nothing_asked_shows_the_help() -> None:
    for arguments in ((), ("kv",), ("stream", "group")):
        result = invoke(arguments)
        assert result.code == 2
        assert "Commands:" in result.err.splitlines()


def test_global_options_may_follow_the_command() -> None:
    after = ["kv", "get", "key", "--json", "-n", "shop", "--host=a:1", "--token", "t", "-nother"]
    before = ["--json", "-n", "shop", "--host=a:1", "--token", "t", "-nother", "kv", "get", "key"]
    assert hoist(after) == before
    assert hoist(["kv", "put", "key", "--", "--json"]) == ["kv", "put", "key", "--", "--json"]
    assert hoist(["kv", "get", "key", "-n"]) == ["-n", "kv", "get", "key"]


async def test_an_option_behind_two_dashes_is_a_value(flo: Flo) -> None:
    await flo("kv", "put", "key", "--", "--json")
    assert (await flo("kv", "get", "key")).out == "--json\n"


def test_a_real_process_has_the_same_exit_codes(tmp_path: Path) -> None:
    for module in ("floruntime", "floruntime.cli.main"):
        command = [sys.executable, "-m", module, "--host", free_endpoint(), "ping"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert result.returncode == 4
        assert result.stderr.count("\n") == 1


async def test_an_interrupt_is_quiet(server: FloTestServer, tmp_path: Path) -> None:
    async with server.client() as client:
        await client.kv.put("key", "value")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "floruntime", "--host", server.endpoint),
        *("kv", "watch", "key", "--from-version", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"1\tput\tkey\tvalue\n"
    process.send_signal(signal.SIGINT)
    _, complaint = await process.communicate()
    assert (process.returncode, complaint) == (130, b"")


async def test_a_reader_that_goes_away_is_no_error(server: FloTestServer, tmp_path: Path) -> None:
    async with server.client() as client:
        for _ in range(3):
            await client.kv.put("key", b"x" * 100_000)
    code, complaint = await asyncio.to_thread(_read_only_a_little, server.endpoint, tmp_path)
    assert (code, complaint) == (141, b"")


def _read_only_a_little(endpoint: str, cwd: Path) -> tuple[int, bytes]:
    watch = ("kv", "watch", "key", "--from-version", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "floruntime", "--host", endpoint, *watch],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        complaint = process.stderr.read()
    return process.returncode, complaint
