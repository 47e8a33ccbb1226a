"""Runs `flo` in a thread of this process against an in-process server."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
import typer

from floruntime.cli.base.run import run_command_line
from floruntime.cli.main import app
from floruntime.testing import FloTestServer

COMMAND = typer.main.get_command(app)


@dataclass
class Result:
    """How one run of `flo` ended."""

    code: int
    stdout: bytes
    err: str

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def error(self) -> Any:
        """The JSON error on standard error, which must be its only line."""
        assert self.err.count("\n") == 1, self.err
        return json.loads(self.err)


Flo = Callable[..., Coroutine[Any, Any, Result]]


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def invoke(arguments: tuple[str, ...], stdin: bytes = b"", tty: bool = False) -> Result:
    """Run `flo ARGUMENTS` here and now."""
    stream: Any = Terminal if tty else io.TextIOWrapper
    kept = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = stream(io.BytesIO(stdin), "utf-8")
    sys.stdout, sys.stderr = stream(out, "utf-8"), stream(err, "utf-8")
    try:
        code = run_command_line(COMMAND, arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        return Result(code, out.getvalue(), err.getvalue().decode())
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLO_HOST", "FLO_NAMESPACE", "FLO_TOKEN", "FLO_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def server() -> AsyncIterator[FloTestServer]:
    async with FloTestServer() as running:
        yield running


@pytest.fixture
def flo(server: FloTestServer) -> Flo:
    async def run(*arguments: str, stdin: bytes = b"", tty: bool = False) -> Result:
        full = ("--host", server.endpoint, *arguments)
        return await asyncio.to_thread(invoke, full, stdin, tty)

    return run
