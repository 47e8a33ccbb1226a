"""The servers under test: each a process of its own on a free loopback port, ended by its pid.

All keep their data below the directory they are given, so on the same disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench import process
from bench.flo import FloConnection
from bench.resp import RedisConnection
from bench.talk import BenchError

START_S_MAX = 120.0
STOP_S_MAX = 60.0
_POLL_S = 0.002
SETTLE_S_MAX = 60.0
_SETTLE_STEP_S = 0.3
_IDLE_CPU = 0.1

REDIS_MISSING = (
    "redis-server is missing, which the bench compares with: `sudo apt-get install redis-server` "
    "(without it: `python -m bench --only growth,footprint`)"
)


class Server:
    """One running server process."""

    def __init__(
        self,
        name: str,
        port: int,
        handle: subprocess.Popen[bytes],
        log: Path,
        companion: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.port = port
        self._process = handle
        self._log = log
        self._children = 0
        self._companion = companion

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def settle(self) -> None:
        """Wait until it has nothing left to do: no compaction, no rewriting child."""
        deadline_s = time.monotonic() + SETTLE_S_MAX
        while time.monotonic() < deadline_s:
            before_s = process.cpu_s(self.pid)
            time.sleep(_SETTLE_STEP_S)
            used = (process.cpu_s(self.pid) - before_s) / _SETTLE_STEP_S
            if used < _IDLE_CPU and process.children(self.pid) <= self._children:
                return
        raise BenchError(f"{self.name} was still busy {SETTLE_S_MAX:.0f} s after the load")

    def wait_until_ready(self, is_ready: Callable[[int], None]) -> None:
        """Poll until the server answers. Raises `BenchError` with its log where it does not."""
        deadline_s = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline_s:
            if self._process.poll() is not None:
                raise BenchError(f"{self.name} ended as it started:\n{self._log_tail()}")
            try:
                is_ready(self.port)
                self._children = process.children(self.pid)
                return
            except ConnectionRefusedError:
                time.sleep(_POLL_S)
            except OSError as error:
                raise BenchError(f"{self.name}: {error}:\n{self._log_tail()}") from error
        raise BenchError(f"{self.name} gave no answer in {START_S_MAX:.0f} s:\n{self._log_tail()}")

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise BenchError(f"{self.name} did not end in {STOP_S_MAX:.0f} s") from None
        finally:
            if self._companion:
                subprocess.run(self._companion, check=False, stdout=subprocess.DEVNULL)

    def _log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


def start_redis(directory: Path) -> Server:
    """Redis with a synced append-only file, and otherwise its defaults."""
    program = shutil.which("redis-server")
    if program is None:
        raise BenchError(REDIS_MISSING)
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)]
    command += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    return start("Redis", command, port, directory, _redis_is_ready)


def start_flo(
    directory: Path,
    python: str = sys.executable,
    options: Sequence[str] = (),
    tls: ssl.SSLContext | None = None,
) -> Server:
    """Flo with its defaults: `durability = sync`. `python`: that of its checkout; `options`: more
    of `flo server start`, and with `tls` those of its certificate.
    """
    port = free_port()
    command = [python, "-m", "floruntime.cli.main", "server", "start"]
    command += ["--port", str(port), "--bind", "127.0.0.1", "--data-dir", str(directory / "data")]
    return start("Flo", [*command, *options], port, directory, lambda port: flo_is_ready(port, tls))


def start(
    name: str,
    command: list[str],
    port: int,
    directory: Path,
    is_ready: Callable[[int], None],
    environment: dict[str, str] | None = None,
    companion: Sequence[str] = (),
) -> Server:
    """Start `command`, with `environment` beside ours, and wait until it answers.

    `companion`: what ends a process that it leaves running, once it has ended.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "log.txt"
    with log.open("ab") as output:
        handle = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    server = Server(name, port, handle, log, companion)
    try:
        server.wait_until_ready(is_ready)
    except BaseException:
        server.kill()
        raise
    return server


def _redis_is_ready(port: int) -> None:
    connection = RedisConnection(port)
    try:
        if connection.ask(b"PING") != b"PONG":
            raise BenchError(f"another program answers on port {port}")
    finally:
        connection.close()


def flo_is_ready(port: int, tls: ssl.SSLContext | None = None) -> None:
    """Greet the server; raises `ConnectionRefusedError` while nobody listens."""
    FloConnection(port, tls=tls).close()


START: dict[str, Callable[[Path], Server]] = {"Flo": start_flo, "Redis": start_redis}


@contextmanager
def serving(start_it: Callable[[Path], Server], directory: Path) -> Iterator[Server]:
    """A server on fresh data, while the block runs; then its data is removed."""
    server = start_it(directory)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def running(name: str, directory: Path) -> AbstractContextManager[Server]:
    """Flo or Redis on fresh data, while the block runs."""
    return serving(START[name], directory)


def running_checkout(checkout: Path, directory: Path) -> AbstractContextManager[Server]:
    """The Flo of a checkout, by the Python of its `.venv`, on fresh data while the block runs."""
    python = str(checkout / ".venv/bin/python")
    return serving(lambda data: start_flo(data, python), directory)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
