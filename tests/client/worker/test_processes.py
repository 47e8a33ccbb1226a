"""Processes for handlers: each dies alone, and what never began is not executed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from floruntime.client.worker import processes as module
from floruntime.client.worker.failures import HandlerFailed
from floruntime.client.worker.processes import Processes
from floruntime.client.worker.threads import Threads


@asynccontextmanager
async def processes_of(limit: int) -> AsyncIterator[Processes]:
    threads = Threads("test")
    processes = Processes(limit, threads)
    yield processes
    processes.close()
    threads.close()


def nothing() -> None:
    """For handlers of which nobody wants to know when they begin."""


# Handlers, run over there


def process_id(context: Any) -> int:
    return os.getpid()


def die(context: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave(context: Any) -> None:
    sys.exit(3)


def unsendable(context: Any) -> Any:
    return lambda: None


def hear_sigterm(context: Any) -> str:
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"


def wait_for(path: str) -> str:
    """Says that it has begun, and waits for the test to write into a named pipe."""
    Path(path + ".begun").touch()
    return Path(path).read_text()


def pipe(directory: Path, name: str) -> Path:
    os.mkfifo(directory / name)
    return directory / name


async def until(path: Path) -> None:
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 # another process makes it
            await asyncio.sleep(0)


async def test_a_process_is_kept_for_the_next_handler() -> None:
    async with processes_of(2) as processes:
        first = await processes.run(process_id, None, nothing)
        assert first != os.getpid()
        assert await processes.run(process_id, None, nothing) == first


async def test_one_that_dies_takes_no_other_with_it(tmp_path: Path) -> None:
    async with processes_of(2) as processes:
        path = pipe(tmp_path, "go")
        sibling = asyncio.create_task(processes.run(wait_for, str(path), nothing))
        await until(tmp_path / "go.begun")
        with pytest.raises(HandlerFailed, match="ended abruptly") as raised:
            await processes.run(die, None, nothing)
        assert raised.value.is_lost
        assert raised.value.retry
        assert isinstance(await processes.run(process_id, None, nothing), int)
        path.write_text("through")
        assert await sibling == "through"


async def test_an_idle_one_that_dies_costs_nothing() -> None:
    async with processes_of(1) as processes:
        first = await processes.run(process_id, None, nothing)
        os.kill(first, signal.SIGKILL)
        assert await processes.run(process_id, None, nothing) != first


async def test_whatever_a_handler_does_is_told() -> None:
    async with processes_of(1) as processes:
        for function, text in ((leave, "SystemExit: 3"), (unsendable, "pickle")):
            with pytest.raises(HandlerFailed, match=text):
                await processes.run(function, None, nothing)
        with pytest.raises(Exception, match="pickle"):
            await processes.run(lambda context: None, None, nothing)
        assert isinstance(await processes.run(process_id, None, nothing), int)


async def test_signals_are_left_to_the_parent() -> None:
    async with processes_of(1) as processes:
        assert await processes.run(hear_sigterm, None, nothing) == "went on"


async def test_one_that_was_cancelled_before_a_process_was_free_never_begins(
    tmp_path: Path,
) -> None:
    begun: list[str] = []
    async with processes_of(1) as processes:
        first, other = pipe(tmp_path, "first"), pipe(tmp_path, "other")
        at_work = asyncio.create_task(
            processes.run(wait_for, str(first), lambda: begun.append("first"))
        )
        await until(tmp_path / "first.begun")
        waiting = asyncio.create_task(
            processes.run(wait_for, str(other), lambda: begun.append("other"))
        )
        for _ in range(5):
            await asyncio.sleep(0)
        waiting.cancel()
        first.write_text("through")
        assert await at_work == "through"
        assert isinstance(await processes.run(process_id, None, nothing), int)
        assert begun == ["first"]
        assert not (tmp_path / "other.begun").exists()


async def test_one_that_is_cancelled_while_it_runs_is_killed(tmp_path: Path) -> None:
    async with processes_of(1) as processes:
        stuck = asyncio.create_task(processes.run(wait_for, str(pipe(tmp_path, "never")), nothing))
        await until(tmp_path / "never.begun")
        stuck.cancel()
        async with asyncio.timeout(20):
            await asyncio.wait([stuck])
        assert stuck.cancelled()
        assert isinstance(await processes.run(process_id, None, nothing), int)


async def test_a_process_that_cannot_begin_is_told_and_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[int] = []

    class Dying(module.Child):
        """Its process ends before it does anything."""

        def _start(self) -> None:
            super()._start()
            started.append(1)
            self.kill()

    monkeypatch.setattr(module, "Child", Dying)
    async with processes_of(1) as processes:
        with pytest.raises(HandlerFailed, match="ended before the handler began") as raised:
            await processes.run(process_id, None, nothing)
        assert raised.value.is_lost
        assert len(started) == module.STARTS_MAX
