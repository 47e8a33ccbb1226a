"""Workers, by hand and as `ActionWorker` and `StreamWorker`, as API.md and SEMANTICS.md promise."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from floruntime import (
    ActionContext,
    ActionWorker,
    BadRequestError,
    FloClient,
    Heartbeat,
    NonRetryableError,
    NotFoundError,
    StreamContext,
    StreamID,
    StreamWorker,
)
from floruntime.testing import FloTestServer
from tests.until import until

MINUTE_MS = 60_000


@asynccontextmanager
async def at_work(worker: ActionWorker | StreamWorker) -> AsyncIterator[asyncio.Task[None]]:
    """Run the worker as its owner would; it must end when it is closed."""
    life = asyncio.create_task(worker.start())
    await until(lambda: worker.at_work.is_set() or life.done())
    try:
        yield life
    finally:
        await worker.close()
        await asyncio.wait_for(life, 20)


def process_id(ctx: ActionContext) -> dict[str, Any]:
    """A handler for another process; it must be importable."""
    return {"pid": os.getpid(), "payload": ctx.json(), "attempt": ctx.attempt}


# The registry


async def test_a_worker_is_registered_listed_drained_and_deregistered(client: FloClient) -> None:
    worker = client.worker
    await worker.register("w", ["a", "b"], labels={"l": "1"}, metadata={"m": "2"})
    [info] = await worker.list()
    assert (info.worker_id, list(info.actions), info.concurrency) == ("w", ["a", "b"], 10)
    assert (info.labels, info.metadata) == ({"l": "1"}, {"m": "2"})
    assert await worker.heartbeat("w") == Heartbeat(known=True, draining=False, cancelled=[])
    await worker.drain("w")
    assert (await worker.heartbeat("w")).draining is True
    await client.action.register("a")
    await client.action.invoke("a")
    assert await worker.await_task("w", ["a"], block_ms=0) is None, "no new work"
    await worker.deregister("w")
    assert await worker.list() == []
    assert await worker.heartbeat("w") == Heartbeat(known=False, draining=False, cancelled=[])
    with pytest.raises(NotFoundError):
        await worker.drain("w")
    task = await worker.await_task("w", ["a"], block_ms=0)
    assert task is not None, "whoever is not registered may claim, too"


async def test_a_worker_is_unhealthy_after_ninety_seconds_without_a_heartbeat(
    server: FloTestServer, served: FloClient
) -> None:
    await served.worker.register("w", ["a"])
    await server.advance(89_999)
    assert [each.healthy for each in await served.worker.list()] == [True]
    await server.advance(1)
    assert [each.healthy for each in await served.worker.list()] == [False]
    await served.worker.heartbeat("w")
    assert [each.healthy for each in await served.worker.list()] == [True]


async def test_workers_are_listed_in_pages_within_their_namespace(client: FloClient) -> None:
    for worker_id in "cab":
        await client.worker.register(worker_id, ["a"])
    page = await client.worker.list(limit=2)
    assert ([each.worker_id for each in page], page.has_more) == (["a", "b"], True)
    page = await client.worker.list(limit=2, cursor=page.cursor)
    assert ([each.worker_id for each in page], page.cursor) == (["c"], None)
    assert await client.worker.list(namespace="other") == []


@pytest.mark.parametrize(
    ("worker_id", "actions", "options"),
    [
        ("", ["a"], {}),
        ("w" * 256, ["a"], {}),
        ("w", [], {}),
        ("w", ["a\n"], {}),
        ("w", ["a"], {"concurrency": 0}),
        ("w", ["a"], {"labels": {"l": 1}}),
        ("w", ["a"], {"metadata": {"m": None}}),
    ],
    ids=str,
)
async def test_what_can_never_be_right(worker_id: str, actions: Any, options: Any) -> None:
    async with FloClient("memory://") as client:
        with pytest.raises(BadRequestError):
            await client.worker.register(worker_id, actions, **options)
        assert await client.worker.list() == []


# ActionWorker


async def test_the_worker_of_the_page(server: FloTestServer) -> None:
    worker = ActionWorker(server.endpoint, namespace="myapp", concurrency=10)
    seen: dict[str, Any] = {}

    @worker.action("process-image", timeout_ms=60_000)
    async def process_image(ctx: ActionContext) -> bytes:
        data = ctx.json()
        names = ("payload", "task_id", "action_name", "attempt", "namespace", "caller_run_id")
        seen.update({name: getattr(ctx, name) for name in names}, created=ctx.created_at_ms)
        ctx.log.info("at work on %s", data)
        await ctx.touch(30_000)
        return ctx.to_bytes({"status": "done"})

    async with at_work(worker), server.client(namespace="myapp") as client:
        run = await client.action.call("process-image", b'{"url": 1}')
        assert (run.status, run.output, run.outcome) == (
            "completed",
            b'{"status":"done"}',
            "success",
        )
        assert seen == {
            "payload": b'{"url": 1}',
            "task_id": run.run_id,
            "action_name": "process-image",
            "attempt": 1,
            "namespace": "myapp",
            "caller_run_id": None,
            "created": run.created_at_ms,
        }
        assert (await client.action.get("process-image")).timeout_ms == 60_000
        [info] = await client.worker.list()
        assert (info.worker_id, info.concurrency) == (worker.worker_id, 10)
    assert process_image.__name__ == "process_image"


async def test_results_are_bytes_text_json_nothing_or_a_named_outcome() -> None:
    async with FloClient("memory://") as client:
        worker = client.new_action_worker()
        worker.register_action("echo", lambda ctx: eval(ctx.payload, {"ctx": ctx}))
        async with at_work(worker):
            for text, output in {
                "b'\\x00'": b"\x00",
                "'grüß'": "grüß".encode(),
                "{'a': [1, None]}": b'{"a":[1,null]}',
                "3": b"3",
                "None": b"",
            }.items():
                assert (await client.action.call("echo", text)).output == output
            run = await client.action.call("echo", "ctx.result('approved', {'by': 'ada'})")
            assert (run.outcome, run.output) == ("approved", b'{"by":"ada"}')
            run = await client.action.call("echo", "ctx.result('approved')")
            assert (run.status, run.outcome, run.output) == ("completed", "approved", b"")


async def test_plain_handlers_run_in_threads_and_in_processes() -> None:
    async with FloClient("memory://") as client:
        worker = client.new_action_worker(concurrency=2)
        both = threading.Barrier(2, timeout=20)

        @worker.action("thread")
        def thread(ctx: ActionContext) -> str:
            both.wait()  # two at a time
            return threading.current_thread().name

        worker.register_action("process", process_id, process=True)
        async with at_work(worker):
            runs = await asyncio.gather(*[client.action.call("thread") for _ in "ab"])
            assert threading.current_thread().name.encode() not in {run.output for run in runs}
            told = json.loads((await client.action.call("process", b"[1]")).output or b"")
            assert (told["payload"], told["attempt"]) == ([1], 1)
            assert told["pid"] != os.getpid()


async def test_exceptions_fail_the_attempt_and_some_the_run() -> None:
    worker = ActionWorker("unused")
    attempts: list[int] = []

    @worker.action("flaky", max_retries=2, retry_delay_ms=60_000)
    async def flaky(ctx: ActionContext) -> str:
        attempts.append(ctx.attempt)
        if ctx.attempt < 3:
            raise ValueError("boom")
        return "good"

    @worker.action("never", max_retries=2)
    def never(ctx: ActionContext) -> None:
        raise NonRetryableError("card_declined: no")

    async with (
        FloTestServer() as server,
        server.client() as client,
        server.running(worker),
    ):
        invoked = await client.action.invoke("flaky")
        await server.settle()
        run = await client.action.status(invoked.run_id)
        assert (run.status, run.attempt) == ("pending", 1)
        assert "boom" in (run.error or "")
        await server.advance(5 * MINUTE_MS)
        run = await client.action.status(invoked.run_id)
        assert (run.status, run.output, attempts) == ("completed", b"good", [1, 2, 3])
        run = await client.action.call("never")
        assert (run.status, run.attempt) == ("failed", 1)
        assert "card_declined: no" in (run.error or "")


@pytest.mark.parametrize("client", ["memory", "tcp"], indirect=True)
async def test_a_handler_without_options_keeps_to_what_was_registered(client: FloClient) -> None:
    await client.action.register("job", max_retries=0, timeout_ms=MINUTE_MS)
    worker = client.new_action_worker()

    @worker.action("job")
    async def job(ctx: ActionContext) -> None:
        raise ValueError("once")

    async with at_work(worker):
        assert (await client.action.call("job")).status == "failed"
    info = await client.action.get("job")
    assert (info.version, info.max_retries, info.timeout_ms) == (1, 0, MINUTE_MS)


async def test_concurrency_bounds_what_runs_at_once() -> None:
    async with FloClient("memory://") as client:
        worker = client.new_action_worker(concurrency=3)
        running: set[str] = set()
        most = 0
        opened = asyncio.Event()

        @worker.action("job")
        async def job(ctx: ActionContext) -> None:
            nonlocal most
            running.add(ctx.task_id)
            most = max(most, len(running))
            await opened.wait()
            running.discard(ctx.task_id)

        async with at_work(worker):
            calls = [asyncio.ensure_future(client.action.call("job")) for _ in range(10)]
            await until(lambda: len(running) == 3)
            opened.set()
            assert {run.status for run in await asyncio.gather(*calls)} == {"completed"}
    assert most == 3


@pytest.mark.parametrize("auto_touch", [True, False])
async def test_leases_are_kept_while_a_handler_runs_unless_told_otherwise(auto_touch: bool) -> None:
    worker = ActionWorker("unused", auto_touch=auto_touch)
    opened = asyncio.Event()
    begun: list[int] = []

    @worker.action("slow", timeout_ms=1_000, max_retries=1)
    async def slow(ctx: ActionContext) -> str:
        begun.append(ctx.attempt)
        await opened.wait()
        return "done"

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await until(lambda: begun)
        await server.advance(1_500)
        opened.set()
        await server.settle()
        await server.advance(2_000)  # a run that was lost is due again by then
        await server.settle()
        run = await client.action.wait(invoked.run_id)
        assert run.status == "completed"
        assert begun == ([1] if auto_touch else [1, 2])


async def test_an_attempt_is_bounded_by_action_timeout_ms() -> None:
    worker = ActionWorker("unused", action_timeout_ms=10_000)

    @worker.action("stuck", timeout_ms=1_000, max_retries=0)
    async def stuck(ctx: ActionContext) -> None:
        await asyncio.Event().wait()

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("stuck")
        await server.advance(9_999)
        assert (await client.action.status(invoked.run_id)).status == "running"
        await server.advance(2)  # a worker counts whole milliseconds
        assert (await client.action.status(invoked.run_id)).status == "failed"


async def test_cancel_reaches_the_handler_by_heartbeat_and_by_touch() -> None:
    worker = ActionWorker("unused", heartbeat_interval_ms=1_000)
    begun: list[str] = []
    stopped: list[str] = []
    touching = asyncio.Event()

    async def handler(ctx: ActionContext) -> None:
        begun.append(ctx.task_id)
        try:
            if ctx.action_name == "touches":
                await touching.wait()
                await ctx.touch()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(ctx.task_id)
            raise

    for name in ("waits", "touches"):
        worker.register_action(name, handler, timeout_ms=MINUTE_MS)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        for name in ("touches", "waits"):
            invoked = await client.action.invoke(name)
            await until(lambda: len(begun) > len(stopped))
            await client.action.cancel(invoked.run_id)
            touching.set()
            await server.advance(1_000 if name == "waits" else 0)
            await until(partial(stopped.__contains__, invoked.run_id))
            assert (await client.action.status(invoked.run_id)).status == "cancelled"


@pytest.mark.parametrize("how", ["stop", "close", "drain", "sigterm"])
async def test_each_way_to_stop_lets_handlers_finish_and_takes_nothing_new(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "floruntime.worker")
    async with FloTestServer() as server, server.client() as client:
        worker = ActionWorker(server.endpoint, concurrency=1, heartbeat_interval_ms=20)
        opened = asyncio.Event()
        begun: list[str] = []

        @worker.action("job")
        async def job(ctx: ActionContext) -> str:
            begun.append(ctx.task_id)
            await opened.wait()
            return "finished"

        life = asyncio.create_task(worker.start())
        await until(worker.at_work.is_set)
        first = (await client.action.invoke("job")).run_id
        await until(lambda: begun)
        second = (await client.action.invoke("job")).run_id
        if how == "stop":
            worker.stop()
        elif how == "close":
            closing = asyncio.create_task(worker.close())
        elif how == "drain":
            await client.worker.drain(worker.worker_id)
        else:
            os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: "stopping" in caplog.text)
        assert not life.done()
        opened.set()
        await asyncio.wait_for(life, 20)
        if how == "close":
            await closing
        assert begun == [first]
        assert (await client.action.status(first)).output == b"finished"
        run = await client.action.status(second)
        assert (run.status, run.attempt) == ("pending", 0)
        assert await client.worker.list() == []


async def test_what_does_not_finish_in_time_is_handed_back_with_no_attempt_counted() -> None:
    async with FloTestServer() as server, server.client() as client:
        worker = ActionWorker(server.endpoint, drain_timeout_ms=10)
        begun = asyncio.Event()

        @worker.action("stuck")
        async def stuck(ctx: ActionContext) -> None:
            begun.set()
            await asyncio.Event().wait()

        async with at_work(worker):
            invoked = await client.action.invoke("stuck")
            await begun.wait()
        run = await client.action.status(invoked.run_id)
        assert (run.status, run.attempt) == ("pending", 0)


async def test_it_goes_on_after_restarts_of_the_server() -> None:
    async with FloTestServer() as server, server.client() as client:
        worker = ActionWorker(server.endpoint)

        @worker.action("job")
        async def job(ctx: ActionContext) -> bytes:
            return ctx.payload

        async with at_work(worker):
            for payload in (b"1", b"2", b"3"):
                assert (await client.action.call("job", payload)).output == payload
                await server.restart()


WORKER = """
import asyncio, sys
from floruntime import ActionWorker
worker = ActionWorker(sys.argv[1], concurrency=1)

@worker.action("job", timeout_ms=300, max_retries=1)
async def job(ctx):
    if ctx.attempt == 1 and ctx.payload == b"hang":
        print("hanging", flush=True)
        await asyncio.sleep(60)
    return f"attempt {ctx.attempt}"

asyncio.run(worker.start())
"""


async def test_a_killed_worker_loses_its_lease_and_a_terminated_one_ends_well() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("job", timeout_ms=300, max_retries=1)
        invoked = await client.action.invoke("job", b"hang")

        async def begin() -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", WORKER, server.endpoint),
                stdout=asyncio.subprocess.PIPE,
            )

        first = await begin()
        assert first.stdout is not None
        assert await first.stdout.readline() == b"hanging\n"
        first.kill()
        await first.wait()
        second = await begin()
        await server.advance(300)
        await server.advance(2_000)  # a run that was lost is due again by then
        run = await client.action.wait(invoked.run_id)
        assert (run.status, run.output) == ("completed", b"attempt 2")
        second.terminate()
        assert await second.wait() == 0


# StreamWorker


async def test_the_stream_worker_of_the_page(server: FloTestServer) -> None:
    seen: list[tuple[Any, ...]] = []

    async def handle(ctx: StreamContext) -> None:
        assert ctx.record.payload == ctx.payload
        assert isinstance(ctx.stream_id, StreamID)
        seen.append((ctx.json(), ctx.stream, ctx.headers, ctx.attempt))
        if ctx.json() == "bad" and ctx.attempt < 3:
            raise ValueError("not yet")

    consumer = StreamWorker(
        server.endpoint,
        namespace="myapp",
        stream="events",
        group="processors",
        handler=handle,
        concurrency=10,
        batch_size=10,
    )
    async with server.client(namespace="myapp") as client:
        await client.stream.append("events", b'"before"', headers={"h": "v"})
        async with at_work(consumer):
            await client.stream.append("events", '"bad"')
            await until(lambda: len(seen) == 4)
        assert seen == [
            ("before", "events", {"h": "v"}, 1),
            *(("bad", "events", {}, attempt) for attempt in (1, 2, 3)),
        ]
        info = await client.stream.group_info("events", "processors")
        assert (info.pending, info.lag, list(info.consumers)) == (0, 0, [])


async def test_a_stream_worker_gives_up_on_a_record_after_max_deliver() -> None:
    async with FloClient("memory://") as client:
        await client.stream.append_many("s", ["poison", "good"])
        await client.stream.group_create("s", "g", max_deliver=2)
        done: list[bytes] = []
        tried: list[int] = []

        def handle(ctx: StreamContext) -> None:
            if ctx.payload == b"poison":
                tried.append(ctx.attempt)
                raise RuntimeError("again")
            done.append(ctx.payload)

        worker = client.new_stream_worker(stream="s", group="g", handler=handle, consumer="me")
        async with at_work(worker):
            await until(lambda: len(tried) == 2 and done)
        dead = await client.stream.group_dead("s", "g")
        assert [(each.payload, each.reason) for each in dead] == [(b"poison", "max_attempts")]
        assert done == [b"good"]


async def test_a_stream_handler_is_bounded_by_message_timeout_ms() -> None:
    async def stuck(ctx: StreamContext) -> None:
        await asyncio.Event().wait()

    worker = StreamWorker("unused", stream="s", group="g", handler=stuck, message_timeout_ms=5_000)
    async with FloTestServer() as server, server.client() as client:
        await client.stream.append("s", "x")
        await client.stream.group_create("s", "g", max_deliver=1)
        async with server.running(worker):
            await server.advance(4_999)
            assert await client.stream.group_dead("s", "g") == []
            await server.advance(2)  # a worker counts whole milliseconds
            [dead] = await client.stream.group_dead("s", "g")
            assert dead.payload == b"x"


async def test_a_stopped_stream_worker_hands_back_and_the_next_one_goes_on() -> None:
    async with FloClient("memory://") as client:
        await client.stream.append_many("s", ["1", "2", "3"])
        begun: list[tuple[bytes, int]] = []

        async def stuck(ctx: StreamContext) -> None:
            begun.append((ctx.payload, ctx.attempt))
            await asyncio.Event().wait()

        async def quick(ctx: StreamContext) -> None:
            begun.append((ctx.payload, ctx.attempt))

        options: dict[str, Any] = {"stream": "s", "group": "g", "drain_timeout_ms": 10}
        async with at_work(client.new_stream_worker(handler=stuck, **options)):
            await until(lambda: len(begun) == 3)
        begun.clear()
        async with at_work(client.new_stream_worker(handler=quick, **options)):
            await until(lambda: len(begun) == 3)
        assert sorted(begun) == [(b"1", 1), (b"2", 1), (b"3", 1)]


@pytest.mark.parametrize("is_plain", [False, True])
async def test_progress_goes_with_the_next_touch(is_plain: bool) -> None:
    go_on = threading.Event()
    worker = ActionWorker("localhost:1")

    def plain(ctx: ActionContext) -> None:
        ctx.progress(0.4, "resizing")
        go_on.wait(20)
        ctx.progress(0.9)

    async def in_loop(ctx: ActionContext) -> None:
        ctx.progress(0.4, "resizing")
        await until(go_on.is_set)
        ctx.progress(0.9)

    worker.register_action("resize", plain if is_plain else in_loop)
    async with FloTestServer(patience_ms=50) as server, server.client() as client:
        async with server.running(worker):
            run_id = (await client.action.invoke("resize")).run_id
            await server.advance(1_000)
            run = await client.action.status(run_id)
            assert (run.status, run.progress, run.progress_note) == ("running", 0.4, "resizing")
            go_on.set()
            run = await client.action.wait(run_id)
        assert (run.status, run.progress, run.progress_note) == ("completed", 0.9, "resizing")
