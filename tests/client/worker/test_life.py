"""What becomes of handlers in the life of a worker: stopped, drained, hanging, started anew."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from floruntime import ActionContext, ActionWorker, FloClient, RunStatus, StreamWorker
from floruntime.client.worker import life as module
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.testing import FloTestServer
from tests.client.worker.lives import living


def worker_of(**options: Any) -> ActionWorker:
    return ActionWorker("unused", **{"worker_id": "w", **options})


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 # anything may be waited for
            await asyncio.sleep(0)


def hang(ctx: ActionContext) -> None:
    """Over there: it says that it is at work, and never ends."""
    Path(ctx.payload.decode()).touch()
    threading.Event().wait()


# Stopping


async def test_a_handler_that_is_stopped_may_clean_up_before_its_run_goes_back() -> None:
    seen: list[tuple[str, RunStatus]] = []
    worker = worker_of(drain_timeout_ms=0)
    async with FloTestServer() as server, server.client() as client:

        @worker.action("slow")
        async def slow(ctx: ActionContext) -> None:
            seen.append(("begun", RunStatus.RUNNING))
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(50):
                    await client.ping()
                seen.append(("clean", (await client.action.status(ctx.task_id)).status))

        async with living(worker, server.endpoint):
            run_id = (await client.action.invoke("slow")).run_id
            await until(lambda: seen)
        assert seen[1:] == [("clean", RunStatus.RUNNING)], "nobody else can have begun it"
        run = await client.action.status(run_id)
        assert (run.status, run.attempt) == (RunStatus.PENDING, 0)


async def test_a_handler_that_does_not_end_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLEAN_UP_S", 0.0)
    begun: list[str] = []
    worker = worker_of(drain_timeout_ms=0)

    @worker.action("stubborn")
    async def stubborn(ctx: ActionContext) -> None:
        begun.append(ctx.task_id)
        while not ends.is_set():
            try:
                await ends.wait()
            except asyncio.CancelledError:
                begun.append("cancelled")

    ends = asyncio.Event()
    async with FloTestServer() as server, server.client() as client:
        async with living(worker, server.endpoint):
            await client.action.invoke("stubborn")
            await until(lambda: begun)
        [run] = await client.action.list_runs()
        assert (run.status, run.attempt) == (RunStatus.PENDING, 0)
        assert "cancelled" in begun
        ends.set()
        for _ in range(10):
            await asyncio.sleep(0)


async def test_what_waits_for_a_free_process_goes_back_at_once_and_what_hangs_is_killed(
    tmp_path: Path,
) -> None:
    worker = worker_of(concurrency=50, drain_timeout_ms=0)
    worker.register_action("hang", hang, process=True)
    async with FloTestServer() as server, server.client() as client:
        async with living(worker, server.endpoint):
            await client.action.invoke("hang", str(tmp_path / "0").encode())
            await until((tmp_path / "0").exists)
            for number in range(1, 20):
                await client.action.invoke("hang", str(tmp_path / str(number)).encode())
        runs = await client.action.list_runs()
        assert {(run.status, run.attempt) for run in runs} == {(RunStatus.PENDING, 0)}


async def test_a_handler_in_a_process_ends_with_its_time(tmp_path: Path) -> None:
    worker = worker_of(action_timeout_ms=60_000)
    worker.register_action("hang", hang, process=True, max_retries=0)
    worker.register_action("next", _process_id, process=True)
    async with (
        FloTestServer(patience_ms=0) as server,
        server.client() as client,
        server.running(worker),
    ):
        invoked = await client.action.invoke("hang", str(tmp_path / "0").encode())
        await until((tmp_path / "0").exists)
        run = await client.action.status(invoked.run_id)
        while run.status is RunStatus.RUNNING:  # its time counts from when the worker heard of it
            await server.advance(1_000)
            run = await client.action.status(invoked.run_id)
        assert run.error == "TimeoutError: not done within 60000 ms"
        again = await client.action.call("next", block_ms=60_000)
        assert again.status is RunStatus.COMPLETED


def _process_id(ctx: ActionContext) -> int:
    return os.getpid()


async def test_the_run_whose_process_dies_says_so_and_a_neighbour_goes_on(tmp_path: Path) -> None:
    worker = worker_of()
    worker.register_action("die", _die, process=True, max_retries=0)
    worker.register_action("fine", _process_id, process=True, max_retries=0)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        runs = await asyncio.gather(
            *(client.action.call(name, block_ms=60_000) for name in ("die", "fine", "fine"))
        )
        assert [run.status for run in runs] == [
            RunStatus.FAILED,
            RunStatus.COMPLETED,
            RunStatus.COMPLETED,
        ]
        assert runs[0].error == "the handler's process ended abruptly"


def _die(ctx: ActionContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def test_ctrl_c_that_strikes_in_a_handler_stops_the_worker() -> None:
    worker = worker_of()

    @worker.action("struck", max_retries=0)
    async def struck(ctx: ActionContext) -> None:
        raise KeyboardInterrupt

    async with (
        FloTestServer() as server,
        server.client() as client,
        living(worker, server.endpoint),
    ):
        run = await client.action.call("struck")
        assert run.error == "KeyboardInterrupt"
        await until(lambda: not worker.is_running)


# One worker, many loops and processes


async def _once(worker: ActionWorker, consumer: StreamWorker, seen: list[bytes]) -> bytes | None:
    async with FloTestServer() as server, server.client() as client:
        await client.stream.create("s")
        async with server.running(worker, consumer):
            assert worker.at_work.is_set()
            await client.stream.append("s", b"x")
            await until(lambda: seen)
            output = (await client.action.call("greet")).output
            await worker.close()
            return output


def test_a_worker_made_once_is_run_in_one_loop_after_the_other() -> None:
    seen: list[bytes] = []
    worker = worker_of()
    worker.register_action("greet", lambda ctx: b"hello")
    consumer = StreamWorker(
        "unused", stream="s", group="g", handler=lambda ctx: seen.append(ctx.payload)
    )
    for _ in range(3):
        seen.clear()
        assert asyncio.run(_once(worker, consumer, seen)) == b"hello"


async def test_at_work_can_be_waited_for_before_the_start() -> None:
    async with FloClient("memory://") as client:
        worker = client.new_action_worker()
        worker.register_action("a", lambda ctx: None)
        waiting = asyncio.create_task(worker.at_work.wait())
        await asyncio.sleep(0)
        running = asyncio.create_task(worker.start())
        await asyncio.wait_for(waiting, 20)
        await worker.close()
        await running


@pytest.mark.parametrize(
    "make",
    [
        lambda: ActionWorker("unused"),
        lambda: StreamWorker("unused", stream="s", group="g", handler=print),
    ],
)
def test_a_name_made_up_before_a_fork_is_another_one_after_it(
    make: Callable[[], WorkerBase], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make()
    parents = worker.name
    assert worker.name == parents
    monkeypatch.setattr(os, "getpid", lambda: 7)
    childs = worker.name
    assert childs != parents
    assert "-7-" in childs
    assert worker.name == childs


def test_a_name_that_was_given_stays() -> None:
    assert worker_of().worker_id == "w"
    assert StreamWorker("u", stream="s", group="g", handler=print, consumer="c").consumer == "c"


async def test_without_handle_signals_they_are_left_alone() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    consumer = StreamWorker(
        "unused", stream="s", group="g", handler=lambda ctx: None, handle_signals=False
    )
    worker = worker_of(handle_signals=False)
    worker.register_action("a", lambda ctx: None)
    async with FloTestServer() as server, server.client() as client:
        await client.stream.create("s")
        async with server.running(worker, consumer):
            for number, handler in before.items():
                assert signal.getsignal(number) is handler


async def test_its_log_tells_each_kind_of_work_apart(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "floruntime")
    worker = worker_of()
    reader = StreamWorker("unused", stream="s", group="g", handler=lambda ctx: None, consumer="w")
    worker.action("greet")(lambda ctx: None)
    worker.queue("mails")(lambda ctx: None)
    async with (
        FloTestServer() as server,
        living(worker, server.endpoint),
        living(reader, server.endpoint),
    ):
        pass
    kinds = ["actions", "queue mails", "stream s, group g"]
    told = [record.getMessage() for record in caplog.records]
    for begin in ("worker w: at work on ", "worker w: stopped working on "):
        assert sorted(f"{begin}{kind}" for kind in kinds) == sorted(
            line for line in told if line.startswith(begin)
        )
