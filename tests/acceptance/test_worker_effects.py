"""What handlers do beside their result: on the worker's connection, and in one commit with it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

import floruntime.sync
from floruntime import (
    ActionContext,
    ActionWorker,
    BadRequestError,
    BadTypeError,
    FloClient,
    NotFoundError,
    StreamContext,
)
from floruntime.testing import FloTestServer

MINUTE_MS = 60_000


@pytest.fixture
def worker(served: FloClient) -> ActionWorker:
    """A worker on the connection of `served`."""
    return served.new_action_worker()


async def test_a_handler_works_on_the_workers_connection(
    served: FloClient, worker: ActionWorker
) -> None:
    @worker.action("count")
    async def count(ctx: ActionContext) -> int:
        return await ctx.client.kv.incr("n")

    async with worker:
        assert (await served.action.call("count")).json() == 1


async def test_a_plain_handler_need_not_await(served: FloClient, worker: ActionWorker) -> None:
    @worker.action("count")
    def count(ctx: floruntime.sync.ActionContext) -> int:
        with ctx.client.batch() as batch:
            batch.kv.put("seen", ctx.payload)
        return ctx.client.kv.incr("n")

    async with worker:
        assert (await served.action.call("count", b"x")).json() == 1
    assert await served.kv.get("seen") == b"x"


async def test_a_plain_handler_touches_without_await(
    served: FloClient, worker: ActionWorker
) -> None:
    seen: list[object] = []

    @worker.action("long")
    def long(ctx: floruntime.sync.ActionContext) -> None:
        ctx.progress(0.5)
        ctx.touch(MINUTE_MS)  # and the progress with it
        seen.append(ctx.client.action.status(ctx.task_id).progress)
        ctx.client.action.cancel(ctx.task_id)
        try:
            ctx.touch()
        except asyncio.CancelledError:
            seen.append("cancelled")

    @worker.queue("mails")
    def mails(ctx: floruntime.sync.QueueContext) -> None:
        ctx.client.queue.ack("mails", [ctx.message])
        try:
            ctx.touch()
        except asyncio.CancelledError:
            handled.set_result("cancelled")

    handled: Future[str] = Future()
    async with worker:
        await served.action.call("long")
        await served.queue.enqueue("mails", "m")
        assert await asyncio.wrap_future(handled) == "cancelled"
    assert seen == [0.5, "cancelled"]


async def test_the_client_of_a_handler_is_in_the_workers_namespace(served: FloClient) -> None:
    worker = served.new_action_worker(namespace="other")

    @worker.action("put")
    async def put(ctx: ActionContext) -> None:
        assert ctx.client.namespace == "other"
        await ctx.client.kv.put("k", b"1")
        await ctx.client.kv.put("k", b"2", namespace="default")
        ctx.batch().kv.put("b", b"3")

    async with worker:
        run = await served.action.call("put", namespace="other")
    assert run.status == "completed"
    assert await served.kv.get("k", namespace="other") == b"1"
    assert await served.kv.get("k") == b"2"
    assert await served.kv.get("b", namespace="other") == b"3"
    assert served.namespace == "default"


async def test_effects_happen_with_the_completion(served: FloClient, worker: ActionWorker) -> None:
    @worker.action("ship")
    async def ship(ctx: ActionContext) -> dict[str, str]:
        batch = ctx.batch()
        assert batch is ctx.batch()
        batch.kv.put("order", b"shipped", cas_version=0)
        batch.stream.append("events", {"order": "shipped"})
        assert await ctx.client.kv.get("order") is None
        return {"state": "shipped"}

    async with worker:
        run = await served.action.call("ship")
    assert (run.status, run.json()) == ("completed", {"state": "shipped"})
    assert await served.kv.get("order") == b"shipped"
    assert [record.json() for record in (await served.stream.read("events")).records] == [
        {"order": "shipped"}
    ]


async def test_an_outcome_by_name_goes_with_its_effects(
    served: FloClient, worker: ActionWorker
) -> None:
    @worker.action("decide")
    def decide(ctx: ActionContext) -> object:
        with ctx.batch() as batch:
            batch.kv.put("decided", b"1")
        return ctx.result("approved", {"by": "ada"})

    async with worker:
        run = await served.action.call("decide")
    assert (run.outcome, run.json()) == ("approved", {"by": "ada"})
    assert await served.kv.exists("decided")


async def test_a_handler_that_raises_has_no_effects(
    served: FloClient, worker: ActionWorker
) -> None:
    await served.action.register("fail", max_retries=0)

    @worker.action("fail")
    async def fail(ctx: ActionContext) -> None:
        ctx.batch().kv.put("k", b"v")
        raise ValueError("no")

    async with worker:
        assert (await served.action.call("fail")).status == "failed"
    assert not await served.kv.exists("k")


async def test_a_block_that_raises_is_forgotten_and_the_rest_is_done(
    served: FloClient, worker: ActionWorker
) -> None:
    @worker.action("some")
    async def some(ctx: ActionContext) -> None:
        ctx.batch().kv.put("before", b"")
        try:
            async with ctx.batch() as batch:
                batch.kv.put("within", b"")
                raise KeyError("within")
        except KeyError:
            ctx.batch().kv.put("after", b"")

    async with worker:
        assert (await served.action.call("some")).status == "completed"
    assert [entry.key for entry in (await served.kv.scan()).entries] == ["after", "before"]


async def test_a_refused_effect_fails_the_attempt_which_comes_again(
    server: FloTestServer, served: FloClient
) -> None:
    attempts: list[int] = []
    worker = served.new_action_worker()

    @worker.action("once", retry_delay_ms=MINUTE_MS)
    async def once(ctx: ActionContext) -> None:
        attempts.append(ctx.attempt)
        version = 99 if ctx.attempt == 1 else 0
        ctx.batch().kv.put("k", b"v", cas_version=version)

    async with server.running(worker):
        run_id = (await served.action.invoke("once")).run_id
        await server.settle()
        assert (await served.action.status(run_id)).status == "pending"
        assert not await served.kv.exists("k")
        await server.advance(5 * MINUTE_MS)
        run = await served.action.status(run_id)
    assert (run.status, attempts) == ("completed", [1, 2])
    assert await served.kv.get("k") == b"v"


async def test_a_record_is_acked_with_its_effects(served: FloClient) -> None:
    done = asyncio.Event()

    async def handle(ctx: StreamContext) -> None:
        ctx.batch().kv.put("seen", ctx.payload)
        if ctx.attempt == 1:
            raise ValueError("not yet")
        done.set()

    await served.stream.append("s", b"1")
    worker = served.new_stream_worker(stream="s", group="g", handler=handle)
    async with worker:
        await asyncio.wait_for(done.wait(), 20)
    assert await served.kv.get("seen") == b"1"
    assert await served.stream.group_pending("s", "g") == []


async def test_hooks_run_before_the_first_work_and_after_the_last(
    served: FloClient, worker: ActionWorker
) -> None:
    told: list[str] = []

    @worker.on_start
    async def connect(client: FloClient) -> None:
        await client.kv.put("ready", b"1")
        told.append("start")

    @worker.on_start
    def warm(client: floruntime.sync.FloClient) -> None:
        assert client.kv.get("ready") == b"1"
        told.append("warm")

    @worker.action("job")
    async def job(ctx: ActionContext) -> None:
        told.append("job")

    @worker.on_stop
    def broken() -> None:
        raise ValueError("no matter")

    @worker.on_stop
    async def leave() -> None:
        told.append("stop")

    async with worker:
        await served.action.call("job")
    assert told == ["start", "warm", "job", "stop"]
    with pytest.raises(BadTypeError):
        worker.on_start(None)  # type: ignore[type-var]  # the point of the test


async def test_a_worker_whose_hook_raises_does_not_start(worker: ActionWorker) -> None:
    @worker.on_start
    def broken() -> None:
        raise ValueError("no database")

    worker.register_action("job", lambda ctx: None)
    with pytest.raises(ValueError, match="no database"):
        await worker.start()
    assert not worker.is_running


def in_process(ctx: ActionContext) -> str:
    """A handler for another process; it must be importable."""
    try:
        ctx.batch()
    except BadRequestError as error:
        return str(error)
    return "it had one"


async def test_another_process_has_no_part_in_the_connection(
    served: FloClient, worker: ActionWorker
) -> None:
    worker.register_action("far", in_process, process=True)
    async with worker:
        run = await served.action.call("far")
    assert "another process" in run.text()


async def test_a_worker_counts_what_it_did_and_what_failed(
    served: FloClient, worker: ActionWorker
) -> None:
    @worker.action("job", max_retries=0)
    async def job(ctx: ActionContext) -> None:
        if ctx.payload == b"bad":
            raise ValueError("bad")
        if ctx.payload == b"batch":
            ctx.batch().kv.put("k", b"v")

    async with worker:
        for payload in (b"good", b"batch", b"bad"):
            await served.action.call("job", payload)
        info = await served.worker.info(worker.worker_id)
        assert (info.done, info.failed, info.actions) == (2, 1, ["job"])
        await served.worker.register(worker.worker_id, ["job"])
        assert (await served.worker.info(worker.worker_id)).done == 2
    with pytest.raises(NotFoundError):
        await served.worker.info(worker.worker_id)
