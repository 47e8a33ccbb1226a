"""`client.stream` over the state machine, without a server or a clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import pytest

from floruntime.client.api.base.leases import LeaseMemory, Leases
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.client.api.batch import Batch
from floruntime.client.api.stream.follow import Subscription
from floruntime.client.api.stream.stream import Stream
from floruntime.core import system
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    FloError,
    NotFoundError,
)
from floruntime.core.stream import GroupAck, StreamDelete, StreamID, StreamRead, StreamRecord
from floruntime.core.types import Command, Query, Request
from floruntime.engine.rules import RULES
from tests.engine.harness import Engine

R = TypeVar("R")


class EngineCaller:
    """Answers calls from an engine; a waiting call is asked again after each command.

    `failures` are raised, one a call, in place of an answer; a waiting call takes them too.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.namespace = "default"
        self.leases = Leases()
        self.failures: list[FloError] = []
        self.calls: list[tuple[Request[Any], int]] = []
        self._changed = asyncio.Event()

    def perform(self, ask: Ask[R]) -> Operation[R]:
        return Operation(self._perform(ask))

    async def _perform(self, ask: Ask[R]) -> R:
        request = ask.request
        self.calls.append((request, ask.block_ms))
        where = ask.namespace or self.namespace
        result: Any = self._answer(request, where)
        rule = RULES.waits.get(type(request))
        if rule is not None and ask.block_ms and not rule.found(result):
            view = self.engine.machine.view(self.engine.store, where, self.engine.now_ms)
            request = rule.begin(view, request)
            while not rule.found(result):
                await self._changed.wait()
                result = self._answer(request, where)
        return ask.finished(result)

    def _answer(self, request: Request[Any], namespace: str) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        if isinstance(request, Query):
            return self.engine.query(request, namespace=namespace)
        assert isinstance(request, Command)
        result: Any = self.engine.run(request, namespace=namespace)
        self.wake()
        return result

    def wake(self) -> None:
        """Ask the waiting calls again."""
        self._changed.set()
        self._changed = asyncio.Event()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def caller(engine: Engine) -> EngineCaller:
    return EngineCaller(engine)


@pytest.fixture
async def stream(caller: EngineCaller) -> Stream:
    return Stream(caller)


def payloads(records: list[StreamRecord]) -> list[bytes]:
    return [record.payload for record in records]


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_append_and_read(stream: Stream) -> None:
    first = await stream.append("s", "text", headers={"k": "v"}, partition_key="p")
    more = await stream.append_many("s", [b"b", bytearray(b"c")])
    result = await stream.read("s")
    assert payloads(result.records) == [b"text", b"b", b"c"]
    assert result.records[0].headers == {"k": "v"}
    assert [record.id for record in result.records] == [first.id, more[0].id, more[1].id]


async def test_positions_are_ids_texts_and_signs(stream: Stream) -> None:
    ids = [one.id for one in await stream.append_many("s", [b"a", b"b", b"c"])]
    assert payloads((await stream.read("s", start=ids[1])).records) == [b"b", b"c"]
    assert payloads((await stream.read("s", after=str(ids[1]))).records) == [b"c"]
    assert payloads((await stream.read("s", start="0", end=ids[0])).records) == [b"a"]
    assert (await stream.read("s", after="$")).records == []
    assert (await stream.read("s", offset=2)).records[0].id == ids[2]
    with pytest.raises(BadRequestError, match="stream id"):
        await stream.read("s", start="soon")
    with pytest.raises(BadRequestError, match="start"):
        await stream.read("s", start=5)  # type: ignore[arg-type]  # a mistake


async def test_one_payload_is_not_a_list_of_payloads(stream: Stream) -> None:
    with pytest.raises(BadRequestError, match="payloads"):
        await stream.append_many("s", b"abc")  # type: ignore[arg-type]  # a mistake


async def test_every_method_takes_a_namespace(stream: Stream) -> None:
    await stream.append("s", b"x", namespace="other")
    assert (await stream.read("s")).records == []
    assert len((await stream.read("s", namespace="other")).records) == 1
    assert [info.name for info in await stream.list(namespace="other")] == ["s"]
    assert len(await stream.list()) == 0


async def test_administration(stream: Stream) -> None:
    info = await stream.create("s", partitions=2, max_records=100)
    assert (info.partitions, info.max_records, info.count) == (2, 100, 0)
    ids = [(await stream.append("s", b"x")).id for _ in range(5)]
    assert (await stream.alter("s", max_age_ms=None, max_records=4, max_bytes=None)).count == 4
    assert (await stream.trim("s", before=ids[3], dry_run=True)).removed == 2
    assert (await stream.trim("s", before=ids[3])).removed == 2
    assert (await stream.info("s")).first_id == ids[3]
    with pytest.raises(ConflictError):
        await stream.delete("s")
    assert await stream.delete("s", force=True) is True
    with pytest.raises(NotFoundError):
        await stream.info("s")


async def test_pages_go_on_with_their_cursor(stream: Stream) -> None:
    for name in "abc":
        await stream.create(name)
        await stream.group_create("a", name)
    page = await stream.list(limit=2)
    assert page.has_more
    assert [info.name for info in await stream.list(cursor=page.cursor)] == ["c"]
    groups = await stream.group_list("a", limit=2)
    assert [one.name for one in await stream.group_list("a", cursor=groups.cursor)] == ["c"]


# Groups


async def test_group_life(stream: Stream) -> None:
    await stream.append_many("s", [b"0", b"1", b"2"])
    await stream.group_join("s", "g", "c1")
    records = (await stream.group_read("s", group="g", consumer="c1", limit=2)).records
    assert payloads(records) == [b"0", b"1"]
    assert (await stream.group_ack("s", records[0], group="g")).done == [records[0].id]
    assert len(await stream.group_pending("s", "g", consumer="c1")) == 1
    await stream.group_nack("s", [records[1]], group="g", error="boom")
    again = (await stream.group_read("s", group="g", consumer="c1", limit=1)).records
    assert (again[0].id, again[0].attempt) == (records[1].id, 2)
    assert (await stream.group_touch("s", again, group="g", extend_ms=5)).stale == []
    assert await stream.group_leave("s", "g", "c1") is True
    info = await stream.group_seek("s", "g", start=records[1].id)
    assert (info.lag, info.pending) == (2, 0)
    assert list(await stream.group_dead("s", "g")) == []
    assert await stream.group_delete("s", "g") is True
    with pytest.raises(NotFoundError):
        await stream.group_info("s", "g")


async def test_an_ack_by_id_carries_the_lease_that_this_client_got(
    engine: Engine, stream: Stream
) -> None:
    await stream.append("s", b"x")
    lost = (await stream.group_read("s", group="g", consumer="c1")).records
    engine.advance(30_000)
    other = Stream(EngineCaller(engine))
    await other.group_read("s", group="g", consumer="c2")
    ids = [str(lost[0].id)]
    assert (await stream.group_ack("s", ids, group="g")).stale == [lost[0].id]
    assert (await other.group_ack("s", lost[0].id, group="g", namespace="default")).stale == []
    operator = Stream(EngineCaller(engine))
    assert (await operator.group_ack("s", ids, group="g")).stale == [lost[0].id]


async def test_a_client_that_never_read_the_record_is_believed(
    engine: Engine, stream: Stream
) -> None:
    await stream.append("s", b"x")
    record = (await stream.group_read("s", group="g", consumer="c1")).records[0]
    operator = Stream(EngineCaller(engine))
    assert (await operator.group_ack("s", record.id, group="g")).done == [record.id]


async def test_a_claim_is_remembered_too(stream: Stream) -> None:
    await stream.append("s", b"x")
    await stream.group_read("s", group="g", consumer="c1")
    claimed = (await stream.group_claim("s", group="g", consumer="c2", min_idle_ms=0)).records
    late = await stream.group_ack("s", claimed[0].id, group="g", consumer="c1")
    assert late.stale == [claimed[0].id]
    assert (await stream.group_ack("s", claimed[0].id, group="g", consumer="c2")).stale == []


async def test_no_ack_reads_leave_nothing_pending(stream: Stream) -> None:
    await stream.append("s", b"x")
    await stream.group_read("s", group="g", consumer="c", no_ack=True)
    assert len(await stream.group_pending("s", "g")) == 0


def test_the_lease_memory_forgets_the_oldest() -> None:
    memory = LeaseMemory(2)
    for item in ("a", "b"):
        memory.remember(item, 1)
    memory.remember("a", 2)
    memory.remember("c", 3)
    assert [memory.get(item) for item in "abc"] == [2, 0, 3]


async def test_a_batch_settles_what_was_read(caller: EngineCaller, stream: Stream) -> None:
    await stream.append("s", b"x")
    record = (await stream.group_read("s", group="g", consumer="c")).records[0]
    async with Batch(caller) as b:
        b.stream.append("s", b"y")
        b.stream.group_ack("s", record.id, group="g", consumer="c")
    assert b.results[1].done == [record.id]
    sent = caller.calls[-1][0]
    assert isinstance(sent, system.Batch)
    assert sent.commands[1] == GroupAck("s", "g", [record.id], [record.lease], "c")
    with pytest.raises(BadRequestError, match="record id"):
        b.stream.group_ack("s", [7], group="g")  # type: ignore[list-item]  # a mistake


# Following


@pytest.fixture
async def seen(stream: Stream) -> AsyncIterator[list[bytes]]:
    """What a subscription from the tail saw; one record was there before it."""
    got: list[bytes] = []
    await stream.append("s", b"old")
    subscription = await stream.subscribe("s", lambda record: got.append(record.payload))
    yield got
    await subscription.close()


async def test_subscribe_has_fixed_its_position_when_it_returns(
    stream: Stream, seen: list[bytes]
) -> None:
    await stream.append("s", b"new")
    await settle()
    assert seen == [b"new"]


async def test_trouble_at_the_very_beginning_is_raised(
    caller: EngineCaller, stream: Stream
) -> None:
    caller.failures = [ConnectionFailedError("broke"), ConnectionFailedError("still broken")]
    with pytest.raises(ConnectionFailedError, match="still broken"):
        await stream.subscribe("s", print)
    with pytest.raises(BadRequestError, match="stream id"):
        await stream.subscribe("s", print, start="soon")


async def test_the_tail_is_where_it_was_when_the_follower_was_made(
    caller: EngineCaller, stream: Stream
) -> None:
    follower = stream.follow("s")
    await asyncio.sleep(0)  # it asks
    await stream.append("s", b"between")
    assert (await anext(follower)).payload == b"between"


async def test_follow_from_the_beginning_misses_and_doubles_nothing(stream: Stream) -> None:
    await stream.append_many("s", [b"%d" % number for number in range(250)])
    got: list[bytes] = []
    async for record in stream.follow("s", start="0"):
        got.append(record.payload)
        if len(got) == 250:
            await stream.append("s", b"250")
        if len(got) == 251:
            break
    assert got == [b"%d" % number for number in range(251)]


async def test_follow_of_one_partition(stream: Stream) -> None:
    await stream.create("s", partitions=2)
    await stream.append_many("s", [b"0", b"1", b"2", b"3"])
    follower = stream.follow("s", start="0", partition=1)
    assert [(await anext(follower)).payload for _ in range(2)] == [b"1", b"3"]
    await follower.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(follower)


async def test_a_follower_sees_a_stream_that_is_made_later(
    caller: EngineCaller, stream: Stream
) -> None:
    got: list[bytes] = []
    subscription = await stream.subscribe("s", lambda record: got.append(record.payload))
    await settle()
    await stream.append("s", b"first")
    await settle()
    caller.engine.run(StreamDelete("s", force=True))
    subscription_request = next(r for r, _ in reversed(caller.calls) if isinstance(r, StreamRead))
    assert subscription_request.after is not None
    await subscription.close()
    assert got == [b"first"]


async def test_an_async_callback_gets_one_record_at_a_time(stream: Stream) -> None:
    running, most, got = 0, 0, []

    async def callback(record: StreamRecord) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        got.append(record.payload)

    async with await stream.subscribe("s", callback, start="0"):
        await stream.append_many("s", [b"a", b"b", b"c"])
        await settle()
    assert (got, most) == ([b"a", b"b", b"c"], 1)


async def test_a_failing_callback_is_logged_and_the_next_record_follows(
    stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    got: list[bytes] = []

    def callback(record: StreamRecord) -> None:
        got.append(record.payload)
        if record.payload == b"bad":
            raise ValueError("cannot take this")

    async with await stream.subscribe("s", callback, start="0"):
        await stream.append_many("s", [b"bad", b"good"])
        await settle()
    assert got == [b"bad", b"good"]
    assert "cannot take this" in caplog.text


async def test_no_callback_begins_after_close(stream: Stream, seen: list[bytes]) -> None:
    subscription = await stream.subscribe("s", lambda record: seen.append(b"late"))
    assert subscription.is_active
    await subscription.close()
    await subscription.close()
    await stream.append("s", b"x")
    await settle()
    assert seen == [b"x"]
    assert not subscription.is_active


async def test_a_callback_may_close_its_own_subscription(stream: Stream) -> None:
    got: list[bytes] = []
    subscription: Subscription

    async def callback(record: StreamRecord) -> None:
        got.append(record.payload)
        await subscription.close()

    subscription = await stream.subscribe("s", callback)
    await stream.append_many("s", [b"a", b"b"])
    await settle()
    assert got == [b"a"]
    assert not subscription.is_active


async def test_an_error_that_cannot_be_waited_out_ends_it_and_is_kept(
    caller: EngineCaller, stream: Stream
) -> None:
    subscription = await stream.subscribe("s", print)
    await settle()
    caller.failures = [NotFoundError("gone for good")]
    caller.wake()
    await settle()
    assert not subscription.is_active
    assert isinstance(subscription.error, NotFoundError)


async def test_blocking_reads_pass_their_block_ms_on(caller: EngineCaller, stream: Stream) -> None:
    waiting = asyncio.create_task(stream.read("s", tail=True, block_ms=700))
    group = asyncio.create_task(stream.group_read("s", group="g", consumer="c", block_ms=800))
    await settle()
    await stream.append("s", b"x")
    assert payloads((await waiting).records) == payloads((await group).records) == [b"x"]
    assert {block_ms for _, block_ms in caller.calls} == {0, 700, 800}


def test_stream_ids_sort_in_append_order_and_parse_what_they_print() -> None:
    ids = [StreamID(9, 10), StreamID(10, 2), StreamID(10, 10)]
    assert sorted([ids[2], ids[0], ids[1]]) == ids
    assert [StreamID.parse(str(id)) for id in ids] == ids
