"""`QueueWorker`, and queues beside the actions of an `ActionWorker`."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from floruntime import (
    ActionContext,
    BadRequestError,
    FloClient,
    NonRetryableError,
    QueueContext,
    QueueWorker,
)
from floruntime.client.worker.options import QueueOptions
from floruntime.client.worker.serving import Queues
from floruntime.core.backoff import RetryDelay
from floruntime.testing import FloTestServer
from tests.until import until

MINUTE_MS = 60_000


async def nothing(ctx: QueueContext) -> None:
    """A handler."""


async def test_messages_are_handled_and_acked(served: FloClient) -> None:
    seen: list[Any] = []

    async def handle(ctx: QueueContext) -> None:
        seen.append((ctx.json(), ctx.queue, ctx.attempt, ctx.priority, ctx.namespace))

    await served.queue.enqueue_many("mails", [{"n": 1}, {"n": 2}])
    async with served.new_queue_worker(queue="mails", handler=handle) as worker:
        await served.queue.enqueue("mails", {"n": 3}, priority=1)
        await until(lambda: len(seen) == 3)
        assert worker.queues == ["mails"]
    assert [each[0]["n"] for each in seen] == [1, 2, 3]
    assert seen[2][1:] == ("mails", 1, 1, "default")
    stats = await served.queue.stats("mails")
    assert (stats.ready, stats.leased, stats.acked_total) == (0, 0, 3)


@pytest.mark.parametrize(
    ("options", "minutes"),
    [
        ({}, [1, 2, 4]),
        ({"retry_delay_max_ms": 3 * MINUTE_MS}, [1, 2, 3]),
        ({"retry_backoff": "constant"}, [1, 1, 1]),
    ],
    ids=["twice as long each time", "up to a maximum", "always the same"],
)
async def test_a_failure_waits_and_then_is_dead(
    server: FloTestServer, served: FloClient, options: dict[str, Any], minutes: list[int]
) -> None:
    at_ms: list[int] = []

    async def fail(ctx: QueueContext) -> None:
        at_ms.append(server.now_ms)
        raise ValueError("no")

    await served.queue.configure("mails", max_attempts=4)
    await served.queue.enqueue("mails", b"x")
    options = {"retry_delay_ms": MINUTE_MS, **options}
    worker = served.new_queue_worker(queue="mails", handler=fail, **options)
    async with server.running(worker):
        for _ in range(9):
            await server.advance(MINUTE_MS)
    waits = [(after - before) / MINUTE_MS for before, after in itertools.pairwise(at_ms)]
    assert [int(wait) for wait in waits] == minutes
    [dead] = (await served.queue.dlq_list("mails")).messages
    assert (dead.attempt, dead.reason, dead.error) == (4, "max_attempts", "ValueError: no")


async def test_what_cannot_be_retried_is_dead_at_once(
    server: FloTestServer, served: FloClient
) -> None:
    def refuse(ctx: QueueContext) -> None:
        raise NonRetryableError("no address")

    await served.queue.enqueue("mails", b"x")
    async with server.running(served.new_queue_worker(queue="mails", handler=refuse)):
        await server.settle()
    [dead] = (await served.queue.dlq_list("mails")).messages
    assert (dead.attempt, dead.reason, dead.error) == (1, "nacked", "NonRetryableError: no address")


async def test_leases_are_kept_while_a_handler_runs(
    server: FloTestServer, served: FloClient
) -> None:
    done = asyncio.Event()

    async def slow(ctx: QueueContext) -> None:
        await ctx.client.kv.get("go", block_ms=5 * MINUTE_MS)
        done.set()

    await served.queue.enqueue("mails", b"x")
    async with server.running(served.new_queue_worker(queue="mails", handler=slow)):
        await server.advance(3 * MINUTE_MS)
        assert (await served.queue.stats("mails")).leased == 1
        await served.kv.put("go", b"")
        await asyncio.wait_for(done.wait(), 20)
        await server.settle()
    assert (await served.queue.stats("mails")).acked_total == 1


async def test_effects_go_with_the_ack(served: FloClient) -> None:
    worker = served.new_queue_worker()

    @worker.queue("orders", retry_delay_ms=0)
    async def take(ctx: QueueContext) -> None:
        ctx.batch().kv.put("paid", ctx.payload)
        if ctx.attempt == 1:
            raise ValueError("once more")

    await served.queue.enqueue("orders", b"42")
    async with worker:
        assert await served.kv.get("paid", block_ms=20_000) == b"42"
        assert (await served.queue.stats("orders")).acked_total == 1


async def test_each_queue_has_as_many_handlers_at_once_as_it_was_given(
    served: FloClient,
) -> None:
    running: dict[str, int] = {"a": 0, "b": 0}
    most = dict(running)
    opened = asyncio.Event()
    worker = served.new_queue_worker(concurrency=3)

    async def handle(ctx: QueueContext) -> None:
        running[ctx.queue] += 1
        most[ctx.queue] = max(most[ctx.queue], running[ctx.queue])
        await opened.wait()
        running[ctx.queue] -= 1

    worker.queue("a")(handle)
    worker.queue("b", concurrency=1)(handle)
    for queue in "ab":
        await served.queue.enqueue_many(queue, [b""] * 6)
    async with worker:
        await until(lambda: running == {"a": 3, "b": 1})
        opened.set()
        async with asyncio.timeout(20):
            while (await served.queue.stats("b")).acked_total < 6:
                await served.ping()
    assert most == {"a": 3, "b": 1}


async def test_an_action_worker_serves_queues_too(served: FloClient) -> None:
    worker = served.new_action_worker()
    got: list[str] = []

    @worker.action("job")
    async def job(ctx: ActionContext) -> str:
        return "done"

    @worker.queue("mails")
    def mail(ctx: QueueContext) -> None:
        got.append(ctx.text())

    await served.queue.enqueue("mails", "hello")
    async with worker:
        assert (await served.action.call("job")).text() == "done"
        await until(lambda: got == ["hello"])
    assert worker.queues == ["mails"]
    assert await served.worker.list() == []


async def test_a_stopped_worker_hands_back_what_has_not_begun(served: FloClient) -> None:
    begun, opened = asyncio.Event(), asyncio.Event()

    async def handle(ctx: QueueContext) -> None:
        begun.set()
        await opened.wait()

    await served.queue.enqueue_many("mails", [b"1", b"2"])
    worker = served.new_queue_worker(queue="mails", handler=handle, concurrency=1)
    async with worker:
        await asyncio.wait_for(begun.wait(), 20)
        worker.stop()
        opened.set()
    stats = await served.queue.stats("mails")
    assert (stats.ready, stats.leased, stats.acked_total) == (1, 0, 1)


WRONG: list[tuple[str, Callable[[], Any]]] = [
    ("go together", lambda: QueueWorker("memory://", queue="q")),
    ("go together", lambda: QueueWorker("memory://", handler=nothing)),
    ("batch_size", lambda: QueueWorker("memory://", batch_size=0)),
    ("retry_delay_ms", lambda: QueueWorker("memory://", retry_delay_ms=-1)),
    ("constant, exponential", lambda: QueueWorker("memory://", retry_backoff="linear")),
    (
        "retry_delay_max_ms",
        lambda: QueueWorker("memory://").queue("q", retry_delay_max_ms=9)(nothing),
    ),
    ("visibility_timeout_ms", lambda: QueueWorker("memory://", visibility_timeout_ms=0)),
    ("concurrency", lambda: QueueWorker("memory://").queue("q", concurrency=0)(nothing)),
    ("must be a function", lambda: QueueWorker("memory://", queue="q", handler=7)),  # type: ignore[arg-type]  # the point
]


@pytest.mark.parametrize(("told", "make"), WRONG)
def test_what_cannot_be_is_refused(told: str, make: Callable[[], Any]) -> None:
    with pytest.raises(BadRequestError, match=told):
        make()


def test_a_queue_has_delays_of_its_own_or_those_of_the_worker() -> None:
    queues = Queues(concurrency=1, batch_size=1, visibility_timeout_ms=1, retry_delay_max_ms=5_000)
    for name, options in DELAYS.items():
        queues.add(name, nothing, **options)
    found = {name: serving.delay for name, (serving, _) in queues._servings.items()}
    assert found == {
        "shared": RetryDelay(1_000, "exponential", 5_000),
        "constant": RetryDelay(9_000, "constant", 5_000),
        "longer": RetryDelay(7_200_000, "exponential", 7_200_000),
    }


DELAYS: dict[str, QueueOptions] = {
    "shared": {},
    "constant": {"retry_delay_ms": 9_000, "retry_backoff": "constant"},
    "longer": {"retry_delay_ms": 7_200_000, "retry_delay_max_ms": None},
}


async def test_a_worker_has_a_queue_and_one_handler_for_each() -> None:
    worker = QueueWorker("memory://")
    with pytest.raises(BadRequestError, match="no queues"):
        await worker.start()
    worker.queue("q")(nothing)
    with pytest.raises(BadRequestError, match="already"):
        worker.queue("q")(nothing)
