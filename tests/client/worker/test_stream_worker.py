"""`StreamWorker` over a real server in the process, whose clock the test moves."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from floruntime import FloClient, StreamContext, StreamWorker
from floruntime.client.worker.claim_policy import Pace
from floruntime.core.backoff import RetryDelay
from floruntime.core.errors import BadRequestError
from floruntime.testing import FloTestServer
from tests.client.proxy import Proxy
from tests.client.worker.lives import HASTY, living
from tests.until import until


def worker_of(handler: Any, **options: Any) -> StreamWorker:
    given = {"stream": "s", "group": "g", "consumer": "c", "handler": handler, **options}
    return StreamWorker("unused", **given)


class Seen:
    """A handler that keeps what it was given, and fails on what it is told to."""

    def __init__(self, *failing: bytes) -> None:
        self.contexts: list[StreamContext] = []
        self.failing = list(failing)

    async def __call__(self, ctx: StreamContext) -> None:
        self.contexts.append(ctx)
        await asyncio.sleep(0)
        if ctx.payload in self.failing:
            raise ValueError(f"cannot take {ctx.payload!r}")

    @property
    def payloads(self) -> list[bytes]:
        return [ctx.payload for ctx in self.contexts]


async def pending(client: FloClient) -> int:
    return (await client.stream.group_info("s", "g")).pending


async def all_acked(client: FloClient) -> None:
    async with asyncio.timeout(20):
        while (info := await client.stream.group_info("s", "g")).pending or info.lag:
            await client.ping()


async def test_records_from_the_beginning_are_handled_and_acked() -> None:
    seen = Seen()
    async with FloTestServer() as server, server.client() as client:
        added = await client.stream.append("s", '{"n": 1}', headers={"h": "1"}, partition_key="k")
        async with server.running(worker_of(seen)):
            await until(lambda: seen.contexts)
            await client.stream.append_many("s", [b"2", b"3"])
            await all_acked(client)
        ctx = seen.contexts[0]
        assert (ctx.json(), ctx.headers, ctx.partition_key) == ({"n": 1}, {"h": "1"}, "k")
        assert (ctx.stream, ctx.stream_id, ctx.attempt) == ("s", added.id, 1)
        assert ctx.record.payload == b'{"n": 1}'
        assert sorted(seen.payloads[1:]) == [b"2", b"3"]
        assert (await client.stream.group_info("s", "g")).consumers == []


async def test_a_plain_handler_runs_in_a_thread() -> None:
    got: list[bytes] = []
    async with FloTestServer() as server, server.client() as client:
        await client.stream.append("s", b"x")
        async with server.running(worker_of(lambda ctx: got.append(ctx.payload))):
            await until(lambda: got)
            await all_acked(client)


async def test_what_raises_is_nacked_delivered_again_and_dead_after_max_deliver() -> None:
    seen = Seen(b"bad")
    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", max_deliver=3)
        await client.stream.append_many("s", [b"bad", b"good"])
        async with server.running(worker_of(seen)):
            await until(lambda: seen.payloads.count(b"bad") == 3)
            await all_acked(client)
        [dead] = await client.stream.group_dead("s", "g")
        assert dead.payload == b"bad"
        assert dead.error == "ValueError: cannot take b'bad'"
        assert [ctx.attempt for ctx in seen.contexts if ctx.payload == b"bad"] == [1, 2, 3]
        assert seen.payloads.count(b"good") == 1


async def test_a_retry_delay_is_waited_for() -> None:
    seen = Seen(b"bad")
    async with FloTestServer() as server, server.client() as client:
        await client.stream.append("s", b"bad")
        async with server.running(worker_of(seen, retry_delay_ms=3_600_000)):
            await until(lambda: seen.contexts)
            await server.settle()
            await server.advance(3_599_999)
            assert len(seen.contexts) == 1
            seen.failing.clear()
            await server.advance(1)
            await until(lambda: len(seen.contexts) == 2)


async def test_a_retry_delay_may_grow() -> None:
    seen = Seen(b"bad")
    growing = {"retry_delay_ms": 1_000, "retry_backoff": "exponential", "retry_delay_max_ms": 2_500}
    async with FloTestServer() as server, server.client() as client:
        appended = await client.stream.append("s", b"bad")
        async with server.running(worker_of(seen, **growing)):
            for attempt, least_ms in ((1, 1_000), (2, 2_000), (3, 2_500)):
                await until(lambda count=attempt: len(seen.contexts) == count)  # type: ignore[misc]  # bound now
                await server.settle()
                delay_ms = RetryDelay(1_000, "exponential", 2_500).after(attempt, appended.id)
                assert delay_ms >= least_ms
                await server.advance(delay_ms - 1)
                assert len(seen.contexts) == attempt
                await server.advance(1)


async def test_without_a_delay_of_its_own_it_leaves_that_to_the_group() -> None:
    seen = Seen(b"bad")
    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", retry_delay_ms=5_000)
        await client.stream.append("s", b"bad")
        async with server.running(worker_of(seen)):
            await until(lambda: seen.contexts)
            await server.advance(4_999)
            assert len(seen.contexts) == 1
            await server.advance(1)
            await until(lambda: len(seen.contexts) == 2)


async def test_a_lease_setting_that_changes_under_a_worker_counts_from_the_next_record() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    attempts: list[int] = []

    async def slow(ctx: StreamContext) -> None:
        attempts.append(ctx.attempt)
        begun.set()
        await may_end.wait()

    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", ack_timeout_ms=300_000)
        worker = StreamWorker(server.endpoint, stream="s", group="g", handler=slow)
        async with server.running(worker):
            await client.stream.group_configure("s", "g", ack_timeout_ms=3_000)
            await client.stream.append("s", b"x")
            await begun.wait()
            await server.advance(30_000)
            may_end.set()
            await server.settle()
        assert attempts == [1]


async def test_leases_are_kept_while_handlers_run() -> None:
    opened, begun = asyncio.Event(), asyncio.Event()

    async def slow(ctx: StreamContext) -> None:
        begun.set()
        await opened.wait()

    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", ack_timeout_ms=10_000)
        await client.stream.append("s", b"x")
        async with server.running(worker_of(slow)):
            await begun.wait()
            await server.advance(200_000)
            [entry] = await client.stream.group_pending("s", "g")
            assert (entry.attempt, entry.consumer) == (1, "c")
            opened.set()
            await all_acked(client)


async def test_a_handler_takes_no_longer_than_the_message_timeout() -> None:
    attempts: list[int] = []

    async def stuck_once(ctx: StreamContext) -> None:
        attempts.append(ctx.attempt)
        if ctx.attempt == 1:
            await asyncio.Event().wait()

    async with FloTestServer() as server, server.client() as client:
        await client.stream.append("s", b"x")
        async with server.running(worker_of(stuck_once, message_timeout_ms=60_000)):
            await until(lambda: attempts)
            await server.advance(60_100)
            await until(lambda: attempts == [1, 2])
            await all_acked(client)


async def test_a_handler_whose_record_is_somebody_elses_is_cancelled() -> None:
    cancelled = asyncio.Event()
    begun = asyncio.Event()

    async def slow(ctx: StreamContext) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with FloTestServer() as server, server.client() as client:
        await client.stream.append("s", b"x")
        async with server.running(worker_of(slow)):
            await begun.wait()
            taken = await client.stream.group_claim("s", group="g", consumer="d", min_idle_ms=0)
            assert len(taken.records) == 1
            await server.advance(10_001)
            await asyncio.wait_for(cancelled.wait(), 10)
            [entry] = await client.stream.group_pending("s", "g")
            assert entry.consumer == "d"


async def test_records_of_one_key_are_handled_in_order_one_at_a_time() -> None:
    running: Counter[str | None] = Counter()
    order: dict[str | None, list[bytes]] = {}
    together = 0

    async def handle(ctx: StreamContext) -> None:
        nonlocal together
        key = ctx.partition_key
        running[key] += 1
        assert running[key] == 1
        together = max(together, sum(running.values()))
        for _ in range(random.Random(ctx.payload).randrange(5)):
            await asyncio.sleep(0)
        order.setdefault(key, []).append(ctx.payload)
        running[key] -= 1

    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", mode="key_shared")
        for number in range(120):
            await client.stream.append("s", b"%03d" % number, partition_key=f"k{number % 4}")
        async with server.running(worker_of(handle, concurrency=4)):
            await all_acked(client)
    assert sum(map(len, order.values())) == 120
    for payloads in order.values():
        assert payloads == sorted(payloads)
    assert together > 1


async def test_what_waits_behind_a_failed_record_of_its_key_goes_back_behind_it() -> None:
    seen = Seen(b"1")
    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", mode="key_shared", max_deliver=2)
        await client.stream.append_many("s", [b"1", b"2", b"3"], partition_key="k")
        async with server.running(worker_of(seen)):
            await all_acked(client)
    assert seen.payloads == [b"1", b"1", b"2", b"3"]
    assert [ctx.attempt for ctx in seen.contexts] == [1, 2, 1, 1]


async def test_what_waits_behind_its_key_costs_nothing_when_leases_are_lost() -> None:
    begun: list[tuple[bytes, int]] = []

    async def stuck_at_first(ctx: StreamContext) -> None:
        begun.append((ctx.payload, ctx.attempt))
        if len(begun) == 1:
            await asyncio.Event().wait()

    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", mode="key_shared", ack_timeout_ms=1_000)
        await client.stream.append_many("s", [b"1", b"2", b"3"], partition_key="k")
        async with server.running(worker_of(stuck_at_first, auto_touch=False)):
            await until(lambda: begun)
            await server.advance(1_000)
            await server.advance(5_000)
            await all_acked(client)
    assert begun == [(b"1", 1), (b"1", 2), (b"2", 1), (b"3", 1)]


async def test_behind_one_that_may_have_ended_a_worker_the_next_begins_once_it_is_acked() -> None:
    left: list[int] = []

    async with FloTestServer() as server, server.client() as client:

        async def handle(ctx: StreamContext) -> None:
            left.append(await pending(client))

        await client.stream.group_create("s", "g", mode="key_shared")
        await client.stream.append_many("s", [b"1", b"2", b"3"], partition_key="k")
        first = await client.stream.group_read("s", group="g", consumer="c")
        await client.stream.group_nack("s", first.records, group="g")
        async with server.running(worker_of(handle)):
            await all_acked(client)
    assert left == [3, 2, 1]


async def test_stop_hands_back_what_has_not_begun_and_what_does_not_finish() -> None:
    begun: list[bytes] = []

    async def stuck(ctx: StreamContext) -> None:
        begun.append(ctx.payload)
        await asyncio.Event().wait()

    worker = worker_of(stuck, concurrency=3, drain_timeout_ms=0)
    async with FloTestServer() as server, server.client() as client:
        await client.stream.append_many("s", [b"%d" % number for number in range(9)])
        async with server.running(worker):
            await until(lambda: len(begun) == 3)
        again = await client.stream.group_read("s", group="g", consumer="d", limit=20)
        assert len(again.records) == 9
        assert {record.attempt for record in again.records} == {1}


async def test_what_waits_behind_one_of_its_key_is_not_handed_back_before_it() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(ctx: StreamContext) -> None:
        begun.set()
        await go_on.wait()

    worker = worker_of(handle)
    async with FloTestServer() as server, server.client() as client:
        await client.stream.group_create("s", "g", mode="key_shared")
        await client.stream.append_many("s", [b"1", b"2", b"3"], partition_key="k")
        async with server.running(worker):
            await begun.wait()
            worker.stop()
            for _ in range(10):
                await client.ping()
            held = await client.stream.group_pending("s", "g")
            assert all(each.expires_at_ms > each.delivered_at_ms for each in held)
            go_on.set()
        again = await client.stream.group_read("s", group="g", consumer="d", limit=20)
        assert [(each.payload, each.attempt) for each in again.records] == [(b"2", 1), (b"3", 1)]


async def test_it_joins_again_after_its_stream_was_deleted() -> None:
    seen = Seen()
    async with FloTestServer() as server, server.client() as client:
        await client.stream.append("s", b"old")
        worker = worker_of(seen)
        async with living(worker, server.endpoint, pace=Pace(retry=HASTY)):
            await all_acked(client)
            await client.stream.delete("s", force=True)
            await client.stream.append("s", b"new")
            await until(lambda: b"new" in seen.payloads)


async def test_cut_off_again_and_again_it_handles_every_record() -> None:
    chance = random.Random(5)
    handled: Counter[bytes] = Counter()

    async def handle(ctx: StreamContext) -> None:
        handled[ctx.payload] += 1

    async with (
        FloTestServer() as server,
        server.client() as client,
        Proxy(server.endpoint) as proxy,
        FloClient(proxy.endpoint, retry=HASTY) as own,
        living(worker_of(handle), own, pace=Pace(retry=HASTY)) as life,
    ):
        for number in range(50):
            cuts = proxy.cuts
            proxy.cut_after_bytes = chance.randrange(1, 300)
            await client.stream.append_many("s", [b"%d-%d" % (number, one) for one in range(3)])
            await until(lambda: proxy.cuts > cuts or not life.has_news)  # noqa: B023 # it is awaited
        proxy.cut_after_bytes = None
        await all_acked(client)
    assert len(handled) == 150
    assert set(handled.values()) == {1}


async def test_on_a_client_of_an_embedded_server() -> None:
    seen = Seen()
    async with FloClient("memory://", namespace="n") as client:
        worker = client.new_stream_worker(stream="s", group="g", handler=seen)
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        await client.stream.append("s", b"x")
        await all_acked(client)
        await worker.close()
        await working
        assert seen.contexts[0].namespace == "n"


def test_what_cannot_be_right_is_refused_by_name() -> None:
    with pytest.raises(BadRequestError, match="batch_size is 0"):
        worker_of(Seen(), batch_size=0)
    with pytest.raises(BadRequestError, match="stream ''"):
        worker_of(Seen(), stream="")
    with pytest.raises(BadRequestError, match="must be a function"):
        worker_of(None)
