"""`client.worker`: what is asked, with which defaults, and how leases fence."""

from __future__ import annotations

import asyncio

import pytest

from floruntime import ConflictError, FloClient, RunStatus, Task
from floruntime.client.api.worker.worker import Worker
from floruntime.core.errors import BadTypeError
from floruntime.core.worker import (
    WorkerAwait,
    WorkerComplete,
    WorkerDeregister,
    WorkerDrain,
    WorkerFail,
    WorkerHeartbeat,
    WorkerList,
    WorkerListReply,
    WorkerRegister,
    WorkerRelease,
    WorkerTouch,
)
from floruntime.testing import FloTestServer
from tests.client.recorder import Asked, RecordingCaller

TASK = Task("r", "a", b"in", 1, 42, 0, 0)


async def test_defaults_are_those_of_the_page_of_the_api() -> None:
    caller = RecordingCaller(
        *[None] * 4, WorkerListReply([], None), [], [TASK], None, None, True, None
    )
    worker = Worker(caller)
    await worker.register("w", ["a"])
    await worker.heartbeat("w")
    await worker.drain("w")
    await worker.deregister("w")
    await worker.list()
    assert await worker.await_task("w", ["a"]) is None
    assert await worker.await_tasks("w", ["a"], count=5) == [TASK]
    await worker.complete("w", TASK)
    await worker.fail("w", TASK, "broken")
    await worker.touch("w", TASK)
    await worker.release("w", TASK)
    assert caller.asked == [
        Asked(WorkerRegister("w", ["a"], 10, {}, {}), None, 0),
        Asked(WorkerHeartbeat("w", []), None, 0),
        Asked(WorkerDrain("w"), None, 0),
        Asked(WorkerDeregister("w"), None, 0),
        Asked(WorkerList(100, None), None, 0),
        Asked(WorkerAwait("w", ["a"], 1, 30_000), None, 30_000),
        Asked(WorkerAwait("w", ["a"], 5, 30_000), None, 30_000),
        Asked(WorkerComplete("w", "r", 42, b"", "success"), None, 0),
        Asked(WorkerFail("w", "r", 42, "broken", True), None, 0),
        Asked(WorkerTouch("w", "r", 42, 30_000), None, 0),
        Asked(WorkerRelease("w", "r", 42), None, 0),
    ]


async def test_every_argument_reaches_the_server() -> None:
    caller = RecordingCaller(*[None] * 4, True)
    worker = Worker(caller)
    await worker.register("w", ("a", "b"), concurrency=3, labels={"l": "1"}, metadata={"m": "2"})
    await worker.heartbeat("w", running=("r1", TASK))
    await worker.complete("w", TASK, "text", outcome="approved", namespace="n")
    await worker.fail("w", TASK, "broken", retry=False)
    await worker.touch("w", TASK, extend_ms=7)
    assert caller.requests == [
        WorkerRegister("w", ["a", "b"], 3, {"l": "1"}, {"m": "2"}),
        WorkerHeartbeat("w", ["r1", "r"]),
        WorkerComplete("w", "r", 42, b"text", "approved"),
        WorkerFail("w", "r", 42, "broken", False),
        WorkerTouch("w", "r", 42, 7),
    ]
    assert caller.asked[2].namespace == "n"


async def test_wrong_types_are_refused_before_anything_is_sent() -> None:
    worker = Worker(RecordingCaller())
    with pytest.raises(BadTypeError, match="a list of names"):
        await worker.register("w", "a")
    with pytest.raises(BadTypeError, match="running must be a list"):
        await worker.heartbeat("w", running="run-1")
    with pytest.raises(BadTypeError, match="must be a Task"):
        await worker.complete("w", "run-1")  # type: ignore[arg-type]  # it is refused
    with pytest.raises(BadTypeError, match="error must be a text, not ValueError"):
        await worker.fail("w", TASK, ValueError())  # type: ignore[arg-type]  # it is refused


async def claimed(client: FloClient) -> Task:
    await client.action.register("a", timeout_ms=1_000, retry_delay_ms=0)
    await client.action.invoke("a", b"in")
    task = await client.worker.await_task("w", ["a"], block_ms=0)
    assert task is not None
    return task


async def test_a_late_result_is_refused_and_the_holders_repetition_is_not() -> None:
    async with FloTestServer() as server, server.client() as client:
        late = await claimed(client)
        await server.advance(1_000)
        again = await client.worker.await_task("w", ["a"], block_ms=0)
        assert again is not None
        assert (again.attempt, again.lease > late.lease) == (2, True)
        with pytest.raises(ConflictError):
            await client.worker.complete("w", late, b"late")
        with pytest.raises(ConflictError):
            await client.worker.touch("w", late)
        for _ in range(2):
            await client.worker.complete("w", again, b"good", outcome="approved")
        run = await client.action.status(again.run_id)
        assert (run.status, run.output, run.outcome) == (RunStatus.COMPLETED, b"good", "approved")


async def test_a_touch_says_that_the_run_was_cancelled() -> None:
    async with FloTestServer() as server, server.client() as client:
        task = await claimed(client)
        await client.worker.touch("w", task)
        await client.action.cancel(task.run_id)
        with pytest.raises(ConflictError, match=f"run {task.run_id} was cancelled"):
            await client.worker.touch("w", task)


async def test_complete_and_fail_are_part_of_a_batch_and_a_stale_one_refuses_it_all() -> None:
    async with FloTestServer() as server, server.client() as client:
        task = await claimed(client)
        async with client.batch() as b:
            b.kv.put("k", b"v")
            b.worker.complete("w", task, b"done")
        assert (await client.action.status(task.run_id)).output == b"done"
        late = await claimed(client)
        await server.advance(1_000)
        b = client.batch()
        b.kv.put("k", b"never")
        b.worker.fail("w", late, "late", retry=False)
        with pytest.raises(ConflictError) as caught:
            async with b:
                pass
        assert caught.value.index == 1
        assert await client.kv.get("k") == b"v"


async def test_a_claim_that_nobody_took_goes_back_with_no_attempt_counted() -> None:
    async with FloTestServer() as server, server.client() as client, server.client() as other:
        await client.action.register("a")
        await client.action.invoke("a")
        claim = asyncio.ensure_future(client.worker.await_task("w", ["a"]))
        await asyncio.sleep(0)
        claim.cancel()
        await asyncio.gather(claim, return_exceptions=True)
        task = await other.worker.await_task("w2", ["a"])
        assert task is not None
        assert task.attempt == 1
