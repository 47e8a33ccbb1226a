"""`client.queue` over the engine: arguments, results, and the leases it remembers."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import pytest

from floruntime.client.api.base.leases import Leases
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.client.api.batch import Batch
from floruntime.client.api.queue.queue import Queue
from floruntime.core.errors import BadRequestError
from floruntime.core.queue import QueueAck, QueueConfig, QueueDequeue, QueueEnqueue
from floruntime.core.types import AckResult, Command, Page, Query, Request
from tests.engine.harness import Engine

R = TypeVar("R")


class EngineCaller:
    """A server without a network: each call runs on the engine at once."""

    def __init__(self, engine: Engine, leases: Leases | None = None) -> None:
        self.engine = engine
        self.namespace = "default"
        self.leases = leases or Leases()
        self.calls: list[tuple[Request[Any], str | None, int]] = []

    def perform(self, ask: Ask[R]) -> Operation[R]:
        return Operation(self._perform(ask))

    async def _perform(self, ask: Ask[R]) -> R:
        self.calls.append((ask.request, ask.namespace, ask.block_ms))
        where = ask.namespace or self.namespace
        if isinstance(ask.request, Command):
            return ask.finished(self.engine.run(ask.request, namespace=where))
        query = cast("Query[Any]", ask.request)
        return ask.finished(self.engine.query(query, namespace=where))


@pytest.fixture
def caller() -> EngineCaller:
    return EngineCaller(Engine())


@pytest.fixture
def queue(caller: EngineCaller) -> Queue:
    return Queue(caller)


async def test_enqueue_dequeue_ack(queue: Queue) -> None:
    assert await queue.enqueue("q", "text", priority=3, dedup_key="k") == 1
    assert await queue.enqueue("q", b"again", dedup_key="k") == 1
    assert await queue.enqueue_many("q", [b"a", "ü", bytearray(b"c")]) == [2, 3, 4]
    result = await queue.dequeue("q", 10)
    assert [m.payload for m in result.messages] == [b"text", b"a", "ü".encode(), b"c"]
    assert await queue.ack("q", [1, result.messages[1]]) == AckResult([1, 2], [])
    assert await queue.ack("q", 3) == AckResult([3], [])
    assert await queue.ack("q", result.messages[3]) == AckResult([4], [])
    assert await queue.ack("q", []) == AckResult([], [])


async def test_an_ack_by_seq_is_as_safe_as_one_by_message(
    caller: EngineCaller, queue: Queue
) -> None:
    other = Queue(EngineCaller(caller.engine))
    await queue.enqueue("q", b"a")
    message = (await queue.dequeue("q", visibility_timeout_ms=100)).messages[0]
    caller.engine.advance(100)
    await other.dequeue("q")
    for held in (1, message):
        assert await queue.ack("q", [held]) == AckResult([], [1])
        assert await queue.nack("q", [held]) == AckResult([], [1])
        assert await queue.touch("q", [held]) == AckResult([], [1])
    assert (await other.touch("q", 1)).done == [1]
    assert (await other.ack("q", 1)).done == [1]
    assert (await other.ack("q", 1)).done == [1]  # repeated by the same holder


async def test_a_client_that_never_dequeued_it_is_believed(
    caller: EngineCaller, queue: Queue
) -> None:
    await queue.enqueue("q", b"a")
    await queue.dequeue("q")
    assert (await Queue(EngineCaller(caller.engine)).ack("q", [1])).done == [1]


async def test_leases_are_remembered_by_namespace_and_queue(caller: EngineCaller) -> None:
    queue = Queue(caller)
    for name, namespace in (("q", None), ("p", None), ("q", "other")):
        await queue.enqueue(name, b"a", namespace=namespace)
    plain = (await queue.dequeue("q")).messages[0]
    foreign = (await queue.dequeue("q", namespace="other")).messages[0]
    await queue.touch("q", 1)
    await queue.touch("q", 1, namespace="default")
    await queue.touch("q", 1, namespace="other")
    await queue.touch("p", 1)
    sent = [cast("Any", request).leases[0] for request, _, _ in caller.calls[-4:]]
    assert sent == [plain.lease, plain.lease, foreign.lease, 0]


async def test_only_so_many_leases_are_remembered() -> None:
    leases = Leases(2)
    queue = Queue(EngineCaller(Engine(), leases))
    await queue.enqueue_many("q", [b"x"] * 3)
    first, *_ = (await queue.dequeue("q", 3)).messages
    assert leases.of_message("default", "q", 1) == 0
    assert leases.of_message("default", "q", 3) == first.lease + 2
    assert leases.of_message("default", "q", first) == first.lease


async def test_nack_options_reach_the_engine(caller: EngineCaller, queue: Queue) -> None:
    await queue.enqueue_many("q", [b"a", b"b", b"c"])
    await queue.dequeue("q", 3)
    await queue.nack("q", 1, to_dlq=True, error="broken")
    await queue.nack("q", 2, delay_ms=100)
    await queue.nack("q", 3, release=True)
    stats = await queue.stats("q")
    assert (stats.ready, stats.delayed, stats.leased, stats.dead) == (1, 1, 0, 1)
    dead = await queue.dlq_list("q")
    assert [(m.reason, m.error) for m in dead.messages] == [("nacked", "broken")]
    assert [m.attempt for m in (await queue.peek("q")).messages] == [0]
    with pytest.raises(BadRequestError):
        await queue.nack("q", 3, to_dlq=True, release=True)


async def test_block_ms_goes_with_the_call_and_the_command(
    caller: EngineCaller, queue: Queue
) -> None:
    assert (await queue.dequeue("q", block_ms=700, namespace="other")).messages == []
    request, namespace, block_ms = caller.calls[-1]
    assert isinstance(request, QueueDequeue)
    assert (request.block_ms, namespace, block_ms) == (700, "other", 700)


async def test_ack_mode(queue: Queue) -> None:
    await queue.enqueue("q", b"a")
    with pytest.raises(BadRequestError, match="ack_mode 'auto'"):
        await queue.dequeue("q", ack_mode="auto")
    assert len((await queue.dequeue("q", ack_mode="on_delivery")).messages) == 1
    assert (await queue.stats("q")).acked_total == 1


async def test_dead_letters_and_administration(queue: Queue) -> None:
    assert await queue.configure("q", max_attempts=1) == QueueConfig(1, 0, 10_000, 300_000)
    assert (await queue.configure("q", max_attempts=None, dlq_limit=7)).max_attempts == 1
    await queue.enqueue_many("q", [b"x"] * 4)
    await queue.nack("q", (await queue.dequeue("q", 3)).messages)
    page = await queue.dlq_list("q", limit=2)
    assert page.has_more
    rest = await queue.dlq_list("q", limit=2, cursor=page.cursor)
    assert [m.seq for m in [*page.messages, *rest.messages]] == [1, 2, 3]
    assert await queue.dlq_requeue("q", page.messages) == 2
    assert await queue.dlq_delete("q", [3]) == 1
    assert await queue.dlq_purge("q") == 0
    assert await queue.purge("q") == 3
    listed = await queue.list(limit=1)
    assert isinstance(listed, Page)
    assert [stats.name for stats in listed] == ["q"]
    assert not listed.has_more
    assert await queue.delete("q") is True
    assert await queue.delete("q") is False


async def test_what_is_not_named_stays_as_it_is_set(queue: Queue) -> None:
    await queue.configure("q", max_attempts=1, retry_delay_ms=2, dlq_limit=3, dedup_window_ms=4)
    assert await queue.configure("q") == QueueConfig(1, 2, 3, 4)
    assert await queue.configure("q", retry_delay_ms=9) == QueueConfig(1, 9, 3, 4)
    given = QueueConfig()
    assert await queue.configure("q", max_attempts=given.max_attempts) == QueueConfig(5, 9, 3, 4)
    assert (await queue.configure("q", retry_delay_ms=0)).retry_delay_ms == 0


async def test_payloads_must_be_a_list_of_bytes_or_text(queue: Queue) -> None:
    with pytest.raises(BadRequestError, match="list"):
        await queue.enqueue_many("q", cast("Any", b"one payload"))
    with pytest.raises(TypeError):
        await queue.enqueue("q", cast("Any", 7))


async def test_a_batch_settles_what_was_dequeued(caller: EngineCaller, queue: Queue) -> None:
    await queue.enqueue("q", b"a", namespace="other")
    message = (await queue.dequeue("q", namespace="other")).messages[0]
    async with Batch(caller, namespace="other") as b:
        b.queue.ack("q", 1)
        b.queue.enqueue("next", "b")
    assert b.results == [AckResult([1], []), 1]
    sent = cast("Any", caller.calls[-1][0]).commands
    assert sent == [QueueAck("q", [1], [message.lease]), QueueEnqueue("next", [b"b"])]
