"""Real processes, of servers and of workers: started, killed, ended by whoever started them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections import deque
from pathlib import Path
from typing import Self

from tests.until import until

READY_SECONDS_MAX = 60
LINES_KEPT = 200
ROOT = Path(__file__).resolve().parents[2]


def command_line(data_dir: str, port: int, durability: str) -> list[str]:
    """How a server is started: the only place that knows."""
    options = {"--port": str(port), "--data-dir": data_dir, "--durability": durability}
    told = [text for option in options.items() for text in option]
    return [sys.executable, "-m", "floruntime", "server", "start", *told]


def free_port() -> int:
    """A port on loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class LoggedProcess:
    """One process, whose log tells when it is ready. It can be started again after its end."""

    READY_MARK = ""
    READY_SECONDS = READY_SECONDS_MAX

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        #: Variables beside this process's own.
        self.environment: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._spoke = asyncio.Event()

    @property
    def command(self) -> list[str]:
        """How it is started."""
        raise NotImplementedError

    @property
    def log(self) -> str:
        """The last lines that it wrote."""
        return "\n".join(self.lines)

    @property
    def is_launched(self) -> bool:
        """Whether it was ever started."""
        return self._process is not None

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was never started"
        return self._process.pid

    async def launch(self, fail_point: str | None = None) -> None:
        """Start the process without waiting until it is ready."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FLO_")}
        environment |= self.environment
        if fail_point is not None:
            environment["FLO_FAIL_POINT"] = fail_point
        self._ready = asyncio.Event()
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=ROOT,
        )
        self._reading = asyncio.create_task(self._read_lines(self._process))

    async def start(self, fail_point: str | None = None) -> None:
        """Start, and wait until it is ready (or until its fail point has killed it)."""
        await self.launch(fail_point)
        await self.ready(may_end=fail_point is not None)

    async def ready(self, *, may_end: bool = False) -> None:
        """Wait until a launched process is ready, or, if it `may_end` before, has ended."""
        assert self._reading is not None
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait(
            [ready, self._reading],
            timeout=self.READY_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        ready.cancel()
        if not self._ready.is_set() and not (may_end and self._reading.done()):
            raise AssertionError(f"it did not start:\n{self.log}")

    async def _read_lines(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            text = line.decode(errors="replace").rstrip()
            self.lines.append(text)
            self._spoke.set()
            if self.READY_MARK in text:
                self._ready.set()

    async def said(self, text: str) -> None:
        """Wait until its log has a line with `text`."""
        async with asyncio.timeout(READY_SECONDS_MAX):
            while text not in self.log:
                self._spoke.clear()
                await self._spoke.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended by itself."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def pause(self) -> None:
        """Send SIGSTOP, and wait until it has: what comes before may still be answered."""
        self.send(signal.SIGSTOP)
        status = Path(f"/proc/{self.pid}/stat")
        await until(lambda: status.read_text().rpartition(")")[2].split()[0] == "T")

    async def ended(self, timeout_s: float = READY_SECONDS_MAX) -> int:
        """Wait for its end; the exit code (negative: the signal that killed it)."""
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(timeout_s):
            code = await self._process.wait()
            await self._reading
        return code

    async def kill(self) -> int:
        """SIGKILL, and wait for the end."""
        self.send(signal.SIGKILL)
        return await self.ended()

    async def stop(self) -> int:
        """SIGTERM, and wait for the end."""
        self.send(signal.SIGTERM)
        return await self.ended()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            await self.kill()


class ServerProcess(LoggedProcess):
    """One server on `data_dir` and `port`."""

    READY_MARK = " ready on "

    def __init__(
        self,
        data_dir: str,
        *,
        port: int = 0,
        durability: str = "sync",
        options: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.options = options
        self.data_dir = data_dir
        self.port = port or free_port()
        self.durability = durability

    @property
    def command(self) -> list[str]:
        return [*command_line(self.data_dir, self.port, self.durability), *self.options]

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"


class WorkerProcess(LoggedProcess):
    """One worker as `tests/crash/worker_main.py` makes it, and where it notes what it does."""

    READY_MARK = ": at work"

    def __init__(self, endpoint: str, name: str, journal: Path, **options: float) -> None:
        super().__init__()
        self.name = name
        self._arguments = [endpoint, name, str(journal), json.dumps(options)]

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.crash.worker_main", *self._arguments]
