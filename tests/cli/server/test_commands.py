"""`flo server`, `ping`, `backup` and `verify`; the server itself as a real process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from floruntime.core.version import VERSION
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, invoke

FLO = [sys.executable, "-m", "floruntime"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FLO, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def started(cwd: Path, *options: str) -> Iterator[str]:
    """A server process on a free port; its `HOST:PORT`. Stopped by SIGTERM, cleanly."""
    command = [*FLO, "server", "start", "--port", "0", *options]
    with subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            match = re.search(r"ready on (\S+:\d+)", line)
            assert match, line
            yield match[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[FloTestServer]:
    async with FloTestServer(data_dir=str(tmp_path / "data")) as running:
        yield running


async def test_ping_tells_the_time(flo: Flo) -> None:
    assert re.fullmatch(r"\d+\.\d\d ms\n", (await flo("ping")).out)
    assert (await flo("ping", "--json")).json["time_ms"] > 0


async def test_info_tells_about_the_server(flo: Flo) -> None:
    info = (await flo("server", "info", "--json")).json
    assert info["version"] == VERSION
    assert info["durability"] == "sync"
    assert info["data_dir"] is None
    assert "in memory" in (await flo("server", "info")).out


async def test_backup_copies_and_verify_finds_it_sound(
    disk: FloTestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with disk.client() as client:
        await client.kv.put("key", "value")
    result = await asyncio.to_thread(invoke, ("--host", disk.endpoint, "backup", "copy", "--json"))
    assert result.json == {"directory": str(tmp_path / "copy")}
    again = await asyncio.to_thread(invoke, ("--host", disk.endpoint, "backup", "copy"))
    assert again.code == 3
    sound = invoke(("verify", "copy", "--json"))
    assert sound.json["is_sound"] is True
    assert sum(sound.json["rows"].values()) > 0
    assert invoke(("verify", "copy")).out.startswith("sound: ")
    kept = await asyncio.to_thread(invoke, ("--host", "file:copy", "kv", "get", "key"))
    assert kept.out == "value\n"


async def test_backup_of_a_server_in_memory_is_refused(flo: Flo, tmp_path: Path) -> None:
    assert (await flo("backup", str(tmp_path / "copy"))).code == 3


async def test_verify_of_a_directory_in_use_fails(disk: FloTestServer, tmp_path: Path) -> None:
    result = invoke(("verify", str(tmp_path / "data")))
    assert result.code == 5
    assert "in use by process" in result.err


def test_verify_of_no_data_directory_fails(tmp_path: Path) -> None:
    result = invoke(("verify", str(tmp_path)))
    assert result.code == 5
    assert "is not a data directory" in result.err


def test_verify_of_a_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.touch()
    result = invoke(("verify", str(file)))
    assert result.code == 5
    assert f"{file} is a file, not a data directory" in result.err


def _damage(data: Path) -> None:
    (data / "witness").write_bytes(b"damaged")


async def test_verify_tells_what_is_damaged_and_accepts_the_loss(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with FloTestServer(data_dir=str(data)) as server, server.client() as client:
        await client.kv.put("key", "value")
    _damage(data)
    damaged = invoke(("verify", str(data)))
    assert damaged.code == 5
    assert damaged.out.startswith("damaged: ")
    assert "has 1 problem" in damaged.err.splitlines()[-1]
    start = ("server", "start", "--data-dir", str(data), "--port", "0")
    refused = await asyncio.to_thread(run, *start, cwd=tmp_path)
    assert refused.returncode == 5
    assert "flo verify" in refused.stderr
    accepted = invoke(("verify", str(data), "--accept-loss", "--json"))
    assert (accepted.code, accepted.json["was_accepted"]) == (0, True)
    assert invoke(("verify", str(data))).code == 0


def test_a_server_starts_serves_and_keeps_its_data(tmp_path: Path) -> None:
    with started(tmp_path, "--data-dir", "data") as host:
        put = run("kv", "put", "key", "value", "--host", host, cwd=tmp_path)
        assert (put.returncode, put.stdout) == (0, "version 1\n")
    with started(tmp_path, "--data-dir", "data", "--durability", "async") as host:
        got = run("--host", host, "--json", "kv", "get", "key", cwd=tmp_path)
        assert json.loads(got.stdout)["value"] == "value"
        info = run("--host", host, "--json", "server", "info", cwd=tmp_path)
        assert json.loads(info.stdout)["data_dir"] == str(tmp_path / "data")
        assert json.loads(info.stdout)["durability"] == "async"


def test_flags_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flo.toml").write_text('durability = "async"\nlog_format = "json"\ndata_dir = "a"')
    monkeypatch.setenv("FLO_DATA_DIR", "b")
    with started(tmp_path, "--durability", "ephemeral", "--log-format", "text") as host:
        info = run("--host", host, "--json", "server", "info", cwd=tmp_path)
        assert json.loads(info.stdout)["durability"] == "ephemeral"
    with started(tmp_path, "--log-format", "text") as host:
        info = run("--host", host, "--json", "server", "info", cwd=tmp_path)
        assert json.loads(info.stdout)["data_dir"] == str(tmp_path / "b")
        assert json.loads(info.stdout)["durability"] == "async"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--durability", "maybe"), "maybe"),
        (("--port", "70000"), "port is 70000"),
        (("--bind", "0.0.0.0"), "--insecure"),
        (("--config", "nope.toml"), "nope.toml cannot be read"),
        (("--log-level", "loud"), "loud"),
        (("--host", "0.0.0.0"), "--bind"),
        (("-n", "shop"), "--namespace is for clients"),
    ],
)
def test_a_bad_setting_is_a_usage_error(
    options: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(("server", "start", *options))
    assert result.code == 2
    assert said in result.err
    assert result.err.count("\n") == 1


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("server", "start", "--port", port, "--data-dir", "data", cwd=tmp_path)
    assert result.returncode == 5
    expected = (
        f"error: cannot listen on 127.0.0.1:{port}: address already in use; "
        "end what listens there, or give another --port\n"
    )
    assert result.stderr == expected


def test_an_address_that_is_not_ours_is_one_clear_line(tmp_path: Path) -> None:
    foreign = ("--bind", "192.0.2.1", "--insecure", "--port", "9", "--durability", "ephemeral")
    result = run("server", "start", *foreign, cwd=tmp_path)
    assert result.returncode == 5
    assert result.stderr.startswith("error: cannot listen on 192.0.2.1:9: ")
    assert result.stderr.count("\n") == 1


async def test_a_data_directory_in_use_is_one_clear_line(
    disk: FloTestServer, tmp_path: Path
) -> None:
    data_dir = str(tmp_path / "data")
    result = await asyncio.to_thread(
        run, "server", "start", "--port", "0", "--data-dir", data_dir, cwd=tmp_path
    )
    assert result.returncode == 5
    assert f"in use by process {os.getpid()}" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_data_directory_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    result = run("server", "start", "--port", "0", "--data-dir", "/proc/data", cwd=tmp_path)
    assert result.returncode == 5
    assert result.stderr == (
        "error: cannot use the data directory /proc/data: No such file or directory\n"
    )


def test_a_file_where_the_data_directory_should_be_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("server", "start", "--port", "0", "--data-dir", "file/data", cwd=tmp_path)
    assert result.returncode == 5
    assert f"{tmp_path}/file is a file" in result.stderr
    assert result.stderr.count("\n") == 1
