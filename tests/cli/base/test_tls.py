"""TLS and the signal that reads it anew, with the server as a real process and its own loop."""

from __future__ import annotations

import shutil
import signal
import ssl
from pathlib import Path

import pytest

from floruntime.cli.base.tls import Tls
from floruntime.web import FloClient as WebClient
from tests.cli.conftest import invoke
from tests.cli.server.test_commands import run, started
from tests.crash.process import ServerProcess
from tests.server.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_server_speaks_tls_and_asks_for_certificates(
    tmp_path: Path, authority: Authority
) -> None:
    cert, key = authority.issue("127.0.0.1")
    clients = Authority(tmp_path, "clients")
    shown = clients.issue("me")
    options = ("--durability", "ephemeral", "--tls-cert", cert, "--tls-key", key)
    with started(tmp_path, *options, "--tls-client-ca", clients.file) as host:
        known = ("--host", host, "--tls-ca", authority.file)
        mine = ("--client-cert", shown[0], "--client-key", shown[1])
        assert run("kv", "put", "k", "v", *known, *mine, cwd=tmp_path).returncode == 0
        page = run("kv", "get", "k", "--host", f"wss://{host}/ws", *known[2:], *mine, cwd=tmp_path)
        assert page.stdout == "v\n", page.stderr
        for other in (known, ("--host", host), ("--host", host, "--tls")):
            refused = run("kv", "get", "k", *other, "--timeout", "3s", cwd=tmp_path)
            assert refused.returncode == 4, refused.stderr


async def test_sighup_reads_the_certificate_anew(tmp_path: Path, authority: Authority) -> None:
    cert, key = authority.issue("127.0.0.1")
    other = Authority(tmp_path, "other")
    options = ("--tls-cert", cert, "--tls-key", key)
    async with ServerProcess(str(tmp_path / "data"), options=options) as server:
        endpoint = f"wss://127.0.0.1:{server.port}/ws"
        async with WebClient(endpoint, tls=authority.client()) as old:
            for fresh, file in zip(other.issue("127.0.0.1"), (cert, key), strict=True):
                shutil.copy(fresh, file)
            server.send(signal.SIGHUP)
            await server.said("reloaded")
            async with WebClient(endpoint, tls=other.client()) as new:
                await new.streams.append("s", b"new")
            assert len((await old.streams.read("s")).records) == 1
            Path(key).write_text("nothing")  # noqa: ASYNC240 # a few bytes
            server.send(signal.SIGHUP)
            await server.said("stays in use")
            async with WebClient(endpoint, tls=other.client()) as new:
                await new.streams.append("s", b"newer")
        assert await server.stop() == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--tls-ca", "missing.pem"), "--tls-ca missing.pem: No such file"),
        (("--client-cert", "missing.pem"), "--client-cert missing.pem: No such file"),
        (("--client-key", "key.pem"), "without --client-cert"),
    ],
)
def test_files_that_cannot_be_used_are_usage_errors(options: tuple[str, ...], told: str) -> None:
    result = invoke((*options, "kv", "get", "k"))
    assert result.code == 2
    assert told in result.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--tls-cert", "c.pem"), "without tls_key"),
        (("--tls-cert", "c.pem", "--tls-key", "k.pem"), "No such file"),
    ],
)
def test_a_servers_files_that_cannot_be_used_are_usage_errors(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    start = ("server", "start", "--durability", "ephemeral", "--port", "0")
    result = run(*start, *options, cwd=tmp_path)
    assert result.returncode == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_any_of_its_options_there_is_no_tls() -> None:
    assert Tls().context() is None
    assert isinstance(Tls(is_wanted=True).context(), ssl.SSLContext)


async def test_a_signal_without_a_certificate_does_no_harm(tmp_path: Path) -> None:
    async with ServerProcess(str(tmp_path / "data")) as server:
        server.send(signal.SIGHUP)
        await server.said("no certificate to reload")
        assert await server.stop() == 0
